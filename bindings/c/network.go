//go:build cgo

package main

// #include "dqa.h"
import "C"

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"unsafe"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
	"github.com/dqa-go/dqa/tensor"
)

// network is one that runs; bound is nil unless it computes with stored activations.
type network struct {
	*session.Network
	bound *session.Quantized
}

// networkOptions are how a network is opened.
type networkOptions struct {
	Preprocess map[string]string `json:"preprocess"`
	Edges      string            `json:"edges"`
	Skip       []string          `json:"skip"`
	Cut        string            `json:"cut"`
	Engine     string            `json:"engine"`
	Output     string            `json:"output"`
	Part       bool              `json:"part"`
}

// parseNetworkOptions completes them: what nobody describes are inputs as they are, not pictures.
func parseNetworkOptions(model string, text *C.dqa_text) (opt session.Options, err error) {
	var o networkOptions
	if err := options(text, &o); err != nil {
		return opt, err
	}
	opt = session.Options{
		Edges: graph.EdgeSet(o.Edges), Skip: o.Skip, Cut: o.Cut, Engine: session.Engine(o.Engine), Output: o.Output, Part: o.Part,
		Data: dataset.Options{MaxMemory: maxMemory.Load()},
	}
	var pre profile.Preprocess
	if model != "" {
		if pre, err = session.DefaultPreprocess(model); err != nil {
			return opt, err
		}
	}
	for name, value := range o.Preprocess {
		if err := (dataset.Setting{Name: name, Value: value}).Apply(&pre); err != nil {
			return opt, err
		}
	}
	if !session.BuiltIn(model) && reflect.DeepEqual(pre, profile.Preprocess{}) {
		pre.Divisor = 1
	}
	opt.Preprocess = &pre
	return opt, nil
}

//export dqa_network_open
func dqa_network_open(model, opts *C.dqa_text, out *C.dqa_handle, e *C.dqa_error) C.int {
	return enter(e, func() error {
		opt, err := parseNetworkOptions(text(model), opts)
		if err != nil {
			return err
		}
		net, err := session.Open(text(model), opt)
		if err != nil {
			return err
		}
		give(out, &network{Network: net})
		return nil
	})
}

//export dqa_network_parse
func dqa_network_parse(name *C.dqa_text, model C.dqa_memory, size C.size_t, opts *C.dqa_text, out *C.dqa_handle, e *C.dqa_error) C.int {
	return enter(e, func() error {
		opt, err := parseNetworkOptions("", opts)
		if err != nil {
			return err
		}
		net, err := session.Parse(text(name), bytes.Clone(memory(model, size)), opt)
		if err != nil {
			return err
		}
		give(out, &network{Network: net})
		return nil
	})
}

//export dqa_network_of
func dqa_network_of(model *C.dqa_text, prof C.dqa_handle, out *C.dqa_handle, e *C.dqa_error) C.int {
	return enter(e, func() error {
		k, err := of[*coder](prof)
		if err != nil {
			return err
		}
		opt := session.OptionsOf(k.profile)
		opt.Data.MaxMemory = maxMemory.Load()
		net, err := session.Open(text(model), opt)
		if err != nil {
			return err
		}
		return giveBound(out, net, k)
	})
}

//export dqa_network_bind
func dqa_network_bind(h, prof C.dqa_handle, out *C.dqa_handle, e *C.dqa_error) C.int {
	return enter(e, func() error {
		n, err := of[*network](h)
		if err != nil {
			return err
		}
		k, err := of[*coder](prof)
		if err != nil {
			return err
		}
		return giveBound(out, n.Network, k)
	})
}

func giveBound(out *C.dqa_handle, net *session.Network, k *coder) error {
	q, err := net.Bind(k.profile)
	if err == nil {
		give(out, &network{net, q})
	}
	return err
}

// view is a tensor of a network, as JSON tells it.
type view struct {
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
}

//export dqa_network_info
func dqa_network_info(h C.dqa_handle, out *C.dqa_bytes, e *C.dqa_error) C.int {
	return enter(e, func() error {
		n, err := of[*network](h)
		if err != nil {
			return err
		}
		edges := make([]view, len(n.Edges()))
		for i, edge := range n.Edges() {
			edges[i] = view{edge.Name, edge.Shape}
		}
		return setJSON(out, map[string]any{
			"name": n.Name(), "engine": n.Engine(), "bound": n.bound != nil,
			"inputs": views(n.Graph().Inputs()), "outputs": views(n.Graph().Outputs), "edges": edges,
		})
	})
}

func views(values []graph.Value) []view {
	all := make([]view, len(values))
	for i, v := range values {
		all[i] = view{v.Name, v.Shape}
	}
	return all
}

// images are what a network runs on; inputs is nil where they are tensors.
type images struct {
	feed   session.Feed
	inputs *dataset.Inputs
}

// pictures are the images of a handle, which calibration and evaluation need.
func pictures(h C.dqa_handle) (*dataset.Inputs, error) {
	d, err := of[*images](h)
	if err == nil && d.inputs == nil {
		err = fmt.Errorf("%w: these are tensors, images are needed", session.ErrSetting)
	}
	if err != nil {
		return nil, err
	}
	return d.inputs, nil
}

//export dqa_data_open
func dqa_data_open(h C.dqa_handle, spec *C.dqa_text, out *C.dqa_handle, e *C.dqa_error) C.int {
	return enter(e, func() error {
		n, err := of[*network](h)
		if err != nil {
			return err
		}
		in, err := n.Data(text(spec))
		if err != nil {
			return err
		}
		give(out, &images{in, in})
		return nil
	})
}

//export dqa_data_wrap
func dqa_data_wrap(
	h C.dqa_handle, data C.dqa_memory, typ *C.dqa_text, shape *C.dqa_shape, rank C.int,
	labels C.dqa_memory, labelType *C.dqa_text, labelShape *C.dqa_shape, labelRank C.int, out *C.dqa_handle, e *C.dqa_error,
) C.int {
	return enter(e, func() error {
		n, err := of[*network](h)
		if err != nil {
			return err
		}
		x, err := wrap("array", data, typ, shape, rank)
		if err != nil {
			return err
		}
		var y *dataset.Memory
		if labels != nil {
			if y, err = wrap("labels", labels, labelType, labelShape, labelRank); err != nil {
				return err
			}
		}
		src, err := n.DataOptions().OpenMemory(*x, y)
		if err != nil {
			return err
		}
		in, err := n.Inputs(src)
		if err != nil {
			return err
		}
		give(out, &images{in, in})
		return nil
	})
}

// tensors feed a part of a network: values[k] are those of input k, of all images.
type tensors struct {
	inputs []graph.Value
	values [][]float32
	n      int
}

func (t *tensors) Len() int { return t.n }

func (t *tensors) Feed(i int) (string, []*tensor.Tensor, error) {
	list := make([]*tensor.Tensor, len(t.inputs))
	for k, in := range t.inputs {
		size := tensor.Size(in.Shape)
		list[k] = &tensor.Tensor{Shape: in.Shape, Data: t.values[k][i*size:][:size]}
	}
	return fmt.Sprint(i), list, nil
}

//export dqa_data_tensors
func dqa_data_tensors(h C.dqa_handle, items *C.dqa_input, count C.size_t, out *C.dqa_handle, e *C.dqa_error) C.int {
	return enter(e, func() error {
		n, err := of[*network](h)
		if err != nil {
			return err
		}
		t := &tensors{inputs: n.Graph().Inputs()}
		given := unsafe.Slice((*C.dqa_tensor)(unsafe.Pointer(items)), count)
		for k, in := range t.inputs {
			at := slices.IndexFunc(given, func(g C.dqa_tensor) bool { return g.name != nil && C.GoString(g.name) == in.Name })
			if at < 0 && len(given) == 1 && len(t.inputs) == 1 && given[0].name == nil {
				at = 0
			}
			if at < 0 {
				return fmt.Errorf("%w: input %q is missing", dataset.ErrFit, in.Name)
			}
			if err := t.take(k, &given[at]); err != nil {
				return err
			}
		}
		give(out, &images{feed: t})
		return nil
	})
}

// take copies what input k reads of all images.
func (t *tensors) take(k int, g *C.dqa_tensor) error {
	in := t.inputs[k]
	shape := shapeOf(&g.shape[0], g.rank)
	want := in.Shape // its first axis is the batch's, of 1
	if len(shape) == len(want)+1 {
		want = append([]int{1}, want...)
	}
	if len(shape) < 1 || len(shape) != len(want) || !slices.Equal(shape[1:], want[1:]) || want[0] != 1 || k > 0 && shape[0] != t.n {
		return fmt.Errorf("%w: input %q has the shape %v for one image, %v was given", dataset.ErrFit, in.Name, in.Shape, shape)
	}
	t.n = shape[0]
	t.values = append(t.values, slices.Clone(floats(g.data, C.size_t(t.n*tensor.Size(in.Shape)))))
	return nil
}

// runOptions steer what runs networks.
type runOptions struct {
	Workers        int    `json:"workers"`
	Threads        int    `json:"threads"`
	Packed         bool   `json:"packed"`
	AllowNonFinite bool   `json:"allow_nonfinite"`
	Probabilities  bool   `json:"probabilities"`
	Seed           uint64 `json:"seed"`
	Setting        string `json:"setting"`
	CoderName      string `json:"coder"`
}

// work opens what a call that runs a network gets.
func work(context, h C.dqa_handle, opts *C.dqa_text) (j *job, n *network, o *runOptions, err error) {
	o = &runOptions{}
	if err := options(opts, o); err != nil {
		return nil, nil, nil, err
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	j, n, err = jobAnd[*network](context, h)
	return j, n, o, err
}

//export dqa_run
func dqa_run(context, h, data C.dqa_handle, opts *C.dqa_text, out *C.dqa_tensors, e *C.dqa_error) C.int {
	return enter(e, func() error {
		j, n, o, err := work(context, h, opts)
		if err != nil {
			return err
		}
		d, err := of[*images](data)
		if err != nil {
			return err
		}
		arrays, err := n.run(j, d, o)
		if err != nil {
			return err
		}
		return setTensors(out, arrays)
	})
}

func (n *network) run(j *job, d *images, o *runOptions) ([]session.Array, error) {
	opt := session.RunOptions{Workers: o.Workers, Progress: j.progress}
	if n.bound != nil && !o.Packed && o.Threads <= 1 {
		return n.bound.RunAll(j, d.feed, opt, o.AllowNonFinite)
	}
	how := session.PackOptions{Threads: o.Threads, Simulated: !o.Packed}
	var r *session.Runner
	var err error
	if n.bound != nil {
		r, err = n.bound.NewRunner(how)
	} else {
		r, err = n.NewRunner(how)
	}
	if err != nil {
		return nil, err
	}
	return r.RunAll(j, d.feed, opt)
}

// quantized is what a network is bound to.
func (n *network) quantized() (*session.Quantized, error) {
	if n.bound == nil {
		return nil, fmt.Errorf("%w: %s is bound to no profile", session.ErrSetting, n.Name())
	}
	return n.bound, nil
}

//export dqa_network_encode
func dqa_network_encode(context, h, data C.dqa_handle, opts *C.dqa_text, frames, sizes *C.dqa_bytes, e *C.dqa_error) C.int {
	return enter(e, func() error {
		j, n, o, err := work(context, h, opts)
		if err != nil {
			return err
		}
		q, err := n.quantized()
		if err != nil {
			return err
		}
		d, err := of[*images](data)
		if err != nil {
			return err
		}
		var all, lengths []byte
		opt := session.EncodeOptions{AllowNonFinite: o.AllowNonFinite, Workers: o.Workers, Progress: j.progress}
		err = q.EncodeAll(j, d.feed, opt, func(image session.Encoded) error {
			all = append(all, image.Frame...)
			lengths = binary.NativeEndian.AppendUint64(lengths, uint64(len(image.Frame)))
			return nil
		})
		if err != nil {
			return err
		}
		setBytes(frames, all)
		setBytes(sizes, lengths)
		return nil
	})
}

//export dqa_calibrate
func dqa_calibrate(context, h, data C.dqa_handle, opts *C.dqa_text, out *C.dqa_handle, info *C.dqa_bytes, e *C.dqa_error) C.int {
	return enter(e, func() error {
		j, n, o, err := work(context, h, opts)
		if err != nil {
			return err
		}
		in, err := pictures(data)
		if err != nil {
			return err
		}
		made, err := n.calibrate(j, in, o)
		if err != nil {
			return err
		}
		if err := giveProfile(out, made.Profile); err != nil {
			return err
		}
		summary := made.Summary()
		summary.Warnings = made.Notes
		return setJSON(info, summary)
	})
}

func (n *network) calibrate(j *job, in *dataset.Inputs, o *runOptions) (*session.Calibrated, error) {
	v := session.Variant{Setting: profile.Setting{Bits: 3, ExtraBits: 3, Ratio: .5}, Seed: o.Seed} // the command line's
	var err error
	if v.Name = "graded"; o.Setting != "" {
		if v, err = session.ParseVariant(o.Setting, v); err != nil {
			return nil, err
		}
	}
	if v, err = v.Complete(); err != nil {
		return nil, err
	}
	opt := session.CalibrateOptions{
		Workers: o.Workers, AllowNonFinite: o.AllowNonFinite, Probabilities: o.Probabilities, Progress: j.progress,
	}
	if o.CoderName != "" {
		if opt.Coder, err = session.ParseCoder(o.CoderName, v.Setting); err != nil {
			return nil, err
		}
	}
	return n.Calibrate(j, in, v, opt)
}

//export dqa_evaluate
func dqa_evaluate(context, h, data C.dqa_handle, opts *C.dqa_text, info *C.dqa_bytes, e *C.dqa_error) C.int {
	return enter(e, func() error {
		j, n, o, err := work(context, h, opts)
		if err != nil {
			return err
		}
		q, err := n.quantized()
		if err != nil {
			return err
		}
		in, err := pictures(data)
		if err != nil {
			return err
		}
		opt := session.EvaluateOptions{
			Workers: o.Workers, AllowNonFinite: o.AllowNonFinite, Probabilities: o.Probabilities, Seed: o.Seed, Progress: j.progress,
		}
		candidate := q.Candidate()
		own, err := session.OwnImages(in, candidate)
		if err != nil {
			return err
		}
		r, err := n.Evaluate(j, in, []session.Candidate{candidate}, opt)
		if err != nil {
			return err
		}
		result := n.Report(r, in)
		if own {
			result.Warnings = append(result.Warnings, "these are the images of the calibration: other images will lose more")
		}
		return setJSON(info, result)
	})
}

//export dqa_split
func dqa_split(h C.dqa_handle, edge, folder *C.dqa_text, info *C.dqa_bytes, e *C.dqa_error) C.int {
	return enter(e, func() error {
		n, err := of[*network](h)
		if err != nil {
			return err
		}
		var files *session.CutFiles
		if n.bound != nil {
			files, err = n.bound.SplitTo(text(edge), text(folder))
		} else {
			files, err = n.SplitTo(text(edge), text(folder))
		}
		if err != nil {
			return err
		}
		return setJSON(info, files)
	})
}
