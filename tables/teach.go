package tables

import (
	"context"
	"fmt"
	"runtime"
	"slices"

	"github.com/dqa-go/dqa/internal/huffman"
	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/profile"
)

// Teach gives all edges of a profile one coder, and the coder its tables and models; edges that it cannot store get
// one near it. Edges of the coder Smallest2
// get larger tiles than those counted. The profile's edges are those that were counted, or it panics.
func (c *Counts) Teach(p *profile.Profile, coder profile.Coder) {
	c.teach(p, coder, func(i int) profile.Coder { return c.edges[i].ableCoder(coder) })
}

// ableCoder is the coder, or one near it that can store the edge.
func (c *edgeCounts) ableCoder(coder profile.Coder) profile.Coder {
	switch {
	case coder == profile.Paper && c.edge.Refine > 0: // it has no shift errors
		return profile.Raw
	case coder == profile.Fast && c.prefix == nil && c.edge.Escape: // nor can raw
		return profile.Small
	case coder == profile.Fast && c.prefix == nil:
		return profile.Raw
	case coder == profile.Smallest2 && c.taps == nil:
		return c.ableCoder(profile.Smallest)
	case coder == profile.Smallest && c.contexts.slots.size() >= c.channels.slots.size():
		return profile.Small
	}
	return coder
}

// teach gives edge i the coder of(i); asked is the most effort that was asked for.
func (c *Counts) teach(p *profile.Profile, asked profile.Coder, of func(i int) profile.Coder) {
	if len(p.Edges) != len(c.edges) {
		panic(fmt.Sprintf("tables: a profile of %d edges, %d were counted", len(p.Edges), len(c.edges)))
	}
	p.Coder = asked
	for i := range p.Edges {
		e := &p.Edges[i]
		e.Coding, e.Tile = profile.Coding{Coder: of(i), Refine: e.Refine}, c.edges[i].edge.Tile
		if e.Coder == profile.Smallest2 {
			e.Tile = wholeRows(e)
		}
		if e.Coder == profile.Fast {
			params := c.edges[i].prefix.Build()
			e.Prefix = &params
		}
		if e.NumSymbols() > 0 {
			e.Table = huffman.BuildLengths(c.edges[i].shift)
		}
	}
	c.setModels(p)
}

// wholeRows is a tile of all rows: at the upper end of a band neighbours are missing, which costs 3 to 8 % of the codes. Several
// channels leave several lanes to a coder.
func wholeRows(e *profile.Edge) profile.Tile {
	const values, channels = 256 << 10, 4
	return profile.Tile{Channels: min(e.Channels, max(channels, values/e.PlaneSize())), Rows: e.Rows}
}

// How many probability models a network gets for each size of alphabet (METHOD section 4.4): a model per channel saves
// 2 % of the codes and costs more than that in the profile and on other images. Neighbourhoods differ more: 128 models
// instead of 32 save 1 % on ResNet-32 and 6 % on ESPNet's 113 edges, and make profiles 1 to 6 KiB larger.
const (
	channelModels = 16
	contextModels = 128
)

// setModels gives the profile's models and the choice of them to every edge whose coder has any.
func (c *Counts) setModels(p *profile.Profile) {
	chosen, limit := make([]slots, len(c.edges)), channelModels
	for i := range c.edges {
		if coder := p.Edges[i].Coder; coder == profile.Smallest || coder == profile.Smallest2 {
			limit = contextModels
		}
	}
	_ = parallel.Ordered(context.Background(), len(chosen), runtime.GOMAXPROCS(0), func(_, i int) (slots, error) {
		return c.slotsOf(p, i), nil
	}, func(i int, s slots) error {
		chosen[i] = s
		return nil
	})
	models, numbers := cluster(chosen, limit)
	p.Frequencies = models
	for i := range p.Edges {
		e := &p.Edges[i]
		if e.Coder.Modelled() {
			e.Models = numbers[i][:e.NumModels():e.NumModels()]
		}
		if e.Earlier != nil {
			e.Earlier.Models = numbers[i][e.NumModels():]
		}
	}
}

// slotsOf are those of edge i of a profile by its coder, which is taught for them what is not a model.
func (c *Counts) slotsOf(p *profile.Profile, i int) slots {
	counts := &c.edges[i]
	switch p.Edges[i].Coder {
	case profile.Small:
		return slices.Concat(counts.channels.slots, counts.refinements)
	case profile.Smallest:
		return slices.Concat(counts.contexts.slots, counts.refinements)
	case profile.Smallest2:
		coding := counts.taps.teach(counts.channels.means(), p.Edges[i].Tile.Rows)
		p.Edges[i].Taps = coding.taps
		if beside := c.besideEarlier(p, i); beside != nil {
			return slices.Concat(coding.slots, beside.slots)
		}
		return coding.slots
	}
	return nil
}
