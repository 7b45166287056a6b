// Package tables teaches the coders: codes of a few samples are counted, and of the counts are made what a profile's
// edges hold for their coders. It knows no network and no calibration:
//
//	counts, err := tables.Count(p.Edges, samples)
//	counts.Teach(p, profile.Smallest)
//
// and p is ready for dqa.NewCodec.
package tables

import (
	"fmt"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/profile"
)

// Counts are how often the codes of every edge were seen. They belong to one goroutine.
type Counts struct {
	edges []edgeCounts
	image uint32 // a number made of what the image at hand holds, the same for all of its edges
}

// New has seen nothing yet. edges say how tensors are quantized and cut; their coders, tables and models are ignored.
func New(edges []profile.Edge) *Counts {
	return newCounts(edges, func(profile.Coder) bool { return true })
}

// NewFor counts what one coder is taught with, which is a part of what all are. Teach knows no other then.
func NewFor(edges []profile.Edge, coder profile.Coder) *Counts {
	return newCounts(edges, func(c profile.Coder) bool { return c == coder })
}

func newCounts(edges []profile.Edge, taught func(profile.Coder) bool) *Counts {
	c := &Counts{edges: make([]edgeCounts, len(edges))}
	for i := range edges {
		c.edges[i] = newEdgeCounts(&edges[i], len(edges), taught)
	}
	return c
}

// Count quantizes samples and counts their codes: samples[i][e] is what edge e holds for image i, row-major.
func Count(edges []profile.Edge, samples [][][]float32) (*Counts, error) {
	for i := range edges {
		e := edges[i]
		e.Coding = profile.Coding{Coder: profile.Raw, Refine: e.Refine}
		if err := e.Validate(); err != nil {
			return nil, fmt.Errorf("edge %d %q: %w", i, e.Name, err)
		}
	}
	c := New(edges)
	var codes dqa.Codes
	for i, image := range samples {
		if len(image) != len(edges) {
			return nil, fmt.Errorf("image %d has %d tensors, there are %d edges", i, len(image), len(edges))
		}
		for e, data := range image {
			if len(data) != edges[e].Elements() {
				return nil, fmt.Errorf("image %d, edge %q: %d values, want %d", i, edges[e].Name, len(data), edges[e].Elements())
			}
			codes.Quantize(&edges[e], data)
			c.Add(e, codes.Wide)
		}
	}
	return c, nil
}

// Add counts the codes of one image in an edge: dqa.Codes.Wide. Edges come in their order.
func (c *Counts) Add(edge int, wide []int16) {
	if edge == 0 {
		c.image = hash(wide)
	}
	c.edges[edge].add(wide, c.image)
}

// hash is FNV-1a of codes.
func hash(wide []int16) uint32 {
	h := uint32(2166136261)
	for _, c := range wide {
		h = (h ^ uint32(uint16(c))) * 16777619
	}
	return h ^ h>>16
}

// Merge adds what another one has seen of the same edges.
func (c *Counts) Merge(other *Counts) {
	for i := range c.edges {
		c.edges[i].merge(&other.edges[i])
	}
}

// Entropy is the mean length of a code, in bits, by the distribution of its own channel: what a coder that looks at
// nothing but the channel can reach.
func (c *Counts) Entropy() float64 {
	var all slots
	for i := range c.edges {
		all = append(all, c.edges[i].channels.slots...)
	}
	return all.entropy()
}
