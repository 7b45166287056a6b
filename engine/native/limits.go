package native

import (
	"fmt"
	"math"

	"github.com/dqa-go/dqa/engine/native/kernel"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/tensor"
)

// Limits on what a network may cost, in values of four bytes. A small file can ask for any of it: with constants that
// many nodes share or that are filled by a rule, and with windows and padding larger than the image.
const (
	maxArena  = min(1<<31-1, math.MaxInt/8) // the working memory of one run; where an int has 32 bits, 1 GiB
	maxTables = 1 << 28                     // what Compile makes beside it, on top of maxCopies times the graph's constants
	maxCopies = 4
)

// budget is how much Compile may still spend.
type budget int64

func newBudget(g *graph.Graph) budget {
	b := budget(maxTables)
	for _, k := range g.Constants {
		b += maxCopies * budget(len(k.Floats)+len(k.Ints))
	}
	return b
}

// spend is called before a site is compiled.
func (b *budget) spend(s *site) error {
	*b -= budget(s.tables() + s.copies())
	if *b < 0 {
		return fmt.Errorf("%w: compiling node %q and those before it takes too much memory", graph.ErrLimit, s.Name)
	}
	return nil
}

// tables is the size of what a runner knows of positions.
func (s *site) tables() int64 {
	n := int64(0)
	for i := range s.outputs {
		n += 2 * sum(s.outShape(i))
	}
	in, out := s.shape(0), s.outShape(0)
	n += 2 * sum(in)
	switch s.Op {
	case "Conv", "ConvTranspose", "AveragePool", "MaxPool":
		positions := out
		if s.Op == "ConvTranspose" {
			positions = in
		}
		n += 2 * size(positions[min(2, len(positions)):])
		for _, k := range s.Attrs.Ints("kernel_shape") {
			n += 8 * min(k, maxValues)
		}
		if len(in) == 5 { // every output knows which taps meet what
			taps := int64(1)
			for _, k := range s.Attrs.Ints("kernel_shape") {
				taps = min(taps*min(k, maxValues), maxValues)
			}
			n += min(6+4*taps, maxValues) * size(positions[2:])
		}
	case "Where":
		n += 6 * size(out)
	case "MatMul":
		n += 4 * size(out[:max(0, len(out)-2)])
	}
	return n
}

// size is that of a tensor whose shape newSite has found small enough.
func size(shape []int) int64 { return int64(tensor.Size(shape)) }

func sum(list []int) int64 {
	total := int64(0)
	for _, v := range list {
		total += int64(v)
	}
	return total
}

// copies is the size of the constants as a runner keeps them: weights are packed, to whole tiles.
func (s *site) copies() int64 {
	n := int64(0)
	for i, name := range s.inputs {
		k := s.graph.Constants[name]
		if k == nil {
			continue
		}
		rows, tile := 1, 1
		switch {
		case i == 1 && s.Op == "Conv":
			rows, tile = k.Shape[0]/max(1, s.Attrs.Int("group", 1)), kernel.Rows
		case i == 1 && s.Op == "Gemm":
			rows, tile = k.Shape[0], panelWidth
		case i == 1 && s.Op == "ConvTranspose":
			rows, tile = tensor.Size(k.Shape[1:]), kernel.Rows
		}
		size := len(k.Floats) + len(k.Ints)
		n += int64(size/max(1, rows)) * int64(roundUp(max(1, rows), tile))
	}
	return n
}

// checkScratch refuses a step that alone needs more than an arena may have.
func (s *site) checkScratch() error {
	if s.scratch < 0 || s.scratch > maxArena {
		return fmt.Errorf("%w: node %q needs %d values of scratch space", graph.ErrLimit, s.Name, s.scratch)
	}
	return nil
}
