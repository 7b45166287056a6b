//go:build !device

package session

import (
	"context"
	"fmt"

	"github.com/dqa-go/dqa/corrupt"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/report"
)

// The stream of the demonstration: clean images, then the same with less contrast; and what repairs the profile.
const (
	demoClean, demoChanged, demoRepair = 100, 60, 64
	demoKind                           = corrupt.Contrast
	demoSeverity                       = 4
)

// demoDrift watches test images that change, and repairs the profile. Without as many images as that takes there is none.
func (n *Network) demoDrift(
	ctx context.Context, p *profile.Profile, clean string, test *dataset.Inputs, opt DemoOptions,
) (*report.Drift, error) {
	if test.Len() < demoClean+demoChanged+demoRepair {
		return nil, nil
	}
	calibration, err := n.Data(clean)
	if err != nil {
		return nil, err
	}
	own := *p
	if err := n.LearnReference(ctx, &own, calibration, opt.Workers, opt.Progress); err != nil {
		return nil, err
	}
	q, err := n.Bind(&own)
	if err != nil {
		return nil, err
	}
	src := test.Source()
	dark, err := corrupt.Source(src, corrupt.Corruption{Kind: demoKind, Severity: demoSeverity, Seed: DemoSeed})
	if err != nil {
		return nil, err
	}
	watched := &changing{src, dark}
	stream, err := n.inputsOf(watched, 0, demoClean+demoChanged)
	if err != nil {
		return nil, err
	}
	found, err := q.Drift(ctx, stream, DriftOptions{Workers: opt.Workers, Seed: DemoSeed, Progress: opt.Progress})
	if err != nil {
		return nil, err
	}
	now, err := n.inputsOf(dark, demoClean+demoChanged, demoClean+demoChanged+demoRepair)
	if err != nil {
		return nil, err
	}
	made, err := n.Recalibrate(ctx, &own, now, RecalibrateOptions{Workers: opt.Workers, Progress: opt.Progress, Reason: "demo"})
	if err != nil {
		return nil, err
	}
	d := &report.Drift{
		Images: found.Images, Change: demoClean, What: fmt.Sprintf("%s, severity %d", demoKind, demoSeverity), Alarms: []int{},
		Before: report.Shadow(made.Before), After: report.Shadow(made.After), Repaired: made.Accepted, Learned: made.Used,
	}
	for _, a := range found.Alarms {
		if d.Alarms = append(d.Alarms, a.Image); d.Like == "" {
			d.Like = string(a.Like)
		}
	}
	return d, nil
}

// inputsOf are images [from, to) of a source as the network wants them.
func (n *Network) inputsOf(src dataset.Source, from, to int) (*dataset.Inputs, error) {
	part, err := dataset.Slice(src, from, to)
	if err != nil {
		return nil, err
	}
	return n.Inputs(part)
}

// changing are the images of one source up to demoClean, then those of another.
type changing struct {
	dataset.Source
	after dataset.Source
}

func (c *changing) Sample(i int) (dataset.Sample, error) {
	if i < demoClean {
		return c.Source.Sample(i)
	}
	return c.after.Sample(i)
}

func (c *changing) Digest() ([32]byte, error) { return dataset.Digest(c) }
