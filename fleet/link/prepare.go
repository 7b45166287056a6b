package link

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// What Prepare makes where Options say nothing.
const (
	DefaultMaxBytes   = 1 << 30
	DefaultKeep       = 7 * 24 * time.Hour
	DefaultMaxAnswers = 1 << 18
)

// duplicateWindow is how long the server itself knows a message that was sent twice, because its acknowledgement was lost.
const duplicateWindow = 2 * time.Minute

// Prepare makes the streams and the bucket of statuses, or brings them to what the options say. It may be called by everybody, any
// number of times. Errors wrap ErrStream.
func (l *Link) Prepare(ctx context.Context) error {
	opt := l.opt.filled()
	streams := []jetstream.StreamConfig{{
		Name: Frames, Description: "frames on their way to gateways", Subjects: []string{framesPrefix + ">"},
		MaxBytes: opt.MaxBytes,
	}, {
		Name: Answers, Description: "answers, one per frame", Subjects: []string{answersPrefix + ">"},
		MaxBytes: opt.MaxBytes, MaxMsgs: opt.MaxAnswers, AllowDirect: true,
	}}
	for _, s := range streams {
		s.Retention, s.Discard, s.Storage = jetstream.LimitsPolicy, jetstream.DiscardOld, jetstream.FileStorage
		s.MaxAge, s.MaxMsgSize, s.Duplicates, s.Replicas = opt.Keep, MaxPayload, min(duplicateWindow, opt.Keep), opt.Replicas
		if _, err := l.JS.CreateOrUpdateStream(ctx, s); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrStream, s.Name, err)
		}
	}
	_, err := l.JS.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket: StatusBucket, Description: "what devices and gateways tell of themselves", MaxValueSize: 64 << 10,
		MaxBytes: 64 << 20, TTL: opt.Keep, Replicas: opt.Replicas,
	})
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrStream, StatusBucket, err)
	}
	return nil
}

func (o Options) filled() Options {
	o.Replicas = max(o.Replicas, 1)
	if o.MaxBytes <= 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.Keep <= 0 {
		o.Keep = DefaultKeep
	}
	if o.MaxAnswers <= 0 {
		o.MaxAnswers = DefaultMaxAnswers
	}
	return o
}
