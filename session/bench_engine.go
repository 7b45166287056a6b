package session

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"github.com/dqa-go/dqa/bench"
	"github.com/dqa-go/dqa/demo"
	"github.com/dqa-go/dqa/engine/ort"
	"github.com/dqa-go/dqa/internal/cpu"
	"github.com/dqa-go/dqa/tensor"
)

// BenchOptions steer BenchEngine. The zero value works.
type BenchOptions struct {
	Threads []int          // of one image; nil: 1
	Rounds  int            // of which the median counts; 0: 7
	Input   *tensor.Tensor // nil: normally distributed numbers of BenchSeed
	ORT     bool           // ONNX Runtime takes its turns, too: of Options.ORTLibrary, with all of its optimizations
	Model   string         // the file that ONNX Runtime loads, as Open
	// Progress counts rounds.
	Progress Progress
}

// BenchSeed makes the numbers of a benchmark's input.
const BenchSeed = 1

// EngineRow is one way to run a network. Times are milliseconds an image.
type EngineRow struct {
	Model   string  `json:"model"`
	Mode    string  `json:"mode"` // float, packed, simulated
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
	Load      float64 `json:"load"`                 // of the machine before the rounds
}

// EngineBench is what BenchEngine measured.
type EngineBench struct {
	Rows       []EngineRow
	ORTVersion string // "": not measured
}

// BenchEngine takes the time of the network in all modes and of ONNX Runtime, in alternating rounds on this machine.
func (n *Network) BenchEngine(ctx context.Context, opt BenchOptions) (*EngineBench, error) {
	if opt.Threads == nil {
		opt.Threads = []int{1}
	}
	if opt.Rounds == 0 {
		opt.Rounds = 7
	}
	if opt.Input == nil {
		opt.Input = randomInput(n.graph.Input.Shape)
	}
	var res EngineBench
	var contenders []bench.Contender
	others := map[int]int{} // threads: place of ONNX Runtime
	for _, threads := range opt.Threads {
		res.Rows = append(res.Rows, EngineRow{Model: n.name, Mode: "float", Threads: threads, ISA: n.engine, Load: cpu.Load()})
		contenders = append(contenders, bench.Contender{Name: "float", Run: func() error {
			_, err := n.prog.Run(opt.Input, nil)
			return err
		}})
	}
	if opt.ORT {
		for _, threads := range opt.Threads {
			m, err := n.loadORT(opt.Model, threads)
			if err != nil {
				return nil, err
			}
			res.ORTVersion = m.Version()
			others[threads] = len(contenders)
			contenders = append(contenders, bench.Contender{Name: "onnxruntime", Run: func() error {
				_, err := m.Run([]*tensor.Tensor{opt.Input})
				return err
			}})
		}
	}
	times, err := bench.Alternate(ctx, contenders, opt.Rounds, func(done, total int) { opt.Progress.report("measuring "+n.name, "rounds", done, total) })
	if err != nil {
		return nil, err
	}
	peak, work := cpu.Peak(n.isa()), 2*float64(n.graph.AllProducts())
	for i := range res.Rows {
		row, t := &res.Rows[i], times[i]
		row.MS, row.MSBest, row.Spread, row.CPUMS = ms(t.Median), ms(t.Best), t.Spread, ms(t.CPU)
		row.GFLOPS = work / t.Median.Seconds() / 1e9
		if peak > 0 {
			row.PeakShare = row.GFLOPS * 1e9 / peak / float64(row.Threads)
		}
		if k, ok := others[row.Threads]; ok {
			row.ORTMS = ms(times[k].Median)
			row.Ratio = row.ORTMS / row.MS
		}
	}
	return &res, nil
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
