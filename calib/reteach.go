package calib

import (
	"context"
	"slices"

	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tables"
)

// Reteach is p with tables and models learned anew from the codes of the calibration's images: every value is quantized as before, and
// takes other bits. Edges get their coders as p's most effortful asks for. The result depends on nothing but p and the images.
func (c *Calibration) Reteach(ctx context.Context, p *profile.Profile) (*profile.Profile, error) {
	r := &run{Calibration: c, ctx: ctx, seed: p.Seed}
	counts, err := r.countCodes("tables", p.Edges, p.Corrections(), func(edges []profile.Edge) *tables.Counts {
		return tables.NewFor(edges, p.Coder)
	})
	if err != nil {
		return nil, err
	}
	out := *p
	out.Edges, out.Extra = slices.Clone(p.Edges), slices.Clone(p.Extra)
	counts.Teach(&out, p.Coder)
	return &out, nil
}
