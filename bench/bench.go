// Package bench measures what coding tensors costs: bits per value, and the time of either way as a ratio to copying the
// same float32 values, for our coders and for general-purpose compressors. It tells a site which coder to choose.
package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/internal/cpu"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tables"
)

// Options steer Codec. The zero value measures everything.
type Options struct {
	Bits     float64 // entropy that steps are chosen for where tensors have none; 0: 2
	Places   []Place // nil: Cache and Memory
	Rounds   int     // of which the median counts; 0: 7
	Peers    bool    // compressors that are slow or made for tensors, too
	Progress func(path string, done, total int)
}

// Place says where data comes from and goes to.
type Place struct {
	Name  string
	Bytes int // of float32 values that are coded in turn, at least one image
}

// The places that figures are given for.
var (
	Cache  = Place{"cache", 1 << 20}
	Memory = Place{"memory", 64 << 20}
)

// ParsePlace finds a place by its name.
func ParsePlace(name string) (Place, error) {
	for _, p := range []Place{Cache, Memory} {
		if p.Name == name {
			return p, nil
		}
	}
	return Place{}, fmt.Errorf("no place %q", name)
}

// Tensors are what is coded: Images[i][e] is edge e of image i, row-major, as Edges[e] describes it. Where an edge has no
// steps, one is chosen.
type Tensors struct {
	Edges  []profile.Edge
	Images [][][]float32
}

// Stacked puts the images below each other, so that every edge is one tensor of that many times its rows.
func (t Tensors) Stacked() Tensors {
	s := Tensors{Edges: slices.Clone(t.Edges), Images: [][][]float32{make([][]float32, len(t.Edges))}}
	for i := range s.Edges {
		e, n := &s.Edges[i], len(t.Images)
		part := e.Cols * e.Rows // of a channel, or of all where they come last
		blocks := e.Channels
		if e.ChannelsLast {
			part, blocks = e.Elements(), 1
		}
		x := make([]float32, 0, n*e.Elements())
		for b := range blocks {
			for _, image := range t.Images {
				x = append(x, image[i][b*part:(b+1)*part]...)
			}
		}
		s.Images[0][i] = x
		e.Rows *= n
		e.Tile = profile.TileFor(e.Channels, e.Rows, e.Cols)
	}
	return s
}

// Only keeps the edges whose numbers are given.
func (t Tensors) Only(edges ...int) Tensors {
	var s Tensors
	for _, i := range edges {
		s.Edges = append(s.Edges, t.Edges[i])
	}
	for _, image := range t.Images {
		var kept [][]float32
		for _, i := range edges {
			kept = append(kept, image[i])
		}
		s.Images = append(s.Images, kept)
	}
	return s
}

// Row is one path at one place.
type Row struct {
	Path    string  `json:"path"`
	What    string  `json:"what"`  // for people
	ISA     string  `json:"isa"`   // instruction set of our kernels
	Where   string  `json:"where"` // "cache" or "memory"
	Encode  float64 `json:"encode_x_copy"`
	Decode  float64 `json:"decode_x_copy"`
	Bits    float64 `json:"bits_per_value"` // all bytes that a decoder needs besides the profile
	Entropy float64 `json:"entropy"`        // of the codes, by channel: bits per value
}

// Result is what was measured, and on what.
type Result struct {
	Values   int64   `json:"values"` // of one image
	Images   int     `json:"images"` // that differ
	Sparsity float64 `json:"sparsity"`
	Rows     []Row   `json:"rows"`
}

// ErrTensors: there is nothing to measure.
var ErrTensors = errors.New("no tensors to measure")

const defaultBits = 2

// Codec measures all paths.
func Codec(ctx context.Context, t Tensors, opt Options) (*Result, error) {
	if len(t.Images) == 0 || len(t.Edges) == 0 {
		return nil, ErrTensors
	}
	opt = opt.completed()
	res := &Result{Images: len(t.Images), Sparsity: sparsity(t.Images)}
	for i := range t.Edges {
		res.Values += int64(t.Edges[i].Elements())
	}
	paths, err := allPaths(t, opt.Bits, opt.Peers)
	if err != nil {
		return nil, err
	}
	for n, p := range paths {
		if opt.Progress != nil {
			opt.Progress(p.name, n+1, len(paths))
		}
		for _, place := range opt.Places {
			row, err := p.measure(ctx, t.Images, place, opt.Rounds)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", p.name, place.Name, err)
			}
			row.ISA = cpu.ISA()
			res.Rows = append(res.Rows, row)
		}
	}
	return res, nil
}

func (o Options) completed() Options {
	if o.Bits == 0 {
		o.Bits = defaultBits
	}
	if o.Places == nil {
		o.Places = []Place{Cache, Memory}
	}
	if o.Rounds <= 0 {
		o.Rounds = 7
	}
	return o
}

func sparsity(images [][][]float32) float64 {
	zeros, all := 0, 0
	for _, image := range images {
		for _, x := range image {
			all += len(x)
			for _, v := range x {
				if v == 0 {
					zeros++
				}
			}
		}
	}
	return float64(zeros) / float64(max(1, all))
}

// plan is how all edges are quantized, and what their codes are like.
type plan struct {
	setting profile.Setting
	edges   []profile.Edge
	counts  *tables.Counts
}

func newPlan(setting profile.Setting, edges []profile.Edge, images [][][]float32) (*plan, error) {
	counts, err := tables.Count(edges, images)
	return &plan{setting, edges, counts}, err
}

func (p *plan) profile(coder profile.Coder) *profile.Profile {
	out := &profile.Profile{Setting: p.setting, Edges: slices.Clone(p.edges)}
	p.counts.Teach(out, coder)
	return out
}

// graded gives edges without steps one step each, at which the codes' entropy is about bits.
func graded(t Tensors, bits float64) (*plan, error) {
	edges := slices.Clone(t.Edges)
	for i := range edges {
		if len(edges[i].Steps) > 0 {
			continue
		}
		chooseStep(&edges[i], i, t.Images, bits)
	}
	return newPlan(profile.Setting{Name: "graded", Bits: profile.MaxBits, Unsigned: true, Scale: profile.StaticTensor}, edges, t.Images)
}

// chooseStep bisects the step of edge number i.
func chooseStep(e *profile.Edge, i int, images [][][]float32, bits float64) {
	square, n := 0.0, 0
	for _, image := range images {
		for _, v := range image[i] {
			square += float64(v) * float64(v)
			n++
		}
	}
	e.Bits, e.ExtraBits, e.Important = profile.MaxBits, 0, nil
	e.Scale, e.Unsigned, e.Escape = profile.StaticTensor, e.OneSided, true
	rms := math.Sqrt(square / float64(n))
	if rms == 0 {
		rms = 1
	}
	var codes dqa.Codes
	low, high := -8.0, 8.0 // log2 of the step in units of the root mean square
	for range 12 {
		middle := (low + high) / 2
		step := float32(rms * math.Exp2(middle))
		e.Steps = []float32{step, step}
		counts := tables.NewHistogram(e, profile.Small)
		for _, image := range images {
			codes.Quantize(e, image[i])
			counts.Add(codes.Wide)
		}
		if counts.Entropy() > bits {
			low = middle
		} else {
			high = middle
		}
	}
}

// paper is the paper's setting: 3 bits and 3 more in every other channel, dynamic scales.
func paper(t Tensors) (*plan, error) {
	edges := slices.Clone(t.Edges)
	for i := range edges {
		e := &edges[i]
		e.RowSums = false
		e.Bits, e.ExtraBits, e.Important = 3, 3, make([]bool, e.Channels)
		for c := 0; c < e.Channels; c += 2 {
			e.Important[c] = true
		}
		e.Scale, e.Unsigned, e.Escape, e.Steps, e.Map = profile.DynamicChannel, false, false, nil, profile.Uniform
	}
	return newPlan(profile.Setting{Name: "dqa", Bits: 3, ExtraBits: 3, Ratio: .5}, edges, t.Images)
}
