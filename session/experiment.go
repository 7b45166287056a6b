//go:build !device

package session

import (
	"slices"

	"github.com/dqa-go/dqa/calib"
	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/graph"
)

// Experiment changes what graded measures or leaves parts of it out, to see what they are worth. The zero value changes
// nothing.
type Experiment struct {
	Objective calib.Objective   // what curves measure; zero: by the kind of the outputs
	Also      []calib.Objective // those of other calibrations with the same Store: one pass measures all
	NoBiases  bool
	NoRowSums bool // rows that sum to 1 are quantized as if they did not
}

// program is what is calibrated.
func (x *Experiment) program(prog engine.Program) engine.Program {
	if x.NoRowSums {
		return withoutRows{prog}
	}
	return prog
}

// withoutRows hides which edges have row sums.
type withoutRows struct{ engine.Program }

func (p withoutRows) Edges() []graph.Edge {
	edges := slices.Clone(p.Program.Edges())
	for i := range edges {
		edges[i].RowSums = false
	}
	return edges
}
