// Package device runs heads: images become frames, frames lie in an outbox on the disk until they are answered, by a gateway or, where
// that is asked for, by the device itself. Every frame that was accepted is answered once, or reported lost by name.
//
// Nothing depends on clocks, nor on what a stream keeps: a frame without an answer in time is looked up in the answers' stream, and
// sent again if nothing is there.
package device

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/outbox"
	"github.com/dqa-go/dqa/frame"
	"github.com/dqa-go/dqa/session"
	"github.com/dqa-go/dqa/tensor"
	"github.com/nats-io/nats.go"
)

// ErrFallback is a word that is none of ParseFallback's.
var ErrFallback = errors.New("no such fallback")

// Fallback says what a device does where the link or the gateways are too slow or away. Without one frames wait in the outbox, and when
// that is full, Send does.
type Fallback struct {
	Local           bool // the device answers frames itself that wait longer than Options.Patience, or do not fit
	DropRefinements bool // frames of scalable profiles that wait for others are sent without their refinements
}

// ParseFallback reads "queue", "local", "drop-refinements" or several of them, separated by commas. Errors wrap ErrFallback.
func ParseFallback(text string) (f Fallback, err error) {
	for word := range strings.SplitSeq(text, ",") {
		switch strings.TrimSpace(word) {
		case "queue", "":
		case "local":
			f.Local = true
		case "drop-refinements":
			f.DropRefinements = true
		default:
			return f, fmt.Errorf("%w: %q: queue, local, drop-refinements, or several with commas", ErrFallback, word)
		}
	}
	return f, nil
}

// Head is what a device runs.
type Head struct {
	Ends    *session.Ends
	Model   string
	Profile [32]byte // SHA-256 of the whole network's
	Encode  session.EncodeOptions
	// Watch says how drift is looked for in what frames hold, from the first Watch.Learn images on; Learn 0: it is not.
	Watch session.DriftOptions
}

// Outcome is what became of a frame.
type Outcome string

// Outcomes.
const (
	Answered Outcome = "answered" // by a gateway
	Local    Outcome = "local"    // by the device itself
	Refused  Outcome = "refused"  // a gateway could not read it: Reason says why
	Lost     Outcome = "lost"     // nobody answered in time, or the disk has lost it
)

// Answer is what became of one frame.
type Answer struct {
	outbox.ID
	Image   string // "" where the disk has lost it
	Outcome Outcome
	By      string // gateway
	Reason  string
	Body    []byte // link.ParseAnswer reads it
	Latency time.Duration
}

// Sink takes answers, each once, on one goroutine. Its errors end the device.
type Sink interface {
	Put(Answer) error
	Flush() error // returns when all that was put is kept; the outbox forgets the frames then
	// Has tells whether the answer of a frame was put before this process began.
	Has(outbox.ID) bool
}

// Options steer a device. Name, Dir and Sink must be set.
type Options struct {
	Name     string
	Link     link.Options
	Dir      string // of the outbox
	Outbox   outbox.Options
	Sink     Sink
	Fallback Fallback
	Patience time.Duration // after which Fallback.Local answers; 0: DefaultPatience
	Resend   time.Duration // after which an answer is looked for, and the frame sent again; doubles each time; 0: DefaultResend
	GiveUp   time.Duration // after which a frame is reported lost; 0: never
	Window   int           // frames on their way at once; 0: DefaultWindow
	Tell     time.Duration // between statuses; 0: DefaultTell
	// Format of frames that gateways must read; 0: this program's own.
	Format int
	// Sign signs a frame's message (site.Signer.Sign); nil: none does.
	Sign func(*nats.Msg) error
	// Verify refuses answers that no gateway signed (site.Keys.VerifyAnswer): the frame waits for another one; nil: every answer is taken.
	Verify  func(subject string, header nats.Header, body []byte) error
	Observe func(time.Duration) // is told the latency of each answer; may be nil
	Note    func(string)        // is told what is worth a line; may be nil
}

// Defaults.
const (
	DefaultPatience = 5 * time.Second
	DefaultResend   = 10 * time.Second
	DefaultWindow   = 64
	DefaultTell     = 5 * time.Second
	maxResend       = 5 * time.Minute
	unsynced        = 16 // frames that a power cut may take back, at most: Send waits for the others
	diskPatience    = 200 * time.Millisecond
)

// Device is one that runs.
type Device struct {
	opt     Options
	link    *link.Link
	box     *outbox.Outbox
	head    atomic.Pointer[running]
	events  chan event
	answers chan Answer
	checks  chan []outbox.ID
	locals  chan localJob
	futures chan future
	crowded atomic.Bool // Send waits for room
	forged  sync.Once   // is told
	counts  counts
	started time.Time

	sending sync.Mutex // of Send
	ctx     context.Context
	cancel  context.CancelCauseFunc
	work    sync.WaitGroup
}

// running is a head at work.
type running struct {
	Head
	sender *session.Sender
	buf    []byte
}

func (o Options) filled() Options {
	or := func(d *time.Duration, otherwise time.Duration) {
		if *d <= 0 {
			*d = otherwise
		}
	}
	or(&o.Patience, DefaultPatience)
	or(&o.Resend, DefaultResend)
	or(&o.Tell, DefaultTell)
	if o.Window <= 0 {
		o.Window = DefaultWindow
	}
	o.Window = min(o.Window, link.MaxPending)
	if o.Format == 0 {
		o.Format = frame.Version
	}
	if o.Sign == nil {
		o.Sign = func(*nats.Msg) error { return nil }
	}
	if o.Verify == nil {
		o.Verify = func(string, nats.Header, []byte) error { return nil }
	}
	if o.Observe == nil {
		o.Observe = func(time.Duration) {}
	}
	if o.Note == nil {
		o.Note = func(string) {}
	}
	o.Link.Name, o.Link.Patient = o.Name, true
	return o
}

// Start opens the outbox and begins to send what is in it. No server needs to be there. The context's end stops the device; Close waits
// for that. Errors are those of outbox.Open and of files that options name.
func Start(ctx context.Context, opt Options, head Head) (*Device, error) {
	if err := link.CheckName(opt.Name); err != nil {
		return nil, err
	}
	d := &Device{
		opt: opt.filled(), events: make(chan event, link.MaxPending), answers: make(chan Answer, link.MaxPending),
		checks: make(chan []outbox.ID), locals: make(chan localJob, 1), futures: make(chan future, link.MaxPending), started: time.Now(),
	}
	d.ctx, d.cancel = context.WithCancelCause(ctx)
	if err := d.Use(head); err != nil {
		return nil, err
	}
	changed := d.opt.Link.Changed
	d.opt.Link.Changed = func(err error) {
		d.post(event{kind: linkChanged, down: err != nil})
		if changed != nil {
			changed(err)
		}
	}
	var err error
	if d.box, err = outbox.Open(opt.Dir, opt.Outbox); err != nil {
		return nil, err
	}
	if d.link, err = link.Connect(d.ctx, d.opt.Link); err == nil {
		if err = d.listen(); err != nil {
			d.link.Close()
		}
	}
	if err != nil {
		return nil, errors.Join(err, d.box.Close())
	}
	earlier := d.box.Pending()
	p := &pump{d: d, flights: map[uint64]*flight{}, down: !d.link.Conn.IsConnected()}
	d.work.Go(func() { p.run(earlier) })
	d.work.Go(d.checking)
	d.work.Go(d.watching)
	d.work.Go(d.finish)
	d.work.Go(d.telling)
	if d.opt.Fallback.Local {
		d.work.Go(d.answering)
	}
	return d, nil
}

// Use makes all images that are sent from now on frames of another head. Errors are those of a watching sender.
func (d *Device) Use(h Head) error {
	d.sending.Lock()
	defer d.sending.Unlock()
	return d.use(h)
}

func (d *Device) use(h Head) error {
	r := &running{Head: h}
	if h.Watch.Learn == 0 {
		r.sender = h.Ends.NewSender(h.Encode)
	} else {
		watch, tell := h.Watch, h.Watch.Alarm
		watch.Alarm = func(a session.DriftAlarm) {
			d.counts.alarm()
			if tell != nil {
				tell(a)
			}
		}
		var err error
		if r.sender, err = h.Ends.NewWatchingSender(h.Encode, watch); err != nil {
			return err
		}
	}
	d.head.Store(r)
	d.counts.watched(nil)
	return nil
}

// Send runs the head on an image and accepts its frame: it lies on the disk when Send returns, a power cut takes back the last few at
// most. It waits for room in the outbox. Errors are those of the head, of the disk, of the context, and what ended the device.
func (d *Device) Send(ctx context.Context, image string, inputs []*tensor.Tensor) (outbox.ID, error) {
	d.sending.Lock()
	defer d.sending.Unlock()
	h := d.head.Load()
	message, err := h.sender.Send(nil, inputs)
	if errors.Is(err, session.ErrReference) {
		h, message, err = d.unwatched(h.Head, inputs, err)
	}
	if err != nil {
		return outbox.ID{}, err
	}
	d.counts.watched(h.sender.Watched)
	begun := time.Now()
	e := entry{image, h.Profile, h.Ends.RestSize(), message}
	h.buf = e.append(h.buf[:0])
	id, err := d.accept(ctx, h.buf)
	if err != nil {
		return outbox.ID{}, err
	}
	d.counts.accept(len(message), h.Ends.Passing.Elements())
	d.post(event{kind: accepted, flight: &flight{id: id, since: begun, size: len(message)}})
	if id.Seq > unsynced {
		if err := d.box.Wait(ctx, id.Seq-unsynced); err != nil {
			return id, err
		}
	}
	d.counts.overhead(time.Since(begun))
	return id, context.Cause(d.ctx)
}

// unwatched sends an image, and those after it, without watching for drift: there is nothing to learn from, which costs no frame.
func (d *Device) unwatched(h Head, inputs []*tensor.Tensor, why error) (*running, []byte, error) {
	d.opt.Note(fmt.Sprintf("nobody watches for drift: %v", why))
	h.Watch.Learn = 0
	if err := d.use(h); err != nil {
		return nil, nil, err
	}
	r := d.head.Load()
	message, err := r.sender.Send(nil, inputs)
	return r, message, err
}

// accept appends to the outbox, as soon as there is room on the disk.
func (d *Device) accept(ctx context.Context, b []byte) (outbox.ID, error) {
	told := false
	for {
		if err := context.Cause(d.ctx); err != nil {
			return outbox.ID{}, err
		}
		id, err := d.box.Append(b)
		if err == nil {
			d.crowded.Store(false)
			return id, nil
		}
		full, disk := errors.Is(err, outbox.ErrFull), errors.Is(err, syscall.ENOSPC)
		if !full && !disk {
			return outbox.ID{}, err
		}
		if !told {
			d.opt.Note(fmt.Sprintf("%v; waiting for answers", err))
			told = true
		}
		d.crowded.Store(true)
		wait, cancel := context.WithTimeout(ctx, diskPatience) // a disk does not tell when it has room again
		if full {
			err = d.box.WaitRoom(wait, len(b))
		} else {
			<-wait.Done()
		}
		cancel()
		if ctx.Err() != nil {
			return outbox.ID{}, context.Cause(ctx)
		}
		if err != nil && full && !errors.Is(err, context.DeadlineExceeded) {
			return outbox.ID{}, err
		}
	}
}

// Drain returns when every frame that was accepted is answered, or reported lost.
func (d *Device) Drain(ctx context.Context) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if n, _, _ := d.box.Usage(); n == 0 {
			return nil
		}
		select {
		case <-tick.C:
		case <-d.ctx.Done():
			return context.Cause(d.ctx)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Next is the number that the next frame gets: one more than were ever accepted in this outbox.
func (d *Device) Next() uint64 { return d.box.Next() }

// Close stops the device. What is not answered stays in the outbox.
func (d *Device) Close() error {
	d.cancel(context.Canceled)
	d.work.Wait()
	d.link.Close()
	return d.box.Close()
}

// fail ends the device with an error.
func (d *Device) fail(err error) {
	if err != nil {
		d.cancel(err)
	}
}

// post tells the pump something.
func (d *Device) post(e event) {
	select {
	case d.events <- e:
	case <-d.ctx.Done():
	}
}
