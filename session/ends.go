package session

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tensor"
)

// Ends are a quantized network that is cut between two machines: senders run the head, receivers the tail. What passes is a message: a
// frame of the edges that pass, and behind it, as float32 in little-endian order, what passes and is no edge. The outputs that a
// receiver computes are those of the whole quantized network, bit for bit. It is immutable.
type Ends struct {
	Passing  *profile.Profile // of the frames
	edge     string
	sender   *Quantized
	receiver *Quantized
	rest     []graph.Value // what passes behind the frame
	inputs   []passed      // of the tail
	outputs  []passed      // of the whole network
	names    []string
}

// passed says where a tensor comes from: the number of an edge in the frame, of what lies behind it, or of an output of the tail; the
// others are -1.
type passed struct {
	edge, rest, tail int
	shape            []int
}

// Ends cuts the network behind an edge, by name or number. Errors are those of Split.
func (q *Quantized) Ends(at string) (*Ends, error) {
	parts, err := q.Split(at)
	if err != nil {
		return nil, err
	}
	e := &Ends{Passing: parts.Passing, edge: parts.Edge}
	head, err := Parse("head.onnx", parts.HeadModel, q.partOptions(parts.HeadProfile, false))
	if err != nil {
		return nil, fmt.Errorf("head: %w", err)
	}
	if e.sender, err = head.Bind(parts.HeadProfile); err == nil {
		e.sender, err = e.sender.Storing(parts.Passing)
	}
	if err != nil {
		return nil, fmt.Errorf("head: %w", err)
	}
	tail, err := Parse("tail.onnx", parts.TailModel, q.partOptions(parts.TailProfile, true))
	if err != nil {
		return nil, fmt.Errorf("tail: %w", err)
	}
	if e.receiver, err = tail.Bind(parts.TailProfile); err != nil {
		return nil, fmt.Errorf("tail: %w", err)
	}
	e.connect(q.net.graph)
	return e, nil
}

// partOptions open a part as the whole network was.
func (q *Quantized) partOptions(p *profile.Profile, part bool) Options {
	opt := OptionsOf(p)
	opt.Part, opt.Engine, opt.ORTLibrary, opt.Data = part, q.net.opt.Engine, q.net.opt.ORTLibrary, q.net.opt.Data
	return opt
}

// connect finds out what has to pass, and where it comes from.
func (e *Ends) connect(whole *graph.Graph) {
	find := func(v graph.Value) passed {
		p := passed{edge: -1, rest: -1, tail: -1, shape: v.Shape}
		p.edge = slices.IndexFunc(e.Passing.Edges, func(edge profile.Edge) bool { return edge.Name == v.Name })
		if p.edge < 0 {
			same := func(r graph.Value) bool { return r.Name == v.Name }
			if p.rest = slices.IndexFunc(e.rest, same); p.rest < 0 {
				p.rest = len(e.rest)
				e.rest = append(e.rest, v)
			}
		}
		return p
	}
	for _, v := range e.receiver.net.graph.Inputs() {
		e.inputs = append(e.inputs, find(v))
	}
	tail := e.receiver.net.graph.Outputs
	for _, v := range whole.Outputs {
		k := slices.IndexFunc(tail, func(o graph.Value) bool { return o.Name == v.Name })
		if k >= 0 {
			e.outputs = append(e.outputs, passed{edge: -1, rest: -1, tail: k, shape: v.Shape})
		} else {
			e.outputs = append(e.outputs, find(v))
		}
		e.names = append(e.names, v.Name)
	}
}

// Edge is where the network is cut, Outputs are the names of what Receive gives.
func (e *Ends) Edge() string      { return e.edge }
func (e *Ends) Outputs() []string { return e.names }

// Network is the head as it is opened: it reads images as the whole network does.
func (e *Ends) Network() *Network { return e.sender.net }

// RestSize is how many bytes lie behind the frame of a message.
func (e *Ends) RestSize() (n int) {
	for _, v := range e.rest {
		n += 4 * tensor.Size(v.Shape)
	}
	return n
}

// Sender makes messages, one image after the other. It belongs to one goroutine.
type Sender struct {
	ends     *Ends
	enc      *Encoder
	counters *dqa.Counters
	watcher  *watcher
}

// NewSender returns a sender.
func (e *Ends) NewSender(opt EncodeOptions) *Sender {
	return &Sender{ends: e, enc: e.sender.NewEncoder(opt)}
}

// NewWatchingSender returns a sender that watches what its frames hold, as Quantized.Drift does. The reference is learned from the first
// DriftOptions.Learn images. Errors wrap ErrSetting.
func (e *Ends) NewWatchingSender(opt EncodeOptions, drift DriftOptions) (*Sender, error) {
	if drift.Learn == 0 {
		return nil, fmt.Errorf("%w: what passes has no reference in the profile: learn one", ErrSetting)
	}
	w, err := newWatcher(e.Passing, drift)
	if err != nil {
		return nil, err
	}
	opt.counters = e.sender.codec.NewCounters()
	return &Sender{e, e.sender.NewEncoder(opt), opt.counters, w}, nil
}

// Watched is what a watching sender has found so far; nil: nothing yet.
func (s *Sender) Watched() *Drift {
	if s.watcher == nil || s.watcher.monitor == nil {
		return nil
	}
	found, _ := s.watcher.report() // there is a monitor
	return found
}

// Send runs the head on an image and appends its message to dst. Errors are those of Encoder.Encode; on one the message is nil.
func (s *Sender) Send(dst []byte, inputs []*tensor.Tensor) ([]byte, error) {
	if s.counters != nil {
		s.counters.Reset()
	}
	message, outputs, err := s.enc.EncodeInputs(dst, inputs)
	if err == nil && s.watcher != nil {
		err = s.watcher.add("", s.counters.Edges)
	}
	if err != nil {
		return nil, err
	}
	head := s.ends.sender.net.graph
	for _, v := range s.ends.rest {
		var data []float32
		if k := slices.IndexFunc(head.Outputs, func(o graph.Value) bool { return o.Name == v.Name }); k >= 0 {
			data = outputs[k].Data
		} else { // the image itself
			k = slices.IndexFunc(head.Inputs(), func(in graph.Value) bool { return in.Name == v.Name })
			data = inputs[k].Data
		}
		for _, f := range data {
			message = binary.LittleEndian.AppendUint32(message, math.Float32bits(f))
		}
	}
	return message, nil
}

// Receiver computes outputs from messages. It belongs to one goroutine.
type Receiver struct {
	ends  *Ends
	dec   *dqa.Decoder
	codes dqa.Codes // of the tail's edges
	rest  [][]float32
	// Complete tells whether the last frame had all its refinements.
	Complete bool
}

// NewReceiver returns a receiver.
func (e *Ends) NewReceiver() *Receiver {
	r := &Receiver{ends: e, dec: e.sender.codec.NewDecoder()}
	for _, v := range e.rest {
		r.rest = append(r.rest, make([]float32, tensor.Size(v.Shape)))
	}
	return r
}

// Receive computes the outputs of a message. Messages may come from anywhere: errors wrap dqa.ErrTruncated, or are those of
// dqa.Decoder.Decode.
func (r *Receiver) Receive(message []byte) ([]*tensor.Tensor, error) {
	split := len(message) - r.ends.RestSize()
	if split < 0 {
		return nil, fmt.Errorf("%w: a message of %d bytes, %d lie behind its frame", dqa.ErrTruncated, len(message), r.ends.RestSize())
	}
	edges, err := r.dec.Decode(message[:split])
	if err != nil {
		return nil, err
	}
	r.Complete = r.dec.Complete()
	for i, data := range edges {
		dqa.Correct(&r.ends.Passing.Edges[i], data)
	}
	behind := message[split:]
	for _, data := range r.rest {
		for i := range data {
			data[i] = math.Float32frombits(binary.LittleEndian.Uint32(behind[4*i:]))
		}
		behind = behind[4*len(data):]
	}
	inputs := make([]*tensor.Tensor, len(r.ends.inputs))
	for i, p := range r.ends.inputs {
		inputs[i] = r.pick(p, edges, nil)
	}
	outputs, err := r.ends.receiver.prog.RunInputs(inputs, r.hook)
	if err != nil {
		return nil, err
	}
	all := make([]*tensor.Tensor, len(r.ends.outputs))
	for i, p := range r.ends.outputs {
		all[i] = r.pick(p, edges, outputs)
	}
	return all, nil
}

// hook makes the tail compute with stored activations.
func (r *Receiver) hook(i int, data []float32) error {
	r.codes.Simulate(&r.ends.receiver.profile.Edges[i], data)
	return nil
}

func (r *Receiver) pick(p passed, edges [][]float32, outputs []*tensor.Tensor) *tensor.Tensor {
	switch {
	case p.tail >= 0:
		return outputs[p.tail]
	case p.edge >= 0:
		return &tensor.Tensor{Shape: p.shape, Data: edges[p.edge]}
	}
	return &tensor.Tensor{Shape: p.shape, Data: slices.Clone(r.rest[p.rest])}
}
