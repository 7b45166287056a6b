package device

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/outbox"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// flight is a frame that is not answered.
type flight struct {
	id      outbox.ID
	since   time.Time // accepted, or found when the device began
	size    int
	attempt int
	state   state
	due     time.Time // when something must happen, unless it waits to be sent
	local   bool      // is being answered here
	ask     bool      // may have been sent before: its answer is looked for first
}

type state int

const (
	waiting  state = iota // to be sent
	sent                  // until due
	checking              // its answer is being looked for
)

type kind int

const (
	accepted kind = iota
	answered
	absent      // the server has no answer
	unknown     // the server did not say
	failed      // the message may not have arrived
	linkChanged // down or not
)

// event is what the pump is told.
type event struct {
	kind   kind
	flight *flight
	id     outbox.ID
	answer Answer
	down   bool
}

// pump decides what is sent when. All its state belongs to one goroutine.
type pump struct {
	d       *Device
	flights map[uint64]*flight
	order   []uint64 // all flights by age, and some that are gone
	queue   []uint64 // those that wait to be sent, and some that are gone
	active  int      // sent or checking
	down    bool
}

// Times of the pump.
const (
	beat       = 20 * time.Millisecond
	retrySoon  = 500 * time.Millisecond
	crowdShare = 4 // a queue of a window's fourth is a crowd: refinements are dropped
)

// begin takes over what the outbox has from earlier.
func (p *pump) begin(earlier []outbox.Item) {
	d := p.d
	for _, item := range earlier {
		f := &flight{id: item.ID, since: time.Now(), size: item.Size, ask: true}
		switch {
		case item.Damaged:
			p.flights[item.Seq] = f
			p.resolve(f, Answer{Outcome: Lost, Reason: "the disk has lost it"})
		case d.opt.Sink.Has(item.ID):
			d.fail(d.box.Done(item.Seq))
		default:
			p.add(f)
		}
	}
}

func (p *pump) add(f *flight) {
	p.flights[f.id.Seq] = f
	p.order = append(p.order, f.id.Seq)
	p.queue = append(p.queue, f.id.Seq)
}

func (p *pump) run(earlier []outbox.Item) {
	p.begin(earlier)
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		p.send()
		select {
		case e := <-p.d.events:
			p.handle(e)
		case now := <-tick.C:
			p.look(now)
		case <-p.d.ctx.Done():
			return
		}
	}
}

func (p *pump) handle(e event) {
	if e.kind == accepted {
		p.add(e.flight)
		return
	}
	if e.kind == linkChanged {
		p.down = e.down
		if !p.down {
			p.hurry()
		}
		return
	}
	f := p.flights[e.id.Seq]
	if f == nil || f.id != e.id {
		if e.kind == answered {
			p.d.counts.duplicates.Add(1)
		}
		return
	}
	switch e.kind {
	case answered:
		p.resolve(f, e.answer)
		if e.answer.Outcome == Local {
			p.answerHere(time.Now())
		}
	case absent:
		f.ask = false
		p.again(f)
	case unknown, failed:
		if f.state != waiting {
			f.state, f.due, f.ask = sent, time.Now().Add(retrySoon), true
		}
	}
}

// hurry has answers looked for soon: messages may be lost, there or back.
func (p *pump) hurry() {
	soon := time.Now().Add(retrySoon)
	for _, f := range p.flights {
		if f.state == sent && f.due.After(soon) {
			f.due = soon
		}
	}
}

// again puts a frame in front of those that wait: it is older.
func (p *pump) again(f *flight) {
	if f.state == waiting {
		return
	}
	p.active--
	f.state = waiting
	p.queue = slices.Insert(p.queue, 0, f.id.Seq)
}

// look finds what is due.
func (p *pump) look(now time.Time) {
	var ask []outbox.ID
	if p.active > 0 && !p.down {
		for _, f := range p.flights {
			if f.state == sent && now.After(f.due) {
				ask = append(ask, f.id)
			}
		}
	}
	p.check(ask)
	for len(p.order) > 0 && p.flights[p.order[0]] == nil {
		p.order = p.order[1:]
	}
	if len(p.order) == 0 {
		return
	}
	oldest := p.flights[p.order[0]]
	for _, seq := range p.order {
		f := p.flights[seq]
		if f == nil {
			continue
		}
		if p.d.opt.GiveUp == 0 || now.Sub(f.since) < p.d.opt.GiveUp {
			break
		}
		p.resolve(f, Answer{Outcome: Lost, Reason: fmt.Sprintf("no answer within %v", p.d.opt.GiveUp)})
	}
	if p.d.opt.Fallback.Local && (now.Sub(oldest.since) > p.d.opt.Patience || p.d.crowded.Load()) {
		p.answerHere(now)
	}
}

// check has answers looked for, unless the last look is not over.
func (p *pump) check(ids []outbox.ID) {
	if len(ids) == 0 {
		return
	}
	slices.SortFunc(ids, func(a, b outbox.ID) int { return int(a.Seq) - int(b.Seq) })
	select {
	case p.d.checks <- ids:
		for _, id := range ids {
			p.flights[id.Seq].state = checking
		}
	default:
	}
}

// answerHere gives the oldest frame that nobody computes to the device's own tail, if it is idle.
func (p *pump) answerHere(now time.Time) {
	for _, seq := range p.order {
		f := p.flights[seq]
		if f == nil || f.local {
			continue
		}
		if now.Sub(f.since) <= p.d.opt.Patience && !p.d.crowded.Load() {
			return
		}
		b, err := p.d.box.Read(seq)
		if err != nil {
			p.lostOnDisk(f, err)
			return
		}
		select {
		case p.d.locals <- localJob{f.id, b}:
			f.local = true
		default: // it is busy
		}
		return
	}
}

func (p *pump) lostOnDisk(f *flight, err error) {
	p.resolve(f, Answer{Outcome: Lost, Reason: err.Error()})
}

// resolve hands an answer on and forgets the frame.
func (p *pump) resolve(f *flight, a Answer) {
	if f.state != waiting {
		p.active--
	}
	delete(p.flights, f.id.Seq)
	a.ID, a.Latency = f.id, time.Since(f.since)
	if a.Image == "" {
		if b, err := p.d.box.Read(f.id.Seq); err == nil {
			if e, err := parseEntry(b); err == nil {
				a.Image = e.image
			}
		}
	}
	select {
	case p.d.answers <- a:
	case <-p.d.ctx.Done():
	}
}

// send sends what waits, as far as the window allows.
func (p *pump) send() {
	if p.down {
		return
	}
	var ask []outbox.ID
	for len(p.queue) > 0 && p.active < p.d.opt.Window {
		f := p.flights[p.queue[0]]
		switch {
		case f == nil || f.state != waiting: // it is gone
		case f.ask: // looked for in batches
			f.state, f.due = sent, time.Now()
			p.active++
			ask = append(ask, f.id)
		case !p.publish(f):
			p.check(ask)
			return
		}
		p.queue = p.queue[1:]
	}
	p.check(ask)
}

// publish sends one frame; false: not now.
func (p *pump) publish(f *flight) bool {
	b, err := p.d.box.Read(f.id.Seq)
	var e entry
	if err == nil {
		e, err = parseEntry(b)
	}
	if err != nil {
		p.lostOnDisk(f, err)
		return true
	}
	d := p.d
	message, cut := e.message, false
	if d.opt.Fallback.DropRefinements && len(p.queue) > d.opt.Window/crowdShare {
		message, cut = e.base()
	}
	m := nats.NewMsg(link.FrameSubject(d.opt.Format, e.cut(), d.opt.Name))
	m.Data = message
	m.Header.Set(link.HeaderBox, f.id.Box)
	m.Header.Set(link.HeaderSeq, strconv.FormatUint(f.id.Seq, 10))
	m.Header.Set(link.HeaderAttempt, strconv.Itoa(f.attempt))
	m.Header.Set(link.HeaderProfile, hex.EncodeToString(e.profile[:]))
	m.Header.Set(link.HeaderSent, time.Now().UTC().Format(time.RFC3339Nano))
	if err := d.opt.Sign(m); err != nil {
		d.opt.Note(err.Error())
		return false
	}
	name := fmt.Sprintf("%s/%s/%d/%d", d.opt.Name, f.id, d.started.UnixNano(), f.attempt) // of this message, not of the frame
	sending, err := d.link.JS.PublishMsgAsync(m, jetstream.WithMsgID(name))
	if err != nil {
		return false // the link is down, or full: the next beat tries again
	}
	select {
	case d.futures <- future{sending, f.id}:
	case <-d.ctx.Done():
		return false
	}
	f.state, f.due = sent, time.Now().Add(min(d.opt.Resend<<min(f.attempt, 10), maxResend))
	d.counts.send(f.attempt > 0, cut)
	f.attempt++
	f.ask = true
	p.active++
	return true
}
