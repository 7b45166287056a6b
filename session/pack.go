package session

import (
	"context"
	"fmt"
	"sync"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/engine/native"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/internal/packed"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tensor"
)

// PackOptions steer a packed run. The zero value works.
type PackOptions struct {
	Threads   int  // of one image; 0 or less: one
	Simulated bool // edges are quantized and restored in float32: nothing is packed
}

// Packed is a network whose activations lie in memory packed while it runs: between layers nothing else is stored. What it
// computes equals, bit for bit, what the network computes whose hook encodes and decodes every edge. It is immutable; any
// number of goroutines may run it.
type Packed struct {
	prog    *native.Packed
	net     *Network
	profile *profile.Profile // nil: float32, in bands
	reasons map[int]string   // why edges are not packed
}

// Pack makes the network run with its activations packed as the profile says. An edge that cannot be packed (its scale is
// taken from each image) is quantized but stays float32 in memory; Plan says so. Another engine than Native is ErrEngine.
func (q *Quantized) Pack(opt PackOptions) (*Packed, error) {
	p := &Packed{net: q.net, profile: q.profile, reasons: map[int]string{}}
	forms, faster := make([]engine.Form, len(q.profile.Edges)), make([]engine.Form, len(q.profile.Edges))
	for i := range forms {
		if opt.Simulated {
			p.reasons[i] = "simulated"
			continue
		}
		f, err := packed.New(&q.profile.Edges[i], entropyOf(q.profile, i))
		if err != nil {
			p.reasons[i] = err.Error()
			continue
		}
		forms[i] = f
		if b := f.Bytes(); b != nil {
			faster[i] = b
		}
	}
	return p, p.pack(q.prog, forms, engine.PackOptions{Threads: opt.Threads, Hook: simulation(q.profile), Faster: faster})
}

// Pack makes the float32 network run in bands: with less memory than Program, and the same outputs.
func (n *Network) Pack(opt PackOptions) (*Packed, error) {
	p := &Packed{net: n}
	return p, p.pack(n.prog, nil, engine.PackOptions{Threads: opt.Threads})
}

func (p *Packed) pack(prog engine.Program, forms []engine.Form, opt engine.PackOptions) (err error) {
	own, ok := prog.(*native.Program)
	if !ok {
		return fmt.Errorf("%w: %s runs nothing packed, %s does", ErrEngine, p.net.engine, Native)
	}
	return file.Guard(func() error {
		p.prog, err = own.Pack(forms, opt)
		return err
	})
}

// entropyOf is what codes of edge i take on average by the evidence of calibration, bits per value; 0 where it says nothing.
func entropyOf(p *profile.Profile, i int) float64 {
	if p.Evidence == nil || i >= len(p.Evidence.Chosen) {
		return 0
	}
	return float64(p.Evidence.Chosen[i].Bits) / float64(p.Edges[i].Elements())
}

// simulation quantizes edges in float32, for many goroutines.
func simulation(p *profile.Profile) engine.Hook {
	pool := sync.Pool{New: func() any { return new(dqa.Codes) }}
	return func(edge int, data []float32) error {
		codes := pool.Get().(*dqa.Codes)
		codes.Simulate(&p.Edges[edge], data)
		pool.Put(codes)
		return nil
	}
}

// Simulate runs the network with every edge quantized and restored in float32: what a packed run must equal.
func (q *Quantized) Simulate(inputs []*tensor.Tensor) ([]*tensor.Tensor, error) {
	return q.prog.RunInputs(inputs, simulation(q.profile))
}

// Run computes the outputs of one input.
func (p *Packed) Run(inputs []*tensor.Tensor) ([]*tensor.Tensor, error) {
	return p.prog.RunInputs(inputs)
}

// RunAll is Network.RunAll, packed: one image after the other, each on all threads.
func (p *Packed) RunAll(ctx context.Context, data Feed, opt RunOptions) ([]Array, error) {
	all := p.net.outputArrays(data.Len())
	for i := range data.Len() {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		_, inputs, err := data.Feed(i)
		if err != nil {
			return nil, err
		}
		outputs, err := p.Run(inputs)
		if err != nil {
			return nil, err
		}
		collect(all, outputs)
		opt.Progress.report("running", "images", i+1, data.Len())
	}
	return all, nil
}

// Peak is the most bytes of activations that a run has really held; 0 before the first.
func (p *Packed) Peak() int64 { return p.prog.Peak() }

// Memory is what the float32 network takes that is not packed.
func (n *Network) Memory() (m native.Memory, ok bool) {
	own, ok := n.prog.(*native.Program)
	if ok {
		m = own.Memory()
	}
	return m, ok
}

// Plan is what running a network takes, before anything runs. Sizes are in bytes.
type Plan struct {
	Model   string `json:"model"`
	Profile string `json:"profile,omitempty"` // "": float32, in bands
	Threads int    `json:"threads"`
	Peak    int64  `json:"peak_bytes"` // of the activations of one image, without the network's input and outputs
	Packed  int64  `json:"packed_bytes"`
	Float   int64  `json:"float_bytes"`
	Work    int64  `json:"work_bytes"`
	Outputs int64  `json:"output_bytes"`
	Weights int64  `json:"weight_bytes"`
	// The float32 network as it runs without a plan, and what it could not do without.
	FloatArena int64      `json:"float_arena_bytes"`
	FloatIdeal int64      `json:"float_ideal_bytes"`
	Limit      int64      `json:"limit_bytes,omitempty"` // that was asked for
	Kept       bool       `json:"limit_kept"`            // Peak is within the limit
	Nodes      []PlanNode `json:"nodes"`
}

// PlanNode is a node, or nodes that run as one.
type PlanNode struct {
	Name   string `json:"name"`
	Op     string `json:"op"`
	Stored string `json:"stored"`         // packed, float, output, or "on demand": rows are computed when they are read
	Form   string `json:"form,omitempty"` // planes or bytes, of what is packed, or else of what is rounded as if it was
	Bytes  int64  `json:"bytes"`
	Work   int64  `json:"work_bytes"`
	Live   int64  `json:"live_bytes"` // of all activations while it runs
	Rows   int    `json:"rows"`       // of a band
	Bands  int    `json:"bands"`
	Whole  string `json:"whole,omitempty"`      // why it does not run in bands
	Float  string `json:"not_packed,omitempty"` // why a profile's edge is not packed
}

// NewPlan tells what the packed run takes; limit is in bytes, 0 for none.
func (p *Packed) NewPlan(limit int64) *Plan {
	e := p.prog.Plan()
	m := p.prog.Program().Memory()
	plan := &Plan{
		Model: p.net.name, Threads: e.Threads, Peak: e.Peak, Packed: e.Packed, Float: e.Float,
		Work: e.Work, Outputs: e.Outputs, Weights: e.Weights,
		FloatArena: m.Arena, FloatIdeal: m.Ideal, Limit: limit, Kept: limit == 0 || e.Peak <= limit,
	}
	if p.profile != nil {
		plan.Profile = p.profile.Setting.Name
	}
	for _, n := range e.Nodes {
		node := PlanNode{Name: n.Name, Op: n.Op, Stored: n.Stored, Form: n.Form, Bytes: n.Bytes, Work: n.Work, Live: n.Live, Rows: n.Rows,
			Bands: n.Bands, Whole: n.Whole}
		node.Float = p.reasons[n.Edge]
		plan.Nodes = append(plan.Nodes, node)
	}
	return plan
}
