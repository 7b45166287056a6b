//go:build !device

package session

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/dqa-go/dqa/bench"
	"github.com/dqa-go/dqa/demo"
	"github.com/dqa-go/dqa/engine/ort"
	"github.com/dqa-go/dqa/internal/cpu"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tensor"
)

// BenchOptions steer BenchEngine. The zero value works.
type BenchOptions struct {
	Threads []int            // of one image; nil: 1
	Rounds  int              // of which the median counts; 0: 7
	Profile *profile.Profile // of the network, which then runs packed, too; nil: none
	// Simulated is one more row: every edge is quantized and restored in float32, on one thread.
	Simulated bool
	Input     *tensor.Tensor // nil: normally distributed numbers of BenchSeed
	ORT       bool           // ONNX Runtime takes its turns, too: of Options.ORTLibrary, with all of its optimizations
	Model     string         // the file that ONNX Runtime loads, as Open
	// Resident measures, if it is not nil, how many bytes of a fresh process were resident that ran the network so.
	Resident func(mode string, threads int) (int64, error)
	// Progress counts rounds.
	Progress Progress
}

// BenchSeed makes the numbers of a benchmark's input.
const BenchSeed = 1

// EngineRow is one way to run a network. Times are milliseconds an image.
type EngineRow struct {
	Model   string  `json:"model"`
	Mode    string  `json:"mode"` // float or packed
	Threads int     `json:"threads"`
	ISA     string  `json:"isa"`
	MS      float64 `json:"ms"` // median of the rounds
	MSBest  float64 `json:"ms_best"`
	Spread  float64 `json:"spread"` // from the first to the third quartile, as a share of the median
	CPUMS   float64 `json:"cpu_ms"` // of all threads
	// ONNX Runtime in the same rounds with as many threads; 0: not measured.
	ORTMS float64 `json:"ort_ms,omitempty"`
	Ratio float64 `json:"ratio,omitempty"` // its time / ours: above 1 we are faster
	// Multiply-adds of convolutions and matrix products count as two operations.
	GFLOPS    float64 `json:"gflops"`
	PeakShare float64 `json:"peak_share,omitempty"` // of what the threads' cores can do at best, measured
	// Memory of activations, counted; of a float run outputs and inputs as well.
	Peak           int64   `json:"peak_bytes"`
	FloatPeak      int64   `json:"float_peak_bytes"`            // of the float run on one thread
	FloatIdeal     int64   `json:"float_ideal_bytes"`           // the tensors alone that are alive at a time
	Resident       int64   `json:"resident_bytes,omitempty"`    // of a fresh process that did this: program, weights and all
	StoredBits     float64 `json:"stored_bits,omitempty"`       // packed: bits a value that is reserved for packed edges
	PackedOver     float64 `json:"packed_over_float,omitempty"` // packed: time / that of the float run on as many threads
	Equal          *bool   `json:"equal,omitempty"`             // packed: outputs are the simulation's, bit for bit
	SpeedupThreads float64 `json:"over_one_thread,omitempty"`   // time on one thread / this
	Load           float64 `json:"load"`                        // of the machine before the rounds
}

// EngineBench is what BenchEngine measured.
type EngineBench struct {
	Rows       []EngineRow
	ORTVersion string // "": not measured
}

// BenchEngine takes the time of the network in all modes and of ONNX Runtime, in alternating rounds on this machine.
func (n *Network) BenchEngine(ctx context.Context, opt BenchOptions) (*EngineBench, error) {
	b, err := n.newEngineBench(opt)
	if err != nil {
		return nil, err
	}
	times, err := bench.Alternate(ctx, b.contenders, b.opt.Rounds, func(done, total int) {
		opt.Progress.report("measuring "+n.name, "rounds", done, total)
	})
	if err != nil {
		return nil, err
	}
	if err := b.evaluate(times); err != nil {
		return nil, err
	}
	return &b.EngineBench, nil
}

// RunContender runs the network some times in one mode, as BenchEngine does, and nothing else.
func (n *Network) RunContender(opt BenchOptions, mode string) error {
	b, err := n.newEngineBench(opt)
	if err != nil {
		return err
	}
	for i, row := range b.Rows {
		for range 3 {
			if row.Mode != mode {
				continue
			}
			if err := b.contenders[i].Run(); err != nil {
				return err
			}
		}
	}
	return nil
}

// engineBench is a benchmark while it runs.
type engineBench struct {
	EngineBench
	net        *Network
	opt        BenchOptions
	contenders []bench.Contender // first those of the rows
	packed     []*Packed         // by row; nil: none
	ort        map[int]int       // threads: place among the contenders
	quantized  *Quantized
}

func (n *Network) newEngineBench(opt BenchOptions) (*engineBench, error) {
	if opt.Threads == nil {
		opt.Threads = []int{1}
	}
	if opt.Rounds == 0 {
		opt.Rounds = 7
	}
	if opt.Input == nil {
		opt.Input = randomInput(n.graph.Input.Shape)
	}
	b := &engineBench{net: n, opt: opt, ort: map[int]int{}}
	if opt.Profile != nil {
		var err error
		if b.quantized, err = n.Bind(opt.Profile); err != nil {
			return nil, err
		}
	}
	for _, threads := range opt.Threads {
		if err := b.addFloat(threads); err != nil {
			return nil, err
		}
	}
	for _, threads := range opt.Threads {
		if err := b.addPacked(threads); err != nil {
			return nil, err
		}
	}
	if opt.Simulated && b.quantized != nil {
		b.add("simulated", 1, nil, func() error {
			_, err := b.quantized.Simulate([]*tensor.Tensor{opt.Input})
			return err
		})
	}
	if !opt.ORT {
		return b, nil
	}
	for _, threads := range opt.Threads {
		m, err := n.loadORT(opt.Model, threads)
		if err != nil {
			return nil, err
		}
		b.ORTVersion = m.Version()
		b.ort[threads] = len(b.contenders)
		b.contenders = append(b.contenders, bench.Contender{Name: "onnxruntime", Run: func() error {
			_, err := m.Run([]*tensor.Tensor{opt.Input})
			return err
		}})
	}
	return b, nil
}

func (b *engineBench) add(mode string, threads int, p *Packed, run func() error) {
	b.Rows = append(b.Rows, EngineRow{Model: b.net.name, Mode: mode, Threads: threads, ISA: b.net.isa(), Load: cpu.Load()})
	b.packed = append(b.packed, p)
	b.contenders = append(b.contenders, bench.Contender{Name: mode, Run: run})
}

func (b *engineBench) addFloat(threads int) error {
	if threads == 1 {
		b.add("float", 1, nil, func() error {
			_, err := b.net.prog.Run(b.opt.Input, nil)
			return err
		})
		return nil
	}
	p, err := b.net.Pack(PackOptions{Threads: threads})
	b.add("float", threads, p, func() error {
		_, err := p.Run([]*tensor.Tensor{b.opt.Input})
		return err
	})
	return err
}

func (b *engineBench) addPacked(threads int) error {
	if b.quantized == nil {
		return nil
	}
	p, err := b.quantized.Pack(PackOptions{Threads: threads})
	b.add("packed", threads, p, func() error {
		_, err := p.Run([]*tensor.Tensor{b.opt.Input})
		return err
	})
	return err
}

// evaluate fills in the rows.
func (b *engineBench) evaluate(times []bench.Time) error {
	peak, work := cpu.Peak(b.net.isa()), 2*float64(b.net.graph.AllProducts())
	memory, _ := b.net.Memory()
	float := map[int]float64{} // milliseconds by threads
	for i := range b.Rows {
		row, t := &b.Rows[i], times[i]
		row.MS, row.MSBest, row.Spread, row.CPUMS = ms(t.Median), ms(t.Best), t.Spread, ms(t.CPU)
		row.GFLOPS = work / t.Median.Seconds() / 1e9
		if peak > 0 {
			row.PeakShare = row.GFLOPS * 1e9 / peak / float64(row.Threads)
		}
		if k, ok := b.ort[row.Threads]; ok {
			row.ORTMS = ms(times[k].Median)
			row.Ratio = row.ORTMS / row.MS
		}
		row.Peak, row.FloatPeak, row.FloatIdeal = memory.Arena, memory.Arena, memory.Ideal
		if p := b.packed[i]; p != nil {
			row.Peak = p.Peak()
		}
		switch row.Mode {
		case "float":
			float[row.Threads] = row.MS
		case "packed":
			row.PackedOver = row.MS / float[row.Threads]
			row.StoredBits = b.packed[i].reservedBits()
			equal, err := b.equal(b.packed[i])
			if err != nil {
				return err
			}
			row.Equal = &equal
		}
		if one, ok := b.oneThread(row.Mode); ok && row.Threads > 1 {
			row.SpeedupThreads = one / row.MS
		}
		if b.opt.Resident != nil {
			var err error
			if row.Resident, err = b.opt.Resident(row.Mode, row.Threads); err != nil {
				return err
			}
		}
	}
	return nil
}

// oneThread is the time of a mode on one thread, if its row comes before.
func (b *engineBench) oneThread(mode string) (float64, bool) {
	for _, row := range b.Rows {
		if row.Mode == mode && row.Threads == 1 {
			return row.MS, true
		}
	}
	return 0, false
}

// equal compares a packed run with the simulation.
func (b *engineBench) equal(p *Packed) (bool, error) {
	inputs := []*tensor.Tensor{b.opt.Input}
	want, err := b.quantized.Simulate(inputs)
	if err != nil {
		return false, err
	}
	got, err := p.Run(inputs)
	if err != nil {
		return false, err
	}
	for k := range want {
		same := func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }
		if !slices.EqualFunc(got[k].Data, want[k].Data, same) {
			return false, nil
		}
	}
	return true, nil
}

// reservedBits is what is reserved for a value of the packed edges.
func (p *Packed) reservedBits() float64 {
	bytes, values := int64(0), 0
	for _, n := range p.prog.Plan().Nodes {
		if n.Stored == "packed" && n.Edge >= 0 {
			bytes += n.Bytes
			values += p.profile.Edges[n.Edge].Elements()
		}
	}
	return 8 * float64(bytes) / float64(max(values, 1))
}

// isa is the instruction set that the engine's kernels use.
func (n *Network) isa() string {
	if p, ok := n.prog.(interface{ ISA() string }); ok {
		return p.ISA()
	}
	return cpu.Generic
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func randomInput(shape []int) *tensor.Tensor {
	x, random := tensor.New(shape...), rand.New(rand.NewPCG(BenchSeed, 0))
	for i := range x.Data {
		x.Data[i] = float32(random.NormFloat64())
	}
	return x
}

// loadORT opens the network's file in ONNX Runtime.
func (n *Network) loadORT(model string, threads int) (*ort.Model, error) {
	bytes, err := modelBytes(model)
	if err != nil {
		return nil, err
	}
	return ort.Load(bytes, n.graph, n.opt.ORTLibrary, threads)
}

func modelBytes(model string) ([]byte, error) {
	if net, ok := demo.Network(model); ok {
		return net.Model, nil
	}
	b, err := os.ReadFile(model)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrModelMissing, err)
	}
	return b, nil
}
