package session

import (
	"context"
	"fmt"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/drift"
	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/profile"
)

// ErrReference is wrapped where a profile has no reference of clean images, or images do not suffice for one.
var ErrReference = drift.ErrReference

// counted is what coding one image counted.
type counted struct {
	name  string
	edges []dqa.EdgeCounts
}

// countAll encodes images and hands over what was counted, in their order.
func (q *Quantized) countAll(ctx context.Context, data Feed, images []int, workers int, consume func(i int, c counted) error) error {
	type worker struct {
		enc      *Encoder
		counters *dqa.Counters
	}
	all := make([]worker, max(1, workers))
	return parallel.Ordered(ctx, len(images), workers, func(w, i int) (counted, error) {
		if all[w].enc == nil {
			counters := q.codec.NewCounters()
			enc := &Encoder{q: q, enc: q.codec.NewEncoder(dqa.WithCounters(counters)), allowNonFinite: true}
			all[w] = worker{enc, counters}
		}
		name, inputs, err := data.Feed(images[i])
		if err != nil {
			return counted{}, err
		}
		all[w].counters.Reset()
		if _, _, err := all[w].enc.EncodeInputs(nil, inputs); err != nil {
			return counted{}, fmt.Errorf("%s: %w", name, err)
		}
		return counted{name, append([]dqa.EdgeCounts(nil), all[w].counters.Edges...)}, nil
	}, consume)
}

// LearnReference keeps in p what coding counts of clean images, which p was calibrated on or is to be watched by; their order counts
// where they are a video. At most drift.MaxImages are run. Errors wrap ErrReference (too few images, or no edge that can be counted),
// ErrOtherModel, and those of running the network.
func (n *Network) LearnReference(ctx context.Context, p *profile.Profile, data Feed, workers int, progress Progress) error {
	bare := *p
	if err := bare.SetReference(nil); err != nil {
		return err
	}
	q, err := n.Bind(&bare)
	if err != nil {
		return err
	}
	learner, images := drift.NewLearner(p), drift.Pick(data.Len())
	if len(images) < drift.MinImages {
		return fmt.Errorf("%w: %d images, %d wanted at least", ErrReference, len(images), drift.MinImages)
	}
	err = q.countAll(ctx, data, images, workers, func(i int, c counted) error {
		progress.report("learning a reference", "images", i+1, len(images))
		learner.Add(c.edges)
		return nil
	})
	if err != nil {
		return err
	}
	r, err := learner.Reference(data.Len())
	if err != nil {
		return err
	}
	return p.SetReference(r)
}
