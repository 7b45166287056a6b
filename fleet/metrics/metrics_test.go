package metrics_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/metrics"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

func sample() link.Status {
	return link.Status{
		Name: "cam-1", Role: link.RoleDevice, Linked: true, Program: "1.2", Model: "net", Profile: "ab", Cut: "cd", Edge: "relu",
		Started: time.Unix(1000, 5e8), Queued: 3, Bytes: 4096,
		Counters: link.Counters{
			Accepted: 11, Sent: 12, Resent: 1, Answered: 7, Local: 2, Lost: 1, Refused: 4, Forged: 9, Duplicates: 5, Cut: 6,
			Bytes: 1000, Values: 4000, Alarms: 8,
		},
		Latency: link.Quantiles{P50: 10, P95: 20, P99: 30, Max: 40},
		Drift:   &link.Drift{Images: 100, Excess: 0.25, Alarm: "changed"},
	}
}

func get(t *testing.T, h http.Handler, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

// Every field of a status comes out under its own name.
func TestEveryNumberIsShown(t *testing.T) {
	e := metrics.Of(sample)
	e.Observe(30 * time.Millisecond)
	code, page := get(t, e.Handler(), "/metrics")
	if code != http.StatusOK {
		t.Fatal(code, page)
	}
	who := `{name="cam-1",role="device"} `
	for _, line := range []string{
		"dqa_frames_accepted_total" + who + "11", "dqa_frames_sent_total" + who + "12", "dqa_frames_resent_total" + who + "1",
		"dqa_frames_answered_total" + who + "7", "dqa_frames_answered_locally_total" + who + "2", "dqa_frames_lost_total" + who + "1",
		"dqa_frames_refused_total" + who + "4", "dqa_frames_duplicate_total" + who + "5", "dqa_frames_cut_total" + who + "6",
		"dqa_frame_bytes_total" + who + "1000", "dqa_frame_values_total" + who + "4000", "dqa_drift_alarms_total" + who + "8",
		"dqa_frame_bits_per_value" + who + "2", "dqa_outbox_frames" + who + "3", "dqa_outbox_bytes" + who + "4096", "dqa_link_up" + who + "1",
		"dqa_start_time_seconds" + who + "1000.5", "dqa_drift_excess_bits_per_value" + who + "0.25", "dqa_drift_images" + who + "100",
		"dqa_drift_alarm" + who + "1",
		`dqa_answer_latency_recent_seconds{name="cam-1",role="device",share="0.99"} 0.03`,
		`dqa_member_info{cut="cd",edge="relu",model="net",name="cam-1",profile="ab",program="1.2",role="device"} 1`,
		`dqa_answer_latency_seconds_bucket{le="0.025"} 0`, `dqa_answer_latency_seconds_bucket{le="0.05"} 1`, `dqa_answer_latency_seconds_count 1`,
	} {
		if !strings.Contains(page, "\n"+line+"\n") {
			t.Errorf("%q is missing", line)
		}
	}
	problems, err := promlint.New(strings.NewReader(page)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasSuffix(p.Metric, "bits_per_value") && strings.Contains(p.Text, "bits") {
			continue // Prometheus wants bytes, but everybody speaks of bits per value
		}
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// Statuses come over the link: what is empty, told twice or nonsense spoils no scrape.
func TestForeignStatuses(t *testing.T) {
	twice := sample()
	twice.Counters.Values = -1
	list := []link.Status{{}, sample(), twice, {Name: "gate", Role: link.RoleGateway, Model: "\"\n\\", Counters: link.Counters{Answered: -3}}}
	code, page := get(t, metrics.New(func() []link.Status { return list }, nil).Handler(), "/metrics")
	if code != http.StatusOK || strings.Count(page, "dqa_frames_sent_total{") != 3 || !strings.Contains(page, `model="\"\n\\"`) {
		t.Errorf("%d, %s", code, page)
	}
	none := metrics.New(func() []link.Status { return nil }, nil)
	if code, page := get(t, none.Handler(), "/metrics"); code != http.StatusOK || !strings.Contains(page, "go_goroutines") {
		t.Errorf("nobody: %d, %s", code, page)
	}
}

func TestHealth(t *testing.T) {
	var up atomic.Bool
	e := metrics.Of(func() link.Status { return link.Status{Name: "gate", Linked: up.Load()} })
	h := e.Handler()
	for _, c := range []struct {
		up   bool
		path string
		code int
		says string
	}{
		{false, "/healthz", http.StatusOK, "ok\n"},
		{false, "/readyz", http.StatusServiceUnavailable, link.ErrConnect.Error() + "\n"},
		{true, "/readyz", http.StatusOK, "ready\n"},
		{true, "/elsewhere", http.StatusNotFound, "404 page not found\n"},
	} {
		up.Store(c.up)
		if code, body := get(t, h, c.path); code != c.code || body != c.says {
			t.Errorf("%s: %d %q", c.path, code, body)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/metrics", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
}

func TestServe(t *testing.T) {
	l, err := metrics.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := metrics.Listen(l.Addr().String()); !errors.Is(err, metrics.ErrListen) {
		t.Errorf("the same port again: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- metrics.Serve(ctx, l, metrics.Of(sample).Handler()) }()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	r, err := client.Get("http://" + l.Addr().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r.Body)
	if r.Body.Close(); err != nil || !strings.Contains(string(b), "dqa_link_up") {
		t.Errorf("%s, %v", b, err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := client.Get("http://" + l.Addr().String()); err == nil {
		t.Error("it still answers")
	}
	var none *metrics.Exporter
	none.Observe(time.Second)
}

func BenchmarkObserve(b *testing.B) {
	e := metrics.Of(sample)
	for b.Loop() {
		e.Observe(time.Millisecond)
	}
}
