// Package metrics shows what devices and gateways tell of themselves to Prometheus, and whether they are well to those who start and
// watch processes. What is counted is counted once, by the device or gateway (link.Status); here it gets names and units.
package metrics

import (
	"strconv"
	"time"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// labels say whose a series is: the member's name and role. A process that shows others (dqa-fleet ui) has many.
var labels = []string{"name", "role"}

// series is one metric with one value for each status.
type series struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*link.Status) float64
}

func counter(name, help string, value func(*link.Counters) int64) series {
	return series{prometheus.NewDesc(name, help, labels, nil), prometheus.CounterValue,
		func(s *link.Status) float64 { return float64(value(&s.Counters)) }}
}

func gauge(name, help string, value func(*link.Status) float64) series {
	return series{prometheus.NewDesc(name, help, labels, nil), prometheus.GaugeValue, value}
}

// all are the series of every member.
var all = []series{
	counter("dqa_frames_accepted_total", "Frames that lie on the device's disk until they are answered.",
		func(c *link.Counters) int64 { return c.Accepted }),
	counter("dqa_frames_sent_total", "Messages with frames that were sent, those sent again included.",
		func(c *link.Counters) int64 { return c.Sent }),
	counter("dqa_frames_resent_total", "Messages that were sent again because no answer came in time.",
		func(c *link.Counters) int64 { return c.Resent }),
	counter("dqa_frames_answered_total", "Frames that a gateway answered.", func(c *link.Counters) int64 { return c.Answered }),
	counter("dqa_frames_answered_locally_total", "Frames that the device answered itself.", func(c *link.Counters) int64 { return c.Local }),
	counter("dqa_frames_lost_total", "Frames that nobody answered; the device named each.", func(c *link.Counters) int64 { return c.Lost }),
	counter("dqa_frames_refused_total", "Frames that were answered with an error, or not taken for a device's own.",
		func(c *link.Counters) int64 { return c.Refused }),
	counter("dqa_answers_forged_total", "Answers that no gateway of the site had signed; they were dropped.",
		func(c *link.Counters) int64 { return c.Forged }),
	counter("dqa_frames_duplicate_total", "Frames or answers that came once more and were dropped.",
		func(c *link.Counters) int64 { return c.Duplicates }),
	counter("dqa_frames_cut_total", "Frames that were sent without their refinements.", func(c *link.Counters) int64 { return c.Cut }),
	counter("dqa_frame_bytes_total", "Bytes of frames.", func(c *link.Counters) int64 { return c.Bytes }),
	counter("dqa_frame_values_total", "Values that these frames store; bits per value are 8 times bytes by values.",
		func(c *link.Counters) int64 { return c.Values }),
	counter("dqa_drift_alarms_total", "Alarms that a stream has changed.", func(c *link.Counters) int64 { return c.Alarms }),
	gauge("dqa_frame_bits_per_value", "Bits per value of all frames since the start.", BitsPerValue),
	gauge("dqa_outbox_frames", "Frames without an answer.", func(s *link.Status) float64 { return float64(s.Queued) }),
	gauge("dqa_outbox_bytes", "Bytes of the outbox on the disk.", func(s *link.Status) float64 { return float64(s.Bytes) }),
	gauge("dqa_link_up", "Whether the member sees a server.", func(s *link.Status) float64 { return truth(s.Linked) }),
	gauge("dqa_start_time_seconds", "When the member started, by its own clock, in Unix time.",
		func(s *link.Status) float64 { return unix(s.Started) }),
	gauge("dqa_status_time_seconds", "When the status was told, by the member's clock, in Unix time.",
		func(s *link.Status) float64 { return unix(s.Time) }),
}

// Series of some members only, or with labels of their own.
var (
	info = prometheus.NewDesc("dqa_member_info", "What the member runs; the value is 1. Profile is the profile's SHA-256.",
		append(labels, "program", "model", "profile", "cut", "edge"), nil)
	driftExcess = prometheus.NewDesc("dqa_drift_excess_bits_per_value", "Bits per value over the mean of the profile's reference.",
		labels, nil)
	driftImages = prometheus.NewDesc("dqa_drift_images", "Images that the monitor of drift has seen.", labels, nil)
	driftAlarm  = prometheus.NewDesc("dqa_drift_alarm", "Whether an alarm stands.", labels, nil)
	recent      = prometheus.NewDesc("dqa_answer_latency_recent_seconds", "Latency that a share of the last answers did not exceed.",
		append(labels, "share"), nil) // "quantile" is for summaries, which count all
)

// BitsPerValue is 8 times the bytes of frames by the values that they store; 0 before the first.
func BitsPerValue(s *link.Status) float64 {
	if s.Counters.Values <= 0 {
		return 0
	}
	return 8 * float64(s.Counters.Bytes) / float64(s.Counters.Values)
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func unix(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixNano()) / float64(time.Second)
}

// collector asks for statuses at every scrape.
type collector func() []link.Status

func (c collector) Describe(ch chan<- *prometheus.Desc) {
	for _, s := range all {
		ch <- s.desc
	}
	for _, d := range []*prometheus.Desc{info, driftExcess, driftImages, driftAlarm, recent} {
		ch <- d
	}
}

// Collect leaves out a second status of one name and role: Prometheus would refuse the whole scrape. A value that is no UTF-8 cannot come:
// statuses are JSON.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	seen := map[[2]string]bool{}
	for _, s := range c() {
		if who := [2]string{s.Name, s.Role}; !seen[who] {
			seen[who] = true
			collect(&s, ch)
		}
	}
}

func collect(s *link.Status, ch chan<- prometheus.Metric) {
	send := func(d *prometheus.Desc, kind prometheus.ValueType, v float64, more ...string) {
		ch <- prometheus.MustNewConstMetric(d, kind, v, append([]string{s.Name, s.Role}, more...)...)
	}
	for _, m := range all {
		send(m.desc, m.kind, m.value(s))
	}
	send(info, prometheus.GaugeValue, 1, s.Program, s.Model, s.Profile, s.Cut, s.Edge)
	if d := s.Drift; d != nil {
		send(driftExcess, prometheus.GaugeValue, d.Excess)
		send(driftImages, prometheus.GaugeValue, float64(d.Images))
		send(driftAlarm, prometheus.GaugeValue, truth(d.Alarm != ""))
	}
	for _, q := range []struct{ share, ms float64 }{{.5, s.Latency.P50}, {.95, s.Latency.P95}, {.99, s.Latency.P99}, {1, s.Latency.Max}} {
		send(recent, prometheus.GaugeValue, q.ms/1000, strconv.FormatFloat(q.share, 'g', -1, 64))
	}
}

// Exporter is what a process shows. Make it by New.
type Exporter struct {
	registry *prometheus.Registry
	latency  prometheus.Histogram
	ready    func() error
}

// buckets are from half a millisecond, a small tail on a near gateway, to half a minute, a link that was away.
var buckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// New shows statuses, which are asked for at every scrape, possibly by several goroutines. Ready says what is missing before work can be
// done; nil: nothing ever is.
func New(statuses func() []link.Status, ready func() error) *Exporter {
	e := &Exporter{registry: prometheus.NewRegistry(), ready: ready}
	e.latency = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "dqa_answer_latency_seconds", Buckets: buckets,
		Help: "From a frame's acceptance on the device's disk to its answer, or at a gateway from its arrival.",
	})
	e.registry.MustRegister(collector(statuses), e.latency, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return e
}

// Of shows one member: a device or gateway in this process, which is ready when it sees a server.
func Of(status func() link.Status) *Exporter {
	return New(func() []link.Status { return []link.Status{status()} }, func() error {
		if s := status(); !s.Linked {
			return link.ErrConnect
		}
		return nil
	})
}

// Observe counts the latency of one answer. It may be called from many goroutines; on a nil Exporter it does nothing.
func (e *Exporter) Observe(d time.Duration) {
	if e != nil {
		e.latency.Observe(d.Seconds())
	}
}
