package profile

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/dqa-go/dqa/internal/rans"
	"github.com/dqa-go/dqa/internal/wire"
)

// Earlier are what an edge is coded by where the codes of an earlier edge are at hand, in place of Taps and Models.
type Earlier struct {
	Edge    int // number of that edge in the profile
	Taps    Taps
	Weights [2][]int8 // by channel, of that edge's magnitudes and codes at the same place; codes where edges are two-sided
	Models  []uint8
}

// Of are the weights of channel c.
func (e *Earlier) Of(c int) (w [2]int8) {
	for k, all := range e.Weights {
		if all != nil {
			w[k] = all[c]
		}
	}
	return w
}

// sides is the number of lists of weights: of magnitudes, and of codes.
func (e *Edge) sides() int {
	if e.OneSided {
		return 1
	}
	return 2
}

// Select are the edges that numbers, in rising order, name. One whose earlier edge is not among them does without.
func Select(edges []Edge, numbers []int) []Edge {
	var out []Edge
	for _, i := range numbers {
		e := edges[i]
		if e.Earlier != nil {
			earlier := *e.Earlier
			e.Earlier = nil
			if at := slices.Index(numbers, earlier.Edge); at >= 0 {
				earlier.Edge = at
				e.Earlier = &earlier
			}
		}
		out = append(out, e)
	}
	return out
}

// Depths tells of every edge how many others have to be decoded before it, each because of the next, and whether another one needs its
// codes. They are those of a valid profile.
func Depths(edges []Edge) (depths []int, needed []bool) {
	depths, needed = make([]int, len(edges)), make([]bool, len(edges))
	for i := range edges {
		if e := edges[i].Earlier; e != nil {
			depths[i], needed[e.Edge] = depths[e.Edge]+1, true
		}
	}
	return depths, needed
}

func (e *Earlier) append(b []byte, sides int) []byte {
	b = binary.AppendUvarint(b, uint64(e.Edge))
	b = e.Taps.appendWeights(b)
	for k := range sides {
		b = append(b, byte(e.Taps.Cross[k]))
		for _, w := range e.Weights[k] {
			b = append(b, byte(w))
		}
	}
	return append(b, e.Models...)
}

func (e *Edge) readEarlier(r *wire.Reader) {
	o := &Earlier{Edge: r.Uvarint(MaxEdges-1, "earlier edge")}
	o.Taps.Grid = e.Taps.Grid
	o.Taps.readWeights(r, e)
	for k := range e.sides() {
		o.Taps.Cross[k] = int8(r.U8())
		for _, w := range r.Bytes(e.Channels) {
			o.Weights[k] = append(o.Weights[k], int8(w))
		}
	}
	o.Models = slices.Clone(r.Bytes(rans.NumTapContexts))
	e.Earlier = o
}

// validateEarlier checks what an edge alone shows.
func (e *Edge) validateEarlier() error {
	o := e.Earlier
	if o == nil {
		return nil
	}
	if e.Coder != Smallest2 || e.Taps == nil {
		return fmt.Errorf("an earlier edge, coder %s", e.Coder)
	}
	if o.Taps.Grid != e.Taps.Grid {
		return fmt.Errorf("a grid of %d, one of %d beside an earlier edge", e.Taps.Grid, o.Taps.Grid)
	}
	for k := range o.Weights {
		want := 0
		if k < e.sides() {
			want = e.Channels
		}
		if len(o.Weights[k]) != want {
			return fmt.Errorf("%d weights of an earlier edge, %d expected", len(o.Weights[k]), want)
		}
	}
	if err := e.validateWeights(&o.Taps); err != nil {
		return err
	}
	for c := range e.Channels {
		if err := o.Taps.ValidateEarlier(o.Of(c)); err != nil {
			return fmt.Errorf("channel %d: %w", c, err)
		}
	}
	return nil
}

// validateEarlierOf checks what an edge shows among the others.
func (p *Profile) validateEarlierOf(i int) error {
	e := &p.Edges[i]
	o := e.Earlier
	if o == nil {
		return nil
	}
	if o.Edge < 0 || o.Edge >= i {
		return fmt.Errorf("edge %d is not an earlier one", o.Edge)
	}
	f := &p.Edges[o.Edge]
	if f.Coder != Smallest2 || f.Channels != e.Channels || f.Rows != e.Rows || f.Cols != e.Cols {
		return fmt.Errorf("earlier edge %d is %d channels of %dx%d, coder %s; this one %d of %dx%d", o.Edge, f.Channels, f.Rows, f.Cols,
			f.Coder, e.Channels, e.Rows, e.Cols)
	}
	if len(o.Models) != rans.NumTapContexts {
		return fmt.Errorf("%d models beside an earlier edge, it needs %d", len(o.Models), rans.NumTapContexts)
	}
	return checkModels(p, o.Models, e.Bits)
}
