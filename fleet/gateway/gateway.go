// Package gateway runs tails: it takes frames of all devices from the stream, computes the network's outputs, and answers each frame
// once. Several gateways with one tail share its frames.
//
// A frame is acknowledged only when its answer lies in the answers' stream, which refuses a second answer to the same frame: what a
// killed gateway has begun, another one does, and frames that come twice are known by the answer that is there.
package gateway

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/frame"
	"github.com/dqa-go/dqa/session"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Tail is one that a gateway runs.
type Tail struct {
	Ends    *session.Ends
	Model   string
	Profile [32]byte // SHA-256 of the whole network's
}

// Cut is how frames name what the tail can read.
func (t Tail) Cut() link.Cut { return CutOf(t.Ends) }

// CutOf is how frames name what passes.
func CutOf(e *session.Ends) link.Cut {
	digest := e.Passing.Digest()
	return link.Cut(digest[:frame.DigestSize])
}

// Options steer a gateway. Name and Link must be set.
type Options struct {
	Name    string
	Link    link.Options
	Workers int // goroutines that run tails; 0: one per processor
	// Formats say how messages of frame formats become such as this program reads; nil: what it reads itself.
	Formats map[int]func([]byte) ([]byte, error)
	// AckWait is how long a frame may take before another gateway gets it; 0: DefaultAckWait.
	AckWait time.Duration
	Tell    time.Duration // between statuses; 0: DefaultTell
	// Verify refuses messages that their device did not sign (site.Keys): nobody answers them, their number stays free for the device's
	// own; nil: every message is taken.
	Verify func(subject string, header nats.Header, body []byte) error
	// Sign signs an answer (site.Signer.SignAnswer); nil: none does. VerifyAnswer refuses what no gateway signed (site.Keys.VerifyAnswer):
	// where the stream has such an answer, the true one is put behind it, for it is the last that counts; nil: the first is taken.
	Sign         func(*nats.Msg) error
	VerifyAnswer func(subject string, header nats.Header, body []byte) error
	Observe      func(time.Duration) // is told the latency of each answer; may be nil
	Note         func(string)        // is told what is worth a line; may be nil
}

// Defaults.
const (
	DefaultAckWait = time.Minute
	DefaultTell    = 5 * time.Second
	ahead          = 64   // frames that wait in this process, per tail
	maxUnanswered  = 1024 // frames that all gateways of a tail have at once
	retryAfter     = time.Second
)

// Gateway is one that runs. Its methods may be called from many goroutines.
type Gateway struct {
	opt     Options
	link    *link.Link
	jobs    chan job
	quit    chan struct{} // closed when no more jobs are taken
	sent    chan sending
	counts  counters
	started time.Time

	mu    sync.Mutex
	tails map[link.Cut]*running
}

// running are the tails of a cut with what brings them frames. Several networks and profiles may be alike up to the cut: frames say of
// which profile they are.
type running struct {
	first     *Tail
	tails     map[[32]byte]*Tail // by profile
	consumers []jetstream.ConsumeContext
}

// job is a frame that is to be answered.
type job struct {
	msg    jetstream.Msg
	cut    *running
	tail   *Tail // once it is known
	read   func([]byte) ([]byte, error)
	arrive time.Time
}

// Start connects and makes the streams. Run does the work; who does not run it calls Close. Errors are those of link.Connect and
// link.Prepare.
func Start(ctx context.Context, opt Options, tails ...Tail) (*Gateway, error) {
	if err := link.CheckName(opt.Name); err != nil {
		return nil, err
	}
	if opt.Workers <= 0 {
		opt.Workers = runtime.GOMAXPROCS(0)
	}
	if opt.AckWait <= 0 {
		opt.AckWait = DefaultAckWait
	}
	if opt.Tell <= 0 {
		opt.Tell = DefaultTell
	}
	if opt.Formats == nil {
		opt.Formats = map[int]func([]byte) ([]byte, error){frame.Version: asItIs}
	}
	opt.hooks()
	opt.Link.Name = opt.Name
	l, err := link.Connect(ctx, opt.Link)
	if err != nil {
		return nil, err
	}
	g := &Gateway{
		opt: opt, link: l, jobs: make(chan job, ahead), quit: make(chan struct{}), sent: make(chan sending, link.MaxPending), started: time.Now(),
		tails: map[link.Cut]*running{},
	}
	err = patiently(ctx, func() error { return l.Prepare(ctx) })
	for _, t := range tails {
		if err == nil {
			err = patiently(ctx, func() error { return g.Add(ctx, t) })
		}
	}
	if err != nil {
		g.Close()
		return nil, err
	}
	return g, nil
}

// hooks are functions that do nothing, where there are none.
func (o *Options) hooks() {
	all := func(string, nats.Header, []byte) error { return nil }
	if o.Verify == nil {
		o.Verify = all
	}
	if o.VerifyAnswer == nil {
		o.VerifyAnswer = all
	}
	if o.Sign == nil {
		o.Sign = func(*nats.Msg) error { return nil }
	}
	if o.Observe == nil {
		o.Observe = func(time.Duration) {}
	}
	if o.Note == nil {
		o.Note = func(string) {}
	}
}

// startPatience is how long a cluster may take to find its leaders before a gateway does not start.
const startPatience = 30 * time.Second

// patiently tries again where servers are busy with themselves, as a cluster is of which one has just gone.
func patiently(ctx context.Context, try func() error) error {
	for end := time.Now().Add(startPatience); ; {
		err := try()
		var api *jetstream.APIError
		if err == nil || ctx.Err() != nil || time.Now().After(end) || errors.As(err, &api) && api.Code != 503 {
			return err
		}
		select {
		case <-time.After(retryAfter):
		case <-ctx.Done():
		}
	}
}

func asItIs(message []byte) ([]byte, error) { return message, nil }

// Add begins to run one more tail. One that is run already is no error. Errors wrap link.ErrStream.
func (g *Gateway) Add(ctx context.Context, t Tail) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	cut := t.Cut()
	if r := g.tails[cut]; r != nil {
		if r.tails[t.Profile] == nil {
			r.tails[t.Profile] = &t
		}
		return nil
	}
	r := &running{first: &t, tails: map[[32]byte]*Tail{t.Profile: &t}}
	for format, read := range g.opt.Formats {
		c, err := g.link.JS.CreateOrUpdateConsumer(ctx, link.Frames, jetstream.ConsumerConfig{
			Durable: link.TailConsumer(format, cut), FilterSubject: link.FrameFilter(format, cut), AckPolicy: jetstream.AckExplicitPolicy,
			AckWait: g.opt.AckWait, MaxAckPending: maxUnanswered, MaxDeliver: -1, InactiveThreshold: link.DefaultKeep,
		})
		var context jetstream.ConsumeContext
		if err == nil {
			take := func(m jetstream.Msg) { g.take(job{msg: m, cut: r, read: read, arrive: time.Now()}) }
			context, err = c.Consume(take, jetstream.PullMaxMessages(ahead),
				jetstream.ConsumeErrHandler(func(jetstream.ConsumeContext, error) {})) // it goes on by itself
		}
		if err != nil {
			r.stop()
			return fmt.Errorf("%w: frames of cut %s: %w", link.ErrStream, cut, err)
		}
		r.consumers = append(r.consumers, context)
	}
	g.tails[cut] = r
	return nil
}

// take hands a frame to the workers, as long as there are some.
func (g *Gateway) take(j job) {
	select {
	case g.jobs <- j:
	case <-g.quit:
	}
}

// tailOf is the tail that a frame needs; nil: it is not here. Frames that do not say of which profile they are get the first.
func (g *Gateway) tailOf(j job) *Tail {
	g.mu.Lock()
	defer g.mu.Unlock()
	text := j.msg.Headers().Get(link.HeaderProfile)
	if text == "" {
		return j.cut.first
	}
	var profile [32]byte
	if n, err := hex.Decode(profile[:], []byte(text[:min(len(text), 2*len(profile))])); err != nil || n != len(profile) {
		return nil
	}
	return j.cut.tails[profile]
}

// Remove ends the tails of a cut, once the frames at hand are answered.
func (g *Gateway) Remove(cut link.Cut) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if r := g.tails[cut]; r != nil {
		r.stop()
		delete(g.tails, cut)
	}
}

func (r *running) stop() {
	for _, c := range r.consumers {
		c.Stop()
	}
}

// Run answers frames until the context ends, which is no error: it returns nil when the frames at hand are answered.
func (g *Gateway) Run(ctx context.Context) error {
	var workers, rest sync.WaitGroup
	for range g.opt.Workers {
		workers.Go(func() { g.work() })
	}
	rest.Go(g.collect)
	rest.Go(func() { g.telling(ctx) })
	<-ctx.Done()
	g.mu.Lock()
	for _, r := range g.tails {
		r.stop()
	}
	g.mu.Unlock()
	close(g.quit)
	workers.Wait()
	close(g.sent)
	rest.Wait()
	g.tell(context.WithoutCancel(ctx))
	g.link.Close()
	if errors.Is(ctx.Err(), context.Canceled) || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil
	}
	return ctx.Err()
}

// Close ends a gateway that does not run.
func (g *Gateway) Close() {
	close(g.quit)
	g.link.Close()
}

// telling tells the gateway's status again and again.
func (g *Gateway) telling(ctx context.Context) {
	tick := time.NewTicker(g.opt.Tell)
	defer tick.Stop()
	for {
		g.tell(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (g *Gateway) tell(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, g.opt.Tell)
	defer cancel()
	if err := g.link.Tell(ctx, g.Status()); err != nil && ctx.Err() == nil && g.link.Conn.IsConnected() {
		g.opt.Note(err.Error())
	}
}
