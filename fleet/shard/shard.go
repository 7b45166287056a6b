// Package shard spreads the settings of a sweep over machines. One of them asks, the others work: each is in the server's queue group while
// it has nothing to do, and a setting goes to one of the group. What is asked and answered is small; networks and images lie on
// every machine, and a key in the subject, made of all that results depend on, sees to it that only those meet who come to the same bits.
//
// A setting that nobody finishes is asked for again: the answers are the same whoever gives them, and the first one counts.
package shard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/report"
	"github.com/dqa-go/dqa/session"
	"github.com/nats-io/nats.go"
)

// Errors.
var (
	ErrJob  = errors.New("a setting could not be measured elsewhere")
	ErrLink = errors.New("settings cannot be shared over the link")
)

const (
	subject = "dqa.sweep." // and the key
	group   = "dqa-workers"

	nobody   = 300 * time.Millisecond // until a group in which nobody is free is asked again
	maxAsked = 256                    // settings that are asked for at once
	maxJob   = 64 << 10
)

// Signs of life of who works; tests have less patience.
var (
	beat    = 2 * time.Second
	silence = 15 * time.Second // without one, somebody else is asked
)

// Job is one setting.
type Job struct {
	Variant session.Variant `json:"variant"`
	Several bool            `json:"several"` // there are others: what cannot be measured is left out
}

// Outcome is what a setting came to; without rows it was left out, as Skipped says.
type Outcome struct {
	Result  report.Result `json:"result"`
	Skipped string        `json:"skipped,omitempty"`
}

// reply is what who works says: that it does, that it has, or that it cannot.
type reply struct {
	Working bool     `json:"working,omitempty"`
	Done    *Outcome `json:"done,omitempty"`
	Error   string   `json:"error,omitempty"`
}

// Work answers jobs, one at a time, until the context ends, which is no error. Errors wrap ErrLink.
func Work(ctx context.Context, l *link.Link, key string, do func(context.Context, Job) (Outcome, error)) error {
	for ctx.Err() == nil {
		m, err := next(ctx, l, key)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("%w: %w", ErrLink, err)
		}
		answer(ctx, m, do)
	}
	return nil
}

// next joins the group for one job. The server takes a subscription away with its first message: who works is not in the group.
func next(ctx context.Context, l *link.Link, key string) (*nats.Msg, error) {
	s, err := l.Conn.QueueSubscribeSync(subject+key, group)
	if err != nil {
		return nil, err
	}
	if err := s.AutoUnsubscribe(1); err != nil {
		return nil, err
	}
	m, err := s.NextMsgWithContext(ctx)
	if err != nil {
		_ = s.Unsubscribe() // a job that is on its way is asked for again
	}
	return m, err
}

// answer does one job, and says that it is at it.
func answer(ctx context.Context, m *nats.Msg, do func(context.Context, Job) (Outcome, error)) {
	send(m, reply{Working: true})
	quit := make(chan struct{})
	var beats sync.WaitGroup
	beats.Go(func() {
		tick := time.NewTicker(beat)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				send(m, reply{Working: true})
			case <-quit:
				return
			}
		}
	})
	r := perform(ctx, m, do)
	close(quit)
	beats.Wait()
	if ctx.Err() == nil { // else somebody else does it
		send(m, r)
	}
}

// perform is the work itself. A panic is an error of this job.
func perform(ctx context.Context, m *nats.Msg, do func(context.Context, Job) (Outcome, error)) (r reply) {
	var j Job
	if len(m.Data) > maxJob {
		return reply{Error: fmt.Sprintf("a setting of %d bytes, at most %d", len(m.Data), maxJob)}
	}
	if err := json.Unmarshal(m.Data, &j); err != nil {
		return reply{Error: err.Error()}
	}
	var o Outcome
	var err error
	if p := session.Catch(func() { o, err = do(ctx, j) }); p != nil {
		err = p
	}
	if err != nil {
		return reply{Error: err.Error()}
	}
	return reply{Done: &o}
}

func send(m *nats.Msg, r reply) {
	b, err := json.Marshal(r)
	if err != nil {
		b, _ = json.Marshal(reply{Error: err.Error()}) // a string can be written
	}
	_ = m.Respond(b) // who asked asks again
}

// Ask has all jobs done, and gives their outcomes in their order. It waits for workers without end; done is told how many jobs are
// finished, one call at a time. Errors wrap ErrJob (a worker's reason), ErrLink, and the context's.
func Ask(ctx context.Context, l *link.Link, key string, jobs []Job, done func(int)) ([]Outcome, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out := make([]Outcome, len(jobs))
	slots := make(chan struct{}, maxAsked)
	var all sync.WaitGroup
	var mu sync.Mutex
	finished := 0
	for i := range jobs {
		all.Go(func() {
			select {
			case slots <- struct{}{}:
				defer func() { <-slots }()
			case <-ctx.Done():
				return
			}
			o, err := ask(ctx, l, key, jobs[i])
			if err != nil {
				cancel(fmt.Errorf("setting %d of %d: %w", i+1, len(jobs), err))
				return
			}
			mu.Lock()
			defer mu.Unlock()
			out[i] = o
			finished++
			done(finished)
		})
	}
	all.Wait()
	if finished < len(jobs) {
		return nil, context.Cause(ctx)
	}
	return out, nil
}

// ask has one job done.
func ask(ctx context.Context, l *link.Link, key string, j Job) (Outcome, error) {
	b, err := json.Marshal(j)
	if err != nil {
		return Outcome{}, fmt.Errorf("%w: %w", ErrJob, err)
	}
	for {
		r, err := once(ctx, l, key, b)
		switch {
		case ctx.Err() != nil:
			return Outcome{}, context.Cause(ctx)
		case err != nil:
			return Outcome{}, fmt.Errorf("%w: %w", ErrLink, err)
		case r.Error != "":
			return Outcome{}, fmt.Errorf("%w: %s", ErrJob, r.Error)
		case r.Done != nil:
			return *r.Done, nil
		}
		select {
		case <-time.After(nobody):
		case <-ctx.Done():
			return Outcome{}, context.Cause(ctx)
		}
	}
}

// once asks the group once. An empty reply: nobody is free, or who was at it is silent.
func once(ctx context.Context, l *link.Link, key string, job []byte) (reply, error) {
	inbox := l.Conn.NewInbox()
	s, err := l.Conn.SubscribeSync(inbox)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = s.Unsubscribe() }()
	if err := l.Conn.PublishRequest(subject+key, inbox, job); err != nil {
		if l.Conn.IsClosed() {
			return reply{}, err
		}
		return reply{}, nil // the connection comes again
	}
	for {
		wait, cancel := context.WithTimeout(ctx, silence)
		m, err := s.NextMsgWithContext(wait)
		cancel()
		if err != nil { // silence, or nobody is in the group
			return reply{}, nil
		}
		var r reply
		if err := json.Unmarshal(m.Data, &r); err != nil {
			return reply{}, nil // no worker of ours
		}
		if !r.Working {
			return r, nil
		}
	}
}
