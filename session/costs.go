package session

import (
	"context"

	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/tensor"
)

// EdgeCost is what a cut at an edge takes.
type EdgeCost struct {
	Name string  `json:"name"`
	Head float64 `json:"head"` // relative to a whole pass
	Tail float64 `json:"tail"`
	Live int     `json:"live_tensors"` // at the cut
}

// Costs measures a whole pass, in seconds, and cuts at every edge, on one core. Errors are the context's and of running.
func (n *Network) Costs(ctx context.Context) (seconds float64, edges []EdgeCost, err error) {
	x := tensor.New(n.Graph().Input.Shape...)
	whole, costs, err := engine.Costs(ctx, n.Program(), x, nil)
	if err != nil {
		return 0, nil, err
	}
	for i, e := range n.Edges() {
		state, err := n.Program().RunTo(i, x, nil)
		if err != nil {
			return 0, nil, err
		}
		edges = append(edges, EdgeCost{e.Name, costs[i].Head, costs[i].Tail, len(state.Tensors)})
	}
	return whole.Seconds(), edges, nil
}
