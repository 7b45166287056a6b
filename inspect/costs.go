package inspect

import (
	"context"

	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/session"
	"github.com/dqa-go/dqa/tensor"
)

// Costs are what running a network up to and from every edge takes.
type Costs struct {
	Model   string     `json:"model"`   // as it was given
	Seconds float64    `json:"seconds"` // of a whole pass
	Edges   []EdgeCost `json:"edges"`
}

// EdgeCost is what a cut at an edge takes.
type EdgeCost struct {
	Name string  `json:"name"`
	Head float64 `json:"head"` // relative to a whole pass
	Tail float64 `json:"tail"`
	Live int     `json:"live_tensors"` // at the cut
}

// MeasureCosts runs a model on one core, once per edge and more. Errors are those of session.Open, and the context's.
func MeasureCosts(ctx context.Context, model string, opt session.Options) (*Costs, error) {
	net, err := session.Open(model, opt)
	if err != nil {
		return nil, err
	}
	x := tensor.New(net.Graph().Input.Shape...)
	whole, costs, err := engine.Costs(ctx, net.Program(), x, nil)
	if err != nil {
		return nil, err
	}
	v := &Costs{Model: model, Seconds: whole.Seconds()}
	for i, e := range net.Edges() {
		state, err := net.Program().RunTo(i, x, nil)
		if err != nil {
			return nil, err
		}
		v.Edges = append(v.Edges, EdgeCost{e.Name, costs[i].Head, costs[i].Tail, len(state.Tensors)})
	}
	return v, nil
}
