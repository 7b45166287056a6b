package calib

import (
	"fmt"
	"slices"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/profile"
)

// Fit plans the coding of tensors of any origin: edges say how they are quantized (their coders, tables and models are
// ignored), images[i][e] is what edge e holds for image i, row-major. Setting only describes it.
func Fit(setting profile.Setting, edges []profile.Edge, images [][][]float32) (*Plan, error) {
	edges = slices.Clone(edges)
	for i := range edges {
		edges[i].Coder, edges[i].Table, edges[i].Prefix, edges[i].Models = profile.Raw, nil, nil, nil
	}
	p := &Plan{Setting: setting, Edges: edges, counts: newCounts(edges)}
	var codes dqa.Codes
	for i, image := range images {
		if len(image) != len(edges) {
			return nil, fmt.Errorf("image %d has %d tensors, there are %d edges", i, len(image), len(edges))
		}
		for e, data := range image {
			if len(data) != edges[e].Elements() {
				return nil, fmt.Errorf("image %d, edge %q: %d values, want %d", i, edges[e].Name, len(data), edges[e].Elements())
			}
			codes.Quantize(&edges[e], data)
			p.counts[e].add(&edges[e], codes.Wide)
		}
	}
	return p, nil
}

// Entropy is the mean length of a code, in bits, by the distribution of its own channel: what a coder that looks at
// nothing but the channel can reach.
func (p *Plan) Entropy() float64 {
	bits, values := 0.0, 0.0
	for _, c := range p.counts {
		for _, n := range c.channels {
			k := slotCounts{counts: n}
			k.measure()
			bits += k.mean * k.total
			values += k.total
		}
	}
	return bits / max(1, values)
}
