package link

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dqa-go/dqa/profile"
	"github.com/nats-io/nats.go/jetstream"
)

// Roles of those who tell their status.
const (
	RoleDevice  = "device"
	RoleGateway = "gateway"
)

// Status is what a device or a gateway tells of itself, every few seconds, under its name in StatusBucket. Counters begin with the
// process.
type Status struct {
	Name    string    `json:"name"`
	Role    string    `json:"role"`
	Time    time.Time `json:"time"` // by its own clock
	Seen    time.Time `json:"-"`    // when the server got it, by the server's clock; Statuses sets it
	Started time.Time `json:"started"`
	Program string    `json:"program"` // version
	Formats []int     `json:"formats"` // of frames: a gateway reads, a device writes them
	// ProfileFormats are those of profiles that it reads.
	ProfileFormats []int    `json:"profile_formats,omitempty"`
	Model          string   `json:"model,omitempty"`
	Profile        string   `json:"profile,omitempty"` // SHA-256 of the whole network's, hex
	Cut            string   `json:"cut,omitempty"`
	Cuts           []string `json:"cuts,omitempty"` // of a gateway: all that it has tails for
	Edge           string   `json:"edge,omitempty"`

	Counters Counters `json:"counters"`
	// Latency of answers in milliseconds, from the frame's acceptance on disk (device) or its arrival (gateway).
	Latency Quantiles `json:"latency_ms"`
	Queued  int       `json:"queued"`       // frames in the outbox without an answer
	Bytes   int64     `json:"queued_bytes"` // of the outbox on disk
	Linked  bool      `json:"linked"`       // a device's connection, as it sees it
	Drift   *Drift    `json:"drift,omitempty"`
	Error   string    `json:"error,omitempty"` // the last one
}

// Counters are of frames, but for bytes and values.
type Counters struct {
	Accepted   int64 `json:"accepted"`   // on the device's disk
	Sent       int64 `json:"sent"`       // messages, those sent again included
	Resent     int64 `json:"resent"`     // of these, because no answer came in time
	Answered   int64 `json:"answered"`   // by a gateway
	Local      int64 `json:"local"`      // answered by the device itself
	Lost       int64 `json:"lost"`       // given up, reported by name
	Refused    int64 `json:"refused"`    // answered with an error, or at the gateway not signed by its device
	Forged     int64 `json:"forged"`     // answers that no gateway signed
	Duplicates int64 `json:"duplicates"` // answers, or at the gateway frames, that came once more and were dropped
	Cut        int64 `json:"cut"`        // sent without their refinements
	Bytes      int64 `json:"bytes"`      // of frames
	Values     int64 `json:"values"`     // that these frames store
	Alarms     int64 `json:"alarms"`     // of drift
}

// Quantiles of what was measured last.
type Quantiles struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// Latencies are those of the last frames.
type Latencies struct {
	ring [512]time.Duration
	n    int
}

// Add adds one.
func (l *Latencies) Add(d time.Duration) {
	l.ring[l.n%len(l.ring)] = d
	l.n++
}

// Quantiles are in milliseconds; of none, zero.
func (l *Latencies) Quantiles() Quantiles {
	all := slices.Sorted(slices.Values(l.ring[:min(l.n, len(l.ring))]))
	if len(all) == 0 {
		return Quantiles{}
	}
	at := func(share float64) float64 {
		return float64(all[int(share*float64(len(all)-1))]) / float64(time.Millisecond)
	}
	return Quantiles{at(.5), at(.95), at(.99), at(1)}
}

// ProfileFormats are those that this program reads.
func ProfileFormats() (list []int) {
	for v := range profile.Version {
		list = append(list, v+1)
	}
	return list
}

// AnswerTo is the answer that the stream has under a subject (AnswerSubject); nil: none. Errors wrap ErrStream.
func AnswerTo(ctx context.Context, l *Link, subject string) (*jetstream.RawStreamMsg, error) {
	s, err := l.answers(ctx)
	if err != nil {
		return nil, err
	}
	m, err := s.GetLastMsgForSubject(ctx, subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrStream, Answers, err)
	}
	return m, nil
}

// answers is the stream, which the server is asked for once.
func (l *Link) answers(ctx context.Context) (jetstream.Stream, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stream == nil {
		s, err := l.JS.Stream(ctx, Answers)
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrStream, Answers, err)
		}
		l.stream = s
	}
	return l.stream, nil
}

// Drift is what a device's monitor says of its stream.
type Drift struct {
	Images int64   `json:"images"`
	Excess float64 `json:"excess_bits"` // per value, over the reference's mean
	// Statistic is that of the test, in parts of the threshold.
	Statistic float64  `json:"statistic"`
	Alarm     string   `json:"alarm,omitempty"` // what it looks like, while an alarm stands
	Edges     []string `json:"edges,omitempty"`
}

// Tell publishes a status under its name. Errors wrap ErrStream.
func (l *Link) Tell(ctx context.Context, s Status) error {
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	kv, err := l.JS.KeyValue(ctx, StatusBucket)
	if err == nil {
		_, err = kv.Put(ctx, s.Name, b)
	}
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrStream, StatusBucket, err)
	}
	return nil
}

// maxStatuses bounds what Statuses reads.
const maxStatuses = 1 << 14

// Statuses are all that were told and still kept, in no order. What is no status is left out. Errors wrap ErrStream.
func (l *Link) Statuses(ctx context.Context) (list []Status, err error) {
	kv, err := l.JS.KeyValue(ctx, StatusBucket)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrStream, StatusBucket, err)
	}
	watch, err := kv.WatchAll(ctx, jetstream.IgnoreDeletes())
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrStream, StatusBucket, err)
	}
	defer func() { _ = watch.Stop() }()
	for {
		select {
		case <-ctx.Done():
			return list, ctx.Err()
		case e, ok := <-watch.Updates():
			if !ok || e == nil || len(list) >= maxStatuses { // nil: that was all
				return list, nil
			}
			var s Status
			if json.Unmarshal(e.Value(), &s) == nil && s.Name == e.Key() {
				s.Seen = e.Created()
				list = append(list, s)
			}
		}
	}
}
