package session

import (
	"context"
	"fmt"
	"io"

	"github.com/dqa-go/dqa/internal/text"
)

// Runner runs a network on many images: in float32, on stored activations, or packed.
type Runner struct {
	net    *Network
	mode   string
	all    func(context.Context, Feed, RunOptions) ([]Array, error)
	packed *Packed // nil: neither packed nor on several threads
	opt    PackOptions
}

// NewRunner runs the float network. More than one thread on another engine than Native is ErrEngine.
func (n *Network) NewRunner(opt PackOptions) (*Runner, error) {
	r := &Runner{net: n, mode: "float", all: n.RunAll, opt: opt}
	return r, r.pack(opt.Threads > 1, n.Pack)
}

// NewRunner runs the network on stored activations, packed unless the options say Simulated. Errors are those of Pack.
func (q *Quantized) NewRunner(opt PackOptions) (*Runner, error) {
	r := &Runner{net: q.net, mode: "simulated", opt: opt}
	r.all = func(ctx context.Context, data Feed, o RunOptions) ([]Array, error) {
		return q.RunAll(ctx, data, o, false)
	}
	if !opt.Simulated {
		r.mode = "packed"
	}
	return r, r.pack(!opt.Simulated || opt.Threads > 1, q.Pack)
}

func (r *Runner) pack(wanted bool, pack func(PackOptions) (*Packed, error)) (err error) {
	if !wanted {
		return nil
	}
	if r.packed, err = pack(r.opt); err == nil {
		r.all = r.packed.RunAll
	}
	return err
}

// Network is the one that runs.
func (r *Runner) Network() *Network { return r.net }

// RunAll runs all images, as Network.RunAll does: packed or on several threads one after the other, else on several workers.
func (r *Runner) RunAll(ctx context.Context, data Feed, opt RunOptions) ([]Array, error) {
	return r.all(ctx, data, opt)
}

// RunSummary is what a run came to.
type RunSummary struct {
	Output  string           `json:"output"`
	Images  int              `json:"images"`
	Outputs map[string][]int `json:"outputs"` // shapes, images first
	Engine  string           `json:"engine"`
	Mode    string           `json:"mode"` // float, simulated or packed
	Threads int              `json:"threads"`
	Peak    int64            `json:"peak_bytes"` // of activations, per image; 0: the engine does not tell
}

// Summary sums up a run that is done: its arrays were written to output.
func (r *Runner) Summary(output string, images int, arrays []Array) *RunSummary {
	s := &RunSummary{
		Output: output, Images: images, Outputs: map[string][]int{}, Engine: r.net.Engine(), Mode: r.mode, Threads: r.opt.Threads,
	}
	if m, ok := r.net.Memory(); ok {
		s.Peak = m.Arena
	}
	if r.packed != nil {
		s.Peak = r.packed.Peak()
	}
	for _, a := range arrays {
		s.Outputs[a.Name] = a.Shape
	}
	return s
}

// WriteText writes a summary as people read it.
func (s *RunSummary) WriteText(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s: %d images, outputs %v, engine %s, %s; activations take %s per image\n",
		s.Output, s.Images, s.Outputs, s.Engine, s.Mode, text.Size(s.Peak))
	return err
}
