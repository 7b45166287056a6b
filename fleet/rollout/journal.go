package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Journal keeps events: they are appended, never changed.
type Journal interface {
	// Append adds the event that follows the last one: Number says which that is. ErrBehind: there is another one already.
	Append(ctx context.Context, e Event) error
	// Events are all, in order.
	Events(ctx context.Context) ([]Event, error)
}

// Replay is the state that events lead to. What cannot happen where it stands is counted and does nothing, for everybody alike.
func Replay(events []Event) (s State) {
	for i, e := range events {
		next, err := s.Apply(e)
		if err == nil {
			s = next
		}
		s.Revision = uint64(i + 1)
	}
	return s
}

// Memory is a Journal that ends with the process.
type Memory struct {
	mu     sync.Mutex
	events []Event
}

// Append implements Journal.
func (m *Memory) Append(_ context.Context, e Event) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e.Number != uint64(len(m.events)+1) {
		return fmt.Errorf("%w: event %d", ErrBehind, e.Number)
	}
	m.events = append(m.events, e)
	return nil
}

// Events implements Journal.
func (m *Memory) Events(context.Context) ([]Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.events), nil
}

// Where it lies on a server.
const (
	journalStream  = "DQA_ROLLOUT"
	journalSubject = "dqa.rollout.events"
	stateKey       = "state"

	maxEvent  = 256 << 10 // bytes
	maxEvents = 1 << 20
	patience  = 5 * time.Second // of reading one event
)

// Fleet is a Journal, the state and the reports on a server.
type Fleet struct {
	link *link.Link
	kv   jetstream.KeyValue
}

// OnLink finds the journal on a server; with create it is made if it is not there. Errors wrap ErrJournal.
func OnLink(ctx context.Context, l *link.Link, create bool, replicas int) (*Fleet, error) {
	if create {
		_, err := l.JS.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
			Name: journalStream, Description: "every step of every roll-out", Subjects: []string{journalSubject},
			DenyDelete: true, DenyPurge: true, Storage: jetstream.FileStorage, MaxMsgSize: maxEvent, Replicas: max(replicas, 1),
		})
		if err == nil {
			_, err = l.JS.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
				Bucket: link.RolloutBucket, Description: "what is rolled out to whom", MaxValueSize: maxEvent, MaxBytes: 256 << 20,
				Replicas: max(replicas, 1),
			})
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrJournal, err)
		}
	}
	kv, err := l.JS.KeyValue(ctx, link.RolloutBucket)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrJournal, link.RolloutBucket, err)
	}
	return &Fleet{l, kv}, nil
}

// Append implements Journal. The server compares the number.
func (f *Fleet) Append(ctx context.Context, e Event) error {
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = f.link.JS.PublishMsg(ctx, &nats.Msg{Subject: journalSubject, Data: b}, jetstream.WithExpectLastSequence(e.Number-1))
	var api *jetstream.APIError
	if errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence {
		return fmt.Errorf("%w: event %d", ErrBehind, e.Number)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrJournal, err)
	}
	return nil
}

// Events implements Journal.
func (f *Fleet) Events(ctx context.Context) ([]Event, error) {
	wrong := func(err error) ([]Event, error) { return nil, fmt.Errorf("%w: %w", ErrJournal, err) }
	stream, err := f.link.JS.Stream(ctx, journalStream)
	if err != nil {
		return wrong(err)
	}
	last := stream.CachedInfo().State.LastSeq
	if last > maxEvents {
		return wrong(fmt.Errorf("%d events", last))
	}
	consumer, err := stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverAllPolicy})
	if err != nil {
		return wrong(err)
	}
	events := make([]Event, 0, last)
	for uint64(len(events)) < last {
		batch, err := consumer.Fetch(int(min(last-uint64(len(events)), 256)), jetstream.FetchMaxWait(patience))
		if err != nil {
			return wrong(err)
		}
		before := len(events)
		for m := range batch.Messages() {
			var e Event
			_ = json.Unmarshal(m.Data(), &e) // what is none does nothing (Replay)
			events = append(events, e)
		}
		if len(events) == before || ctx.Err() != nil {
			return wrong(errors.Join(batch.Error(), ctx.Err(), fmt.Errorf("%d of %d events came", len(events), last)))
		}
	}
	return events, nil
}

// Publish tells devices the state, unless they have been told a later one.
func (f *Fleet) Publish(ctx context.Context, s State) error {
	old, err := f.Current(ctx)
	if err != nil {
		return err
	}
	if old.Revision >= s.Revision {
		return nil
	}
	b, err := json.Marshal(s)
	if err == nil {
		_, err = f.kv.Put(ctx, stateKey, b)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrJournal, err)
	}
	return nil
}

// Current is the state that devices were told last; the zero one before the first.
func (f *Fleet) Current(ctx context.Context) (s State, err error) {
	e, err := f.kv.Get(ctx, stateKey)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal(e.Value(), &s)
	}
	if err != nil {
		return State{}, fmt.Errorf("%w: %w", ErrJournal, err)
	}
	return s, nil
}

// Tell publishes a device's report under its name. Errors wrap ErrJournal.
func (f *Fleet) Tell(ctx context.Context, r Report) error {
	b, err := json.Marshal(r)
	if err == nil {
		err = link.CheckName(r.Device)
	}
	if err == nil {
		_, err = f.kv.Put(ctx, link.ReportKey(r.Device), b)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrJournal, err)
	}
	return nil
}

// Reports are the last of every device, in no order.
func (f *Fleet) Reports(ctx context.Context) (list []Report, err error) {
	watch, err := f.kv.Watch(ctx, link.ReportKey("*"), jetstream.IgnoreDeletes())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrJournal, err)
	}
	defer func() { _ = watch.Stop() }()
	for {
		select {
		case <-ctx.Done():
			return list, context.Cause(ctx)
		case e, ok := <-watch.Updates():
			if !ok || e == nil || len(list) >= maxDevices { // nil: that was all
				return list, nil
			}
			var r Report
			if json.Unmarshal(e.Value(), &r) == nil && link.ReportKey(r.Device) == e.Key() {
				list = append(list, r)
			}
		}
	}
}

// Late is a Source on a server that need not be there yet, nor have a roll-out. Errors wrap ErrJournal.
func Late(l *link.Link) Source { return late{l} }

type late struct{ link *link.Link }

func (l late) Current(ctx context.Context) (State, error) {
	f, err := OnLink(ctx, l.link, false, 1)
	if err != nil {
		return State{}, err
	}
	return f.Current(ctx)
}

func (l late) Tell(ctx context.Context, r Report) error {
	f, err := OnLink(ctx, l.link, false, 1)
	if err != nil {
		return err
	}
	return f.Tell(ctx, r)
}
