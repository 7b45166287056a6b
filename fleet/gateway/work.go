package gateway

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/session"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// callPatience bounds one question to the server.
const callPatience = 5 * time.Second

// sending is an answer on its way into the stream.
type sending struct {
	job
	future  jetstream.PubAckFuture
	subject string // of the answer
	bytes   int
	failed  bool // it says that there is none
}

// work answers frames until the gateway ends and none is at hand.
func (g *Gateway) work() {
	receivers := map[*Tail]*session.Receiver{}
	for {
		select {
		case j := <-g.jobs:
			g.answer(j, receivers)
		case <-g.quit:
			for {
				select {
				case j := <-g.jobs:
					g.answer(j, receivers)
				default:
					return
				}
			}
		}
	}
}

// answer computes the answer to one frame and sends it.
func (g *Gateway) answer(j job, receivers map[*Tail]*session.Receiver) {
	subject, again, ok := addressOf(j.msg)
	if !ok { // nobody could be answered
		g.counts.refused.Add(1)
		_ = j.msg.Term()
		return
	}
	if err := g.opt.Verify(j.msg.Subject(), j.msg.Headers(), j.msg.Data()); err != nil {
		g.counts.refused.Add(1)
		g.opt.Note(err.Error())
		_ = j.msg.Term()
		return
	}
	last := uint64(0)
	if again {
		done, seq := g.answered(subject)
		if done {
			g.counts.duplicates.Add(1)
			_ = j.msg.Ack()
			return
		}
		last = seq
	}
	if j.tail = g.tailOf(j); j.tail == nil { // another gateway may have it, or this one soon
		_ = j.msg.NakWithDelay(retryAfter)
		return
	}
	if receivers[j.tail] == nil {
		receivers[j.tail] = j.tail.Ends.NewReceiver()
	}
	body, err := compute(j, receivers[j.tail])
	reply := &nats.Msg{Subject: subject, Data: body, Header: nats.Header{link.HeaderGateway: {g.opt.Name}}}
	if err != nil {
		reply.Header.Set(link.HeaderError, oneLine(err))
	}
	if err = g.opt.Sign(reply); err != nil {
		g.opt.Note(err.Error())
		_ = j.msg.NakWithDelay(retryAfter)
		return
	}
	future, err2 := g.link.JS.PublishMsgAsync(reply, jetstream.WithExpectLastSequencePerSubject(last), jetstream.WithStallWait(callPatience))
	if err2 != nil {
		_ = j.msg.NakWithDelay(retryAfter)
		return
	}
	g.sent <- sending{j, future, subject, len(j.msg.Data()), reply.Header.Get(link.HeaderError) != ""}
}

// compute is the body of the answer. A panic is an error of this frame alone.
func compute(j job, r *session.Receiver) (body []byte, err error) {
	p := parallel.Catch(func() {
		var message []byte
		if message, err = j.read(j.msg.Data()); err == nil {
			body, err = Compute(j.tail.Ends, r, message)
		}
	})
	if p != nil {
		return nil, p
	}
	if len(body) > link.MaxPayload-maxHeaders {
		return nil, fmt.Errorf("the answer has %d bytes, at most %d", len(body), link.MaxPayload-maxHeaders)
	}
	return body, err
}

// maxHeaders is room for an answer's headers.
const maxHeaders = 4 << 10

// Compute is the body of the answer to a message: the same, bit for bit, whoever computes it.
func Compute(e *session.Ends, r *session.Receiver, message []byte) ([]byte, error) {
	outputs, err := r.Receive(message)
	if err != nil {
		return nil, err
	}
	list, err := link.OutputsOf(e.Outputs(), outputs)
	if err != nil {
		return nil, err
	}
	return link.AppendAnswer(nil, link.Answer{Complete: r.Complete, Outputs: list}), nil
}

// addressOf is where the answer to a frame belongs; again tells whether there may be one already. The device is that of the subject,
// which the server has checked.
func addressOf(m jetstream.Msg) (subject string, again, ok bool) {
	device, ok := link.DeviceOf(m.Subject())
	h := m.Headers()
	box, err := hex.DecodeString(h.Get(link.HeaderBox))
	seq, err2 := strconv.ParseUint(h.Get(link.HeaderSeq), 10, 64)
	if !ok || err != nil || len(box) != 8 || err2 != nil {
		return "", false, false
	}
	meta, err := m.Metadata()
	again = err != nil || meta.NumDelivered > 1 || h.Get(link.HeaderAttempt) != "0"
	return link.AnswerSubject(device, hex.EncodeToString(box), seq), again, true
}

// answered tells whether the answers' stream has this answer; forged is the number of one in its place that no gateway gave, 0: there is
// none. Where the server does not say, the frame is computed again: a second answer is refused anyway.
func (g *Gateway) answered(subject string) (done bool, forged uint64) {
	ctx, cancel := context.WithTimeout(context.Background(), callPatience)
	defer cancel()
	m, err := link.AnswerTo(ctx, g.link, subject)
	if err != nil || m == nil {
		return false, 0
	}
	if err := g.opt.VerifyAnswer(subject, m.Header, m.Data); err != nil {
		g.counts.forged.Add(1)
		g.opt.Note("in the stream of answers: " + err.Error())
		return false, m.Sequence
	}
	return true, 0
}

// collect acknowledges frames whose answers are in the stream.
func (g *Gateway) collect() {
	for s := range g.sent {
		select {
		case <-s.future.Ok():
			g.counts.answer(s)
			g.opt.Observe(time.Since(s.arrive))
			_ = s.msg.Ack()
		case err := <-s.future.Err():
			var api *jetstream.APIError
			if errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence {
				if done, _ := g.answered(s.subject); done {
					g.counts.duplicates.Add(1)
					_ = s.msg.Ack()
					continue
				}
			}
			_ = s.msg.NakWithDelay(retryAfter)
		}
	}
}

// oneLine is an error as a header can hold it.
func oneLine(err error) string {
	const most = 500
	b := []rune(err.Error())
	for i, r := range b {
		if r < ' ' || r > '~' {
			b[i] = '?'
		}
	}
	return string(b[:min(len(b), most)])
}

// counters are what a gateway has done.
type counters struct {
	duplicates, refused, forged atomic.Int64

	mu              sync.Mutex
	answered, bytes int64
	values          int64
	latency         link.Latencies
}

func (c *counters) answer(s sending) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.failed {
		c.refused.Add(1)
		return
	}
	c.answered++
	c.bytes += int64(s.bytes)
	c.values += s.tail.Ends.Passing.Elements()
	c.latency.Add(time.Since(s.arrive))
}

// Status is what the gateway tells of itself.
func (g *Gateway) Status() link.Status {
	s := link.Status{
		Name: g.opt.Name, Role: link.RoleGateway, Time: time.Now(), Started: g.started, Program: session.Version,
		Linked: g.link.Conn.IsConnected(), ProfileFormats: link.ProfileFormats(),
	}
	for f := range g.opt.Formats {
		s.Formats = append(s.Formats, f)
	}
	slices.Sort(s.Formats)
	g.mu.Lock()
	for cut, r := range g.tails {
		if s.Cut == "" || cut.String() < s.Cut {
			t := r.first
			s.Cut, s.Edge, s.Model, s.Profile = cut.String(), t.Ends.Edge(), t.Model, hex.EncodeToString(t.Profile[:])
		}
		s.Cuts = append(s.Cuts, cut.String())
	}
	g.mu.Unlock()
	slices.Sort(s.Cuts)
	c := &g.counts
	c.mu.Lock()
	defer c.mu.Unlock()
	s.Counters = link.Counters{
		Answered: c.answered, Bytes: c.bytes, Values: c.values, Duplicates: c.duplicates.Load(), Refused: c.refused.Load(),
		Forged: c.forged.Load(),
	}
	s.Latency = c.latency.Quantiles()
	return s
}
