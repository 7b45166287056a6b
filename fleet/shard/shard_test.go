package shard_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/shard"
	"github.com/dqa-go/dqa/report"
	"github.com/dqa-go/dqa/session"
	"github.com/nats-io/nats.go"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func connect(t *testing.T, s *link.Server, name string) *link.Link {
	t.Helper()
	l, err := link.Connect(t.Context(), link.Options{URL: s.URL(), Name: name})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

func serve(t *testing.T) *link.Server {
	t.Helper()
	s, err := link.Start(t.TempDir(), link.ServerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// work runs a worker until stop.
func work(t *testing.T, l *link.Link, key string, do func(context.Context, shard.Job) (shard.Outcome, error)) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- shard.Work(ctx, l, key, do) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// machine is one that takes part in a sweep.
type machine struct {
	k    *session.Calibrator
	data *dataset.Inputs
	opt  session.EvaluateOptions
	key  string
}

func newMachine(t *testing.T, calib string) machine {
	t.Helper()
	net, err := session.Open("demo:classify", session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	images, err := net.Data(calib)
	if err != nil {
		t.Fatal(err)
	}
	m := machine{opt: session.EvaluateOptions{Workers: 1}}
	if m.data, err = net.Data("demo:classify[64:80]"); err != nil {
		t.Fatal(err)
	}
	if m.k, err = net.NewCalibrator(images, session.CalibrateOptions{}); err != nil {
		t.Fatal(err)
	}
	if m.key, err = m.k.SweepKey(m.data, m.opt); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m machine) do(ctx context.Context, j shard.Job) (o shard.Outcome, err error) {
	o.Result, o.Skipped, err = m.k.SweepOne(ctx, m.data, j.Variant, j.Several, m.opt)
	return o, err
}

// A sweep over three machines, one of which is killed at work, gives the bytes of one machine's.
func TestSweepIsTheSameOnSeveralMachines(t *testing.T) {
	grid := session.Grid{Methods: "direct,dqa:mse", Bits: []int{2, 3, 4}, ExtraBits: []int{1}, Ratios: []float64{.5}}
	variants, err := grid.Variants(session.Variant{})
	if err != nil {
		t.Fatal(err)
	}
	alone := newMachine(t, "demo:classify[0:8]")
	want, err := alone.k.Sweep(t.Context(), alone.data, variants, session.SweepOptions{EvaluateOptions: alone.opt})
	if err != nil {
		t.Fatal(err)
	}

	s := serve(t)
	var done [2]atomic.Int32
	begun := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	killed := make(chan error, 1)
	dying := connect(t, s, "dying")
	go func() {
		killed <- shard.Work(ctx, dying, alone.key, func(ctx context.Context, _ shard.Job) (o shard.Outcome, err error) {
			close(begun)
			<-ctx.Done()
			return o, ctx.Err()
		})
	}()
	jobs := make([]shard.Job, len(variants))
	for i, v := range variants {
		jobs[i] = shard.Job{Variant: v, Several: true}
	}
	go func() {
		<-begun // it has a job, and dies
		cancel()
		dying.Close()
	}()
	for i := range done {
		m := newMachine(t, "demo:classify[0:8]")
		if m.key != alone.key {
			t.Fatal("machines with the same data have different keys")
		}
		work(t, connect(t, s, "worker"), m.key, func(ctx context.Context, j shard.Job) (shard.Outcome, error) {
			done[i].Add(1)
			return m.do(ctx, j)
		})
	}
	told := 0
	parts, err := shard.Ask(t.Context(), connect(t, s, "asks"), alone.key, jobs, func(n int) { told = n })
	if err != nil {
		t.Fatal(err)
	}
	results := make([]report.Result, len(parts))
	for i, p := range parts {
		results[i] = p.Result
	}
	compare(t, want, alone.k.JoinSweep(alone.data, results))
	if a, b := done[0].Load(), done[1].Load(); told != len(jobs) || a+b < int32(len(jobs)) || a == 0 || b == 0 {
		t.Errorf("%d told, %d and %d done of %d", told, a, b, len(jobs))
	}
	if err := <-killed; err != nil {
		t.Error(err)
	}
}

func compare(t *testing.T, want, got report.Result) {
	t.Helper()
	var a, b bytes.Buffer
	if err := errors.Join(report.WriteJSON(&a, want), report.WriteJSON(&b, got)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) || a.Len() < 1000 {
		t.Errorf("one machine:\n%s\nseveral:\n%s", a.String(), b.String())
	}
}

// Other images, other key: who would come to other figures is never asked.
func TestOtherDataOtherKey(t *testing.T) {
	a, b := newMachine(t, "demo:classify[0:8]"), newMachine(t, "demo:classify[0:9]")
	if a.key == b.key {
		t.Error("other calibration images, the same key")
	}
	s := serve(t)
	work(t, connect(t, s, "worker"), b.key, func(context.Context, shard.Job) (o shard.Outcome, err error) {
		t.Error("it was asked")
		return o, err
	})
	ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
	defer cancel()
	if _, err := shard.Ask(ctx, connect(t, s, "asks"), a.key, make([]shard.Job, 2), func(int) {}); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestFailures(t *testing.T) {
	s := serve(t)
	for name, do := range map[string]func(context.Context, shard.Job) (shard.Outcome, error){
		"cannot": func(context.Context, shard.Job) (o shard.Outcome, err error) { return o, errors.New("cannot") },
		"panic":  func(context.Context, shard.Job) (o shard.Outcome, err error) { panic("panic") },
	} {
		work(t, connect(t, s, "worker"), name, do)
		_, err := shard.Ask(t.Context(), connect(t, s, "asks"), name, make([]shard.Job, 3), func(int) {})
		if !errors.Is(err, shard.ErrJob) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	work(t, connect(t, s, "worker"), "foreign", func(context.Context, shard.Job) (o shard.Outcome, err error) {
		t.Error("what is no setting was measured")
		return o, err
	})
	l := connect(t, s, "stranger")
	for _, b := range [][]byte{[]byte("nonsense"), bytes.Repeat([]byte(" "), 1<<17)} {
		var last string
		inbox, err := l.Conn.SubscribeSync(l.Conn.NewInbox())
		if err != nil {
			t.Fatal(err)
		}
		for !strings.Contains(last, "error") {
			if err := l.Conn.PublishRequest("dqa.sweep.foreign", inbox.Subject, b); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				m, err := inbox.NextMsg(5 * time.Second)
				if errors.Is(err, nats.ErrNoResponders) { // it is not in the group again yet
					time.Sleep(10 * time.Millisecond)
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				last = string(m.Data)
			}
		}
	}
}
