package inspect

import (
	"context"

	"github.com/dqa-go/dqa/session"
)

// Costs are what running a network up to and from every edge takes.
type Costs struct {
	Model   string             `json:"model"`   // as it was given
	Seconds float64            `json:"seconds"` // of a whole pass
	Edges   []session.EdgeCost `json:"edges"`
}

// MeasureCosts runs a model on one core, once per edge and more. Errors are those of session.Open, and the context's.
func MeasureCosts(ctx context.Context, model string, opt session.Options) (*Costs, error) {
	net, err := session.Open(model, opt)
	if err != nil {
		return nil, err
	}
	seconds, edges, err := net.Costs(ctx)
	if err != nil {
		return nil, err
	}
	return &Costs{Model: model, Seconds: seconds, Edges: edges}, nil
}
