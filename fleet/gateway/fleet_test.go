package gateway_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/fleet/device"
	"github.com/dqa-go/dqa/fleet/gateway"
	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/outbox"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// cut is a small network cut in the middle, with images and what the whole quantized network makes of them.
type cut struct {
	head  device.Head
	tail  gateway.Tail
	data  *dataset.Inputs
	wants []string // digests
}

const images = 24

func calibrated(t *testing.T, v session.Variant) cut {
	t.Helper()
	const model = "demo:classify"
	net, err := session.Open(model, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	calib, err := net.Data("demo:classify[0:4]")
	if err != nil {
		t.Fatal(err)
	}
	made, err := net.Calibrate(t.Context(), calib, v, session.CalibrateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	q, err := net.Bind(made.Profile)
	if err != nil {
		t.Fatal(err)
	}
	ends, err := q.Ends("3")
	if err != nil {
		t.Fatal(err)
	}
	c := cut{
		head: device.Head{Ends: ends, Model: model, Profile: made.Profile.Digest()},
		tail: gateway.Tail{Ends: ends, Model: model, Profile: made.Profile.Digest()},
	}
	if c.data, err = net.Data(fmt.Sprintf("demo:classify[128:%d]", 128+images)); err != nil {
		t.Fatal(err)
	}
	whole := q.NewEncoder(session.EncodeOptions{})
	for i := range images {
		_, inputs, err := c.data.Feed(i)
		if err != nil {
			t.Fatal(err)
		}
		_, outputs, err := whole.EncodeInputs(nil, inputs)
		if err != nil {
			t.Fatal(err)
		}
		list, err := link.OutputsOf(ends.Outputs(), outputs)
		if err != nil {
			t.Fatal(err)
		}
		c.wants = append(c.wants, device.DigestOf(link.Answer{Outputs: list}))
	}
	return c
}

var plain = sync.OnceValue(func() func(*testing.T) cut {
	var once sync.Once
	var c cut
	return func(t *testing.T) cut {
		once.Do(func() { c = calibrated(t, session.Variant{Setting: profile.Setting{Name: "direct", Bits: 3}}) })
		return c
	}
})()

// sink keeps answers in memory.
type sink struct {
	mu      sync.Mutex
	answers []device.Answer
	known   map[outbox.ID]bool
}

func (s *sink) Put(a device.Answer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = append(s.answers, a)
	return nil
}
func (s *sink) Flush() error          { return nil }
func (s *sink) Has(id outbox.ID) bool { return s.known[id] }
func (s *sink) all() []device.Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]device.Answer{}, s.answers...)
}
func (s *sink) lines() (l []device.Line) {
	for _, a := range s.all() {
		l = append(l, device.LineOf(a, false))
	}
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

// gate runs a gateway until stop.
func gate(t *testing.T, url string, opt gateway.Options, tails ...gateway.Tail) (g *gateway.Gateway, stop func()) {
	t.Helper()
	opt.Link.URL = url
	opt.Name = or(opt.Name, "gate")
	opt.Note = func(s string) { t.Log(opt.Name + ": " + s) }
	g, err := gateway.Start(t.Context(), opt, tails...)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return g, stop
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func begin(t *testing.T, url string, opt device.Options, head device.Head) (*device.Device, *sink) {
	t.Helper()
	s := &sink{}
	opt.Link.URL, opt.Sink, opt.Name = url, s, or(opt.Name, "cam")
	if opt.Dir == "" {
		opt.Dir = t.TempDir()
	}
	opt.Note = func(s string) { t.Log(opt.Name + ": " + s) }
	d, err := device.Start(t.Context(), opt, head)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d, s
}

func sendAll(t *testing.T, d *device.Device, data *dataset.Inputs) {
	t.Helper()
	for i := range data.Len() {
		name, inputs, err := data.Feed(i)
		if err == nil {
			_, err = d.Send(t.Context(), name, inputs)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func drain(t *testing.T, d *device.Device) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := d.Drain(ctx); err != nil {
		t.Fatalf("%v, %+v", err, d.Status())
	}
}

// once demands one answer per image, equal to the whole network's, with one of these outcomes.
func once(t *testing.T, c cut, lines []device.Line, outcomes ...device.Outcome) {
	t.Helper()
	seen := map[uint64]bool{}
	for _, l := range lines {
		if seen[l.Seq] {
			t.Errorf("frame %d is answered twice", l.Seq)
		}
		seen[l.Seq] = true
		if !strings.Contains(fmt.Sprint(outcomes), string(l.Outcome)) {
			t.Errorf("frame %d is %s: %s", l.Seq, l.Outcome, l.Reason)
		}
		if l.Digest != c.wants[l.Seq-1] {
			t.Errorf("frame %d: another answer than the whole network's", l.Seq)
		}
	}
	if len(seen) != images {
		t.Errorf("%d frames are answered, %d were sent", len(seen), images)
	}
}

// counted waits until gateways have counted so many answers: devices hear them sooner than the stream says that it has them.
func counted(t *testing.T, g *gateway.Gateway, want int64, more ...*gateway.Gateway) {
	t.Helper()
	var n int64
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		n = 0
		for _, g := range append(more, g) {
			n += g.Status().Counters.Answered
		}
		if n >= want {
			break
		}
	}
	if n != want {
		t.Errorf("gateways count %d answers, %d were given", n, want)
	}
}

func TestAnswersAreTheWholeNetworks(t *testing.T) {
	c, s := plain(t), serve(t)
	a, _ := gate(t, s.URL(), gateway.Options{Name: "a"}, c.tail)
	b, _ := gate(t, s.URL(), gateway.Options{Name: "b"}, c.tail)
	one, answers := begin(t, s.URL(), device.Options{Name: "one"}, c.head)
	two, others := begin(t, s.URL(), device.Options{Name: "two"}, c.head)
	sendAll(t, one, c.data)
	sendAll(t, two, c.data)
	drain(t, one)
	drain(t, two)
	once(t, c, answers.lines(), device.Answered)
	once(t, c, others.lines(), device.Answered)
	counted(t, a, 2*images, b)
	if st := one.Status(); st.Counters.Answered != images || st.Queued != 0 || st.Counters.Bytes == 0 || st.Latency.P50 <= 0 {
		t.Errorf("%+v", st)
	}
}

// Frames wait for servers, gateways and devices that are not there yet.
func TestWhoeverComesLate(t *testing.T) {
	c := plain(t)
	s, err := link.Start(t.TempDir(), link.ServerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	url := s.URL()
	s.Stop()
	opt := device.Options{Dir: t.TempDir(), Resend: 300 * time.Millisecond}
	d, _ := begin(t, url, opt, c.head)
	sendAll(t, d, c.data)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	d, answers := begin(t, url, opt, c.head) // again, nobody there
	var port int
	if _, err := fmt.Sscanf(url, "nats://127.0.0.1:%d", &port); err != nil {
		t.Fatal(err)
	}
	if s, err = link.Start(t.TempDir(), link.ServerOptions{Port: port}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	time.Sleep(500 * time.Millisecond) // the device finds no streams
	gate(t, url, gateway.Options{}, c.tail)
	drain(t, d)
	once(t, c, answers.lines(), device.Answered)
}

// A gateway that vanishes, with frames that it has taken, costs no frame and answers none twice.
func TestGatewayVanishes(t *testing.T) {
	c, s := plain(t), serve(t)
	opt := gateway.Options{Name: "first", Workers: 1, AckWait: time.Second, Link: link.Options{}}
	_, stop := gate(t, s.URL(), opt, c.tail)
	d, answers := begin(t, s.URL(), device.Options{Resend: 200 * time.Millisecond}, c.head)
	sendAll(t, d, c.data)
	stop()
	gate(t, s.URL(), gateway.Options{Name: "second", AckWait: time.Second}, c.tail)
	drain(t, d)
	once(t, c, answers.lines(), device.Answered)
}

// Frames that are sent again and again, because answers take long, are answered once.
func TestImpatientDevice(t *testing.T) {
	c, s := plain(t), serve(t)
	slow := gateway.Options{Workers: 1, Formats: map[int]func([]byte) ([]byte, error){1: func(b []byte) ([]byte, error) {
		time.Sleep(20 * time.Millisecond)
		return b, nil
	}}}
	g, _ := gate(t, s.URL(), slow, c.tail)
	d, answers := begin(t, s.URL(), device.Options{Resend: 30 * time.Millisecond}, c.head)
	sendAll(t, d, c.data)
	drain(t, d)
	once(t, c, answers.lines(), device.Answered)
	if d.Status().Counters.Resent == 0 {
		t.Error("nothing was sent again")
	}
	deadline := time.Now().Add(10 * time.Second)
	for (g.Status().Counters.Duplicates == 0 || g.Status().Counters.Answered < images) && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	if n := g.Status().Counters; n.Answered != images || n.Duplicates == 0 {
		t.Errorf("the gateway counts %+v", n)
	}
}

func TestFallbackLocal(t *testing.T) {
	c := plain(t)
	d, answers := begin(t, "nats://127.0.0.1:1", device.Options{
		Fallback: device.Fallback{Local: true}, Patience: time.Millisecond, Outbox: outbox.Options{MaxBytes: 40 << 10},
	}, c.head)
	sendAll(t, d, c.data) // more than fit
	drain(t, d)
	once(t, c, answers.lines(), device.Local)
}

// Frames that nobody answers are lost by name, and those that the disk has lost.
func TestLostByName(t *testing.T) {
	c := plain(t)
	dir := t.TempDir()
	d, _ := begin(t, "nats://127.0.0.1:1", device.Options{Dir: dir}, c.head)
	sendAll(t, d, c.data)
	_ = d.Close()
	segments, _ := filepath.Glob(filepath.Join(dir, "*.seg"))
	data, err := os.ReadFile(segments[0])
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(segments[0], data, 0o644); err != nil {
		t.Fatal(err)
	}
	d, answers := begin(t, "nats://127.0.0.1:1", device.Options{Dir: dir, GiveUp: 100 * time.Millisecond}, c.head)
	drain(t, d)
	unnamed := 0
	for i, l := range answers.lines() {
		if l.Outcome != device.Lost || l.Reason == "" {
			t.Errorf("%+v", l)
		}
		if l.Image == "" {
			unnamed++
		} else if i > 0 {
			if want, _, _ := c.data.Feed(int(l.Seq - 1)); l.Image != want {
				t.Errorf("frame %d is %q, not %q", l.Seq, l.Image, want)
			}
		}
	}
	if len(answers.lines()) != images || unnamed != 1 {
		t.Errorf("%d lost, %d of them without the image's name", len(answers.lines()), unnamed)
	}
}

// Where frames wait for others, refinements stay behind; what is answered then is what the frame's base says.
func TestDropRefinements(t *testing.T) {
	c, s := calibrated(t, session.Variant{Setting: profile.Setting{Name: "direct", Bits: 4, Refine: 2}}), serve(t)
	d, answers := begin(t, s.URL(), device.Options{Fallback: device.Fallback{DropRefinements: true}, Window: 4}, c.head)
	sendAll(t, d, c.data)
	gate(t, s.URL(), gateway.Options{}, c.tail)
	drain(t, d)
	whole, cut := 0, 0
	for _, l := range answers.lines() {
		if l.Complete {
			whole++
			if l.Digest != c.wants[l.Seq-1] {
				t.Errorf("frame %d is complete and differs", l.Seq)
			}
		} else {
			cut++
		}
	}
	if whole == 0 || cut == 0 || whole+cut != images || d.Status().Counters.Cut < int64(cut) {
		t.Errorf("%d whole, %d cut, of %d; counted %d", whole, cut, images, d.Status().Counters.Cut)
	}
}

// Two generations of decoders run side by side: each gateway takes the frames that it can read.
func TestTwoGenerations(t *testing.T) {
	c, s := plain(t), serve(t)
	asItIs := func(b []byte) ([]byte, error) { return b, nil }
	old, _ := gate(t, s.URL(), gateway.Options{Name: "old"}, c.tail)
	young, _ := gate(t, s.URL(), gateway.Options{Name: "young", Formats: map[int]func([]byte) ([]byte, error){2: asItIs}}, c.tail)
	one, answers := begin(t, s.URL(), device.Options{Name: "one"}, c.head)
	two, others := begin(t, s.URL(), device.Options{Name: "two", Format: 2}, c.head)
	sendAll(t, one, c.data)
	sendAll(t, two, c.data)
	drain(t, one)
	drain(t, two)
	once(t, c, answers.lines(), device.Answered)
	once(t, c, others.lines(), device.Answered)
	if a, b := old.Status(), young.Status(); a.Counters.Answered != images || b.Counters.Answered != images || a.Formats[0] != 1 || b.Formats[0] != 2 {
		t.Errorf("old %+v, young %+v", a, b)
	}
}

// What is no frame is answered with the reason, and does no harm to others.
func TestForeignFrames(t *testing.T) {
	c, s := plain(t), serve(t)
	broken := gateway.Options{Formats: map[int]func([]byte) ([]byte, error){
		1: func(b []byte) ([]byte, error) { return b, nil },
		2: func(b []byte) ([]byte, error) { return b[:len(b)/2], nil },
		3: func([]byte) ([]byte, error) { panic("a fault") },
	}}
	gate(t, s.URL(), broken, c.tail)
	for format, says := range map[int]string{2: "", 3: "a fault"} {
		d, answers := begin(t, s.URL(), device.Options{Name: fmt.Sprint("format", format), Format: format}, c.head)
		sendAll(t, d, c.data)
		drain(t, d)
		for _, a := range answers.all() {
			if a.Outcome != device.Refused || !strings.Contains(a.Reason, says) || a.Image == "" {
				t.Errorf("format %d: %+v", format, a)
			}
		}
	}
	d, answers := begin(t, s.URL(), device.Options{}, c.head)
	sendAll(t, d, c.data)
	drain(t, d)
	once(t, c, answers.lines(), device.Answered)
}

func TestFile(t *testing.T) {
	c, s := plain(t), serve(t)
	gate(t, s.URL(), gateway.Options{}, c.tail)
	path := filepath.Join(t.TempDir(), "answers.jsonl")
	dir := t.TempDir()
	for range 2 {
		f, err := device.OpenFile(path, true)
		if err != nil {
			t.Fatal(err)
		}
		opt := device.Options{Name: "cam", Dir: dir, Sink: f}
		opt.Link.URL = s.URL()
		d, err := device.Start(t.Context(), opt, c.head)
		if err != nil {
			t.Fatal(err)
		}
		if d.Next() == 1 {
			sendAll(t, d, c.data)
		}
		drain(t, d)
		if err := errors.Join(d.Close(), f.Close()); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if n := bytes.Count(b, []byte("\n")); err != nil || n != images || !bytes.Contains(b, []byte(`"outputs":[{"name"`)) {
			t.Fatalf("%d lines, %v", n, err)
		}
		// A crash behind the last answer: half a line.
		if err := os.WriteFile(path, append(b, `{"seq":99`...), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
