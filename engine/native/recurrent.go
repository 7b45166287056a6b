package native

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/dqa-go/dqa/tensor"
)

// recurrence is one direction of RNN, GRU or LSTM (ONNX's equations) for a batch of one.
type recurrence struct {
	op            string
	steps         int
	input, hidden int
	gates         int
	w, r, bw, br  []float32
	reverse       bool
	linear        bool // linear_before_reset
	f, g, h       func(float64) float64
}

var gatesOf = map[string]int{"RNN": 1, "GRU": 3, "LSTM": 4}

var gateFunctions = map[string]func(float64) float64{
	"Sigmoid": func(v float64) float64 { return 1 / (1 + math.Exp(-v)) }, "Tanh": math.Tanh,
	"Relu": func(v float64) float64 { return max(v, 0) }, "Softsign": func(v float64) float64 { return v / (1 + math.Abs(v)) },
	"Softplus": softplus, "HardSigmoid": func(v float64) float64 { return min(max(0.2*v+0.5, 0), 1) },
}

// buildRecurrent compiles X (steps,1,input), W, R, B const, initial_h and, of LSTM, initial_c (directions,1,hidden) to Y
// (steps,directions,1,hidden), Y_h and, of LSTM, Y_c (directions,1,hidden).
func buildRecurrent(s *site) (runner, error) {
	in, gates, hidden := s.shape(0), gatesOf[s.Op], s.Attrs.Int("hidden_size", 0)
	var k [3][]float32
	for i := range k {
		var err error
		if k[i], err = s.constant(i + 1); err != nil {
			return nil, err
		}
	}
	functions, ok := functionsOf(s.Attrs.String("activations", ""))
	direction := s.Attrs.String("direction", "forward")
	n := 1
	if direction == "bidirectional" {
		n = 2
	}
	per := len(functions) / n
	if !ok || len(in) != 3 || in[1] != 1 || hidden < 1 || per < 1 || len(k[0]) != n*gates*hidden*in[2] ||
		len(k[1]) != n*gates*hidden*hidden || len(k[2]) != 2*n*gates*hidden {
		return nil, fmt.Errorf("weights, activations and input %v do not fit", in)
	}
	var all []recurrence
	for d := range n {
		rows := gates * hidden
		c := recurrence{op: s.Op, steps: in[0], input: in[2], hidden: hidden, gates: gates, reverse: direction == "reverse" || d == 1,
			w: k[0][d*rows*in[2]:], r: k[1][d*rows*hidden:], bw: k[2][2*d*rows:], br: k[2][(2*d+1)*rows:],
			linear: s.Attrs.Int("linear_before_reset", 0) != 0}
		f := functions[d*per:]
		c.f, c.g, c.h = f[0], f[min(1, per-1)], f[min(2, per-1)]
		all = append(all, c)
	}
	s.scratch = int64(3 * gates * hidden)
	if tensor.Size(s.outShape(0)) != in[0]*n*hidden {
		return nil, fmt.Errorf("output %v", s.outShape(0))
	}
	return func(t *task) {
		for d, c := range all {
			state := func(out, given int) []float32 {
				to := t.out[out][d*hidden:][:hidden]
				copy(to, t.in[given][d*hidden:])
				return to
			}
			var cell []float32
			if s.Op == "LSTM" {
				cell = state(2, 5)
			}
			c.run(t, d, n, state(1, 4), cell)
		}
	}, nil
}

func functionsOf(names string) (list []func(float64) float64, ok bool) {
	for name := range strings.FieldsSeq(names) {
		f := gateFunctions[name]
		if f == nil {
			return nil, false
		}
		list = append(list, f)
	}
	return list, true
}

// run goes through the steps; h and cell hold the state.
func (c recurrence) run(t *task, d, directions int, h, cell []float32) {
	rows := c.gates * c.hidden
	x, r := t.scratch[:rows], t.scratch[rows:][:rows]
	for k := range c.steps {
		step := k
		if c.reverse {
			step = c.steps - 1 - k
		}
		products(x, c.w, t.in[0][step*c.input:][:c.input], c.bw)
		products(r, c.r, h, c.br)
		switch c.op {
		case "LSTM":
			c.lstm(x, r, h, cell)
		case "GRU":
			c.gru(x, r, h, t.scratch[2*rows:])
		default:
			for i := range h {
				h[i] = float32(c.f(float64(x[i]) + float64(r[i])))
			}
		}
		copy(t.out[0][(step*directions+d)*c.hidden:][:c.hidden], h)
	}
}

// products are the rows of w times x, plus b.
func products(dst, w, x, b []float32) {
	for i := range dst {
		sum := float64(b[i])
		for j, v := range x {
			sum += float64(w[i*len(x)+j]) * float64(v)
		}
		dst[i] = float32(sum)
	}
}

// lstm has the gates input, output, forget, cell.
func (c recurrence) lstm(x, r, h, cell []float32) {
	n := c.hidden
	gate := func(k, i int) float64 { return float64(x[k*n+i]) + float64(r[k*n+i]) }
	for i := range h {
		in, out, forget := c.f(gate(0, i)), c.f(gate(1, i)), c.f(gate(2, i))
		v := forget*float64(cell[i]) + in*c.g(gate(3, i))
		cell[i] = float32(v)
		h[i] = float32(out * c.h(v))
	}
}

// gru has the gates update, reset, hidden.
func (c recurrence) gru(x, r, h, scratch []float32) {
	n := c.hidden
	update, candidate := scratch[:n], scratch[n:][:n]
	reset := slices.Clone(h)
	for i := range h {
		update[i] = float32(c.f(float64(x[i]) + float64(r[i])))
		reset[i] = float32(c.f(float64(x[n+i]) + float64(r[n+i])))
	}
	if c.linear {
		for i := range h {
			candidate[i] = float32(float64(reset[i]) * float64(r[2*n+i]))
		}
	} else {
		for i := range h {
			reset[i] *= h[i]
		}
		products(candidate, c.r[2*n*n:], reset, c.br[2*n:])
	}
	for i := range h {
		v := c.g(float64(x[2*n+i]) + float64(candidate[i]))
		h[i] = float32((1-float64(update[i]))*v + float64(update[i])*float64(h[i]))
	}
}
