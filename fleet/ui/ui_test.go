package ui_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/ui"
)

// fed is a source that a test feeds.
type fed struct {
	mu       sync.Mutex
	statuses []link.Status
	rollouts []ui.Rollout
	err      error
	asked    int
}

func (f *fed) Statuses(context.Context) ([]link.Status, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	return append([]link.Status{}, f.statuses...), f.err
}

func (f *fed) Rollouts(context.Context) ([]ui.Rollout, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]ui.Rollout{}, f.rollouts...), nil
}

func (f *fed) change(what func(*fed)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	what(f)
}

const (
	oldProfile = "41c0ffee5b1e7a0d9e2b6a4f8c3d2e1f00112233445566778899aabbccddeeff"
	newProfile = "9b7d1e2f3a4c5b6d7e8f9a0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f7a8b9c0d"
	hostile    = `<img src=x onerror=alert(1)>`
)

// sample is a fleet with everything that a page must show: two versions, a drift, somebody silent, lost frames, foreign text.
func sample() *fed {
	now := time.Now()
	device := func(name, profile string, answered int64) link.Status {
		return link.Status{
			Name: name, Role: link.RoleDevice, Time: now, Seen: now, Started: now.Add(-time.Hour), Program: "0.1.0", Formats: []int{1},
			Model: "resnet32.onnx", Profile: profile, Cut: "0102030405060708090a0b0c0d0e0f10", Edge: "relu_15", Linked: true,
			Counters: link.Counters{Accepted: answered, Sent: answered, Answered: answered, Bytes: answered * 5000, Values: answered * 16384},
			Latency:  link.Quantiles{P50: 12.25, P95: 31.5, P99: 40, Max: 55}, Drift: &link.Drift{Images: answered, Excess: 0.012},
		}
	}
	drifted, silent, foreign := device("cam-2", newProfile, 12034), device("cam-3", oldProfile, 881), device("cam-4", oldProfile, 7)
	drifted.Drift.Excess, drifted.Drift.Alarm, drifted.Counters.Alarms = 0.311, "bits per value rose by 0.311 at relu_15", 1
	silent.Seen, silent.Linked, silent.Queued, silent.Bytes = now.Add(-40*time.Minute), false, 412, 9<<20
	foreign.Error, foreign.Program, foreign.Counters.Lost, foreign.Formats = hostile, "0.0.9", 3, []int{1, 2}
	gate := link.Status{
		Name: "gateway", Role: link.RoleGateway, Time: now, Seen: now, Program: "0.1.0", Formats: []int{1, 2}, Linked: true, Cut: "01", Cuts: []string{"01", "02"},
		Counters: link.Counters{Answered: 25000, Duplicates: 4, Bytes: 125e6, Values: 409e6}, Latency: link.Quantiles{P50: 3, P95: 6, P99: 9, Max: 11},
	}
	agreement := 0.985
	return &fed{
		statuses: []link.Status{device("cam-1", newProfile, 12100), drifted, silent, foreign, gate},
		rollouts: []ui.Rollout{{
			Name: "resnet32, 2 bits", Stage: "canary", Profile: newProfile, Before: oldProfile, Share: 0.5, Agreement: &agreement, Time: now,
			Steps: []ui.Step{{Time: now.Add(-time.Hour), Text: "shadow on cam-1"}, {Time: now, Text: "canary: half of the devices " + hostile}},
		}},
	}
}

func get(t *testing.T, h http.Handler, url string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, url, nil))
	return w
}

func state(t *testing.T, f *fed) (s ui.State) {
	t.Helper()
	w := get(t, ui.Handler(f, ui.Options{}), "http://localhost/state.json")
	if err := json.Unmarshal(w.Body.Bytes(), &s); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d, %v: %s", w.Code, err, w.Body)
	}
	return s
}

func TestJudgement(t *testing.T) {
	s := state(t, sample())
	want := []struct {
		name   string
		health ui.Health
		reason string
	}{
		{"cam-3", ui.Silent, "nothing heard for 40"}, {"cam-2", ui.Problem, "drift: bits per value rose"}, {"cam-4", ui.Problem, "3 frames lost"},
		{"cam-1", ui.OK, ""}, {"gateway", ui.OK, ""},
	}
	for i, m := range s.Members {
		if m.Name != want[i].name || m.Health != want[i].health || !strings.Contains(strings.Join(m.Reasons, "\n"), want[i].reason) {
			t.Errorf("%d: %s is %s: %q", i, m.Name, m.Health, m.Reasons)
		}
	}
	if m := s.Members[3]; m.BitsPerValue != 8*5000./16384 || m.Age > 10 {
		t.Errorf("%+v", m)
	}
	groups := map[string]int{}
	for _, v := range s.Versions {
		groups[v.What+" "+v.Value] = v.Members
	}
	for what, n := range map[string]int{"program 0.1.0": 4, "program 0.0.9": 1, "profile " + oldProfile: 2, "profile " + newProfile: 2, "frames format 2": 2} {
		if groups[what] != n {
			t.Errorf("%s: %d, want %d", what, groups[what], n)
		}
	}
	// A clock that is wrong makes nobody silent: what counts is when the server got the status.
	late := sample()
	late.statuses[0].Time = time.Unix(0, 0)
	if m := state(t, late).Members[3]; m.Name != "cam-1" || m.Health != ui.OK {
		t.Errorf("a wrong clock: %+v", m)
	}
}

func TestNothingToShow(t *testing.T) {
	s := state(t, &fed{err: errors.New("no server answers")})
	if len(s.Problems) != 1 || s.Problems[0] != "no server answers" || s.Members == nil || s.Rollouts == nil {
		t.Errorf("%+v", s)
	}
	long := sample()
	for range 1000 {
		long.rollouts[0].Steps = append(long.rollouts[0].Steps, ui.Step{Text: "more"})
	}
	if s := state(t, long); len(s.Rollouts[0].Steps) != 50 || s.Rollouts[0].Steps[49].Text != "more" {
		t.Errorf("%d steps", len(s.Rollouts[0].Steps))
	}
}

func TestHandler(t *testing.T) {
	f := sample()
	h := ui.Handler(f, ui.Options{Title: "A & <b>", Hosts: []string{"fleet.example"}})
	for range 10 {
		get(t, h, "http://127.0.0.1:8080/state.json")
	}
	if f.asked != 1 {
		t.Errorf("ten looks asked the source %d times", f.asked)
	}
	w := get(t, h, "http://localhost:8080/")
	if body := w.Body.String(); !strings.Contains(body, "<h1>A &amp; &lt;b&gt;</h1>") || strings.Contains(body, "http") {
		t.Error(body)
	}
	if p := w.Header().Get("Content-Security-Policy"); !strings.Contains(p, "default-src 'none'") {
		t.Error(p)
	}
	for url, code := range map[string]int{
		"http://localhost/page.css": 200, "http://[::1]:80/page.js": 200, "http://fleet.example/": 200, "http://localhost/elsewhere": 404,
		"http://localhost/page/": 404, "http://evil.example/state.json": http.StatusMisdirectedRequest,
	} {
		if w := get(t, h, url); w.Code != code {
			t.Errorf("%s: %d", url, w.Code)
		}
	}
	post := httptest.NewRecorder()
	h.ServeHTTP(post, httptest.NewRequest(http.MethodPost, "http://localhost/state.json", nil))
	if post.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", post.Code)
	}
}
