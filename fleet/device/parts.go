package device

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/dqa-go/dqa/fleet/gateway"
	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/outbox"
	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/session"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// future is a message on its way into the stream.
type future struct {
	jetstream.PubAckFuture
	id outbox.ID
}

// callPatience bounds one question to the server.
const callPatience = 5 * time.Second

// watching tells the pump which messages have not arrived.
func (d *Device) watching() {
	for {
		select {
		case f := <-d.futures:
			select {
			case <-f.Ok():
			case <-f.Err():
				d.post(event{kind: failed, id: f.id})
			case <-d.ctx.Done():
				return
			}
		case <-d.ctx.Done():
			return
		}
	}
}

// Answers that wait in this process; those for which there is no room are found by checking.
const (
	maxWaiting      = 4 * link.MaxPending
	maxWaitingBytes = 4 * link.MaxPayload
)

// listen takes answers as gateways give them, whether they come into the stream or not; earlier ones, and those that come while the link is
// away, are found by checking. It costs the server no consumer.
func (d *Device) listen() error {
	heard, err := d.link.Conn.Subscribe(link.AnswerFilter(d.opt.Name), func(m *nats.Msg) {
		if _, box, seq, ok := link.AnswerOf(m.Subject); ok && d.genuine(m.Subject, m.Header, m.Data) {
			d.post(event{kind: answered, id: outbox.ID{Box: box, Seq: seq}, answer: answerOf(m.Header.Get, m.Data)})
		}
	})
	if err == nil {
		err = heard.SetPendingLimits(maxWaiting, maxWaitingBytes)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", link.ErrStream, err)
	}
	return nil
}

// genuine tells whether a gateway gave an answer; another is counted, and the frame goes on waiting.
func (d *Device) genuine(subject string, h nats.Header, body []byte) bool {
	err := d.opt.Verify(subject, h, body)
	if err != nil {
		d.counts.forged.Add(1)
		d.forged.Do(func() { d.opt.Note(fmt.Sprintf("an answer is refused, and others like it: %v", err)) })
	}
	return err == nil
}

// answerOf reads an answer's message. What it holds is looked at by who wants it.
func answerOf(header func(string) string, body []byte) Answer {
	a := Answer{Outcome: Answered, By: header(link.HeaderGateway), Reason: header(link.HeaderError), Body: body}
	if a.Reason != "" {
		a.Outcome = Refused
	} else if _, err := link.ParseAnswer(body); err != nil {
		a.Outcome, a.Reason = Refused, err.Error()
	}
	return a
}

// checking looks for answers in the stream.
func (d *Device) checking() {
	for {
		select {
		case ids := <-d.checks:
			for _, id := range ids {
				d.post(d.check(id))
			}
		case <-d.ctx.Done():
			return
		}
	}
}

func (d *Device) check(id outbox.ID) event {
	ctx, cancel := context.WithTimeout(d.ctx, callPatience)
	defer cancel()
	m, err := link.AnswerTo(ctx, d.link, link.AnswerSubject(d.opt.Name, id.Box, id.Seq))
	switch {
	case err != nil:
		return event{kind: unknown, id: id}
	case m == nil || !d.genuine(m.Subject, m.Header, m.Data): // sent again, the frame is answered in its place
		return event{kind: absent, id: id}
	}
	return event{kind: answered, id: id, answer: answerOf(m.Header.Get, m.Data)}
}

// localJob is a frame that the device answers itself.
type localJob struct {
	id    outbox.ID
	entry []byte
}

// answering answers frames here, with the tail of the head that made them.
func (d *Device) answering() {
	type tail struct {
		ends     *session.Ends
		receiver *session.Receiver
	}
	tails := map[[32]byte]tail{} // by profile
	for {
		select {
		case j := <-d.locals:
			h := d.head.Load()
			if tails[h.Profile].ends == nil {
				tails[h.Profile] = tail{h.Ends, h.Ends.NewReceiver()}
			}
			e, err := parseEntry(j.entry)
			t, ok := tails[e.profile]
			if err != nil || !ok {
				continue // a head that is gone made it: a gateway must answer
			}
			var body []byte
			if p := parallel.Catch(func() { body, err = gateway.Compute(t.ends, t.receiver, e.message) }); p != nil {
				err = p
			}
			a := Answer{Outcome: Local, Image: e.image, Body: body}
			if err != nil {
				a.Outcome, a.Reason = Refused, err.Error()
			}
			d.post(event{kind: answered, id: j.id, answer: a})
		case <-d.ctx.Done():
			return
		}
	}
}

// finish hands answers to the sink, as many at once as there are, and has the outbox forget their frames.
func (d *Device) finish() {
	for {
		select {
		case a := <-d.answers:
			batch := []Answer{a}
			for more := true; more && len(batch) < link.MaxPending; {
				select {
				case a := <-d.answers:
					batch = append(batch, a)
				default:
					more = false
				}
			}
			if err := d.put(batch); err != nil {
				d.fail(err)
				return
			}
		case <-d.ctx.Done():
			return
		}
	}
}

func (d *Device) put(batch []Answer) error {
	seqs := make([]uint64, len(batch))
	for i, a := range batch {
		if err := d.opt.Sink.Put(a); err != nil {
			return err
		}
		seqs[i] = a.Seq
	}
	if err := d.flush(); err != nil {
		return err
	}
	for _, a := range batch {
		d.counts.answer(a)
		if a.Outcome != Lost {
			d.opt.Observe(a.Latency)
		}
	}
	if err := d.box.Done(seqs...); err != nil {
		d.opt.Note(err.Error()) // a full disk; the outbox tries again
	}
	return nil
}

// flush tries again where the disk is full: answers that come meanwhile wait.
func (d *Device) flush() error {
	for told := false; ; told = true {
		err := d.opt.Sink.Flush()
		if !errors.Is(err, syscall.ENOSPC) {
			return err
		}
		if !told {
			d.opt.Note(fmt.Sprintf("%v; waiting for room", err))
		}
		select {
		case <-time.After(diskPatience):
		case <-d.ctx.Done():
			return err
		}
	}
}
