package features

import (
	"fmt"
	"math"
	"slices"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tables"
)

// A step for all values is what the least squared error at a number of bits asks for (Gish and Pierce, "Asymptotically
// Efficient Quantizing", 1968): entropy coding makes up for channels of other sizes.

// finest is the step below which codes no longer fit 16 bits.
func (f *fitter) finest() float64 { return float64(f.largest) / math.MaxInt16 }

// searchSteps is how often the range of steps is halved: to a thousandth of an octave.
const searchSteps = 15

// search finds the coarsest step that keeps to the objective on the rows that are learned from.
func (f *fitter) search() (float32, error) {
	if f.largest == 0 {
		return 1, f.checkObjective()
	}
	if err := f.checkObjective(); err != nil {
		return 0, err
	}
	low, high := math.Log2(f.finest())+.01, math.Log2(float64(f.largest))+1
	if f.opt.Objective.Kind == Bits {
		return f.searchBits(low, high)
	}
	switch ok, err := f.keeps(exp2(low)); {
	case err != nil:
		return 0, err
	case !ok:
		return 0, fmt.Errorf("%w: %s is not kept at the finest step, %.3g: codes have 16 bits", ErrObjective, f.opt.Objective, exp2(low))
	}
	return f.bisect(low, high, f.keeps)
}

// bisect finds the largest step of 2^low to 2^high that is good: those below it are.
func (f *fitter) bisect(low, high float64, good func(step float32) (bool, error)) (float32, error) {
	for range searchSteps {
		middle := (low + high) / 2
		ok, err := good(exp2(middle))
		if err != nil {
			return 0, err
		}
		if ok {
			low = middle
		} else {
			high = middle
		}
	}
	return exp2(low), nil
}

// searchBits finds the smallest step that takes so many bits.
func (f *fitter) searchBits(low, high float64) (float32, error) {
	within := func(step float32) (bool, error) {
		if err := f.set(step); err != nil {
			return false, err
		}
		bits, err := f.bits(&f.learn)
		return bits <= f.opt.Objective.Goal, err
	}
	for round := 0; ; round++ {
		a, b := low, high
		for range searchSteps {
			middle := (a + b) / 2
			ok, err := within(exp2(middle))
			if err != nil {
				return 0, err
			}
			if ok {
				b = middle
			} else {
				a = middle
			}
		}
		if err := f.set(exp2(b)); err != nil {
			return 0, err
		}
		switch bits, err := f.bits(&f.learn); {
		case err != nil:
			return 0, err
		case bits > f.opt.Objective.Goal:
			return 0, fmt.Errorf("%w: %s: %.3f bits is the least, nothing is left of the values then",
				ErrObjective, f.opt.Objective, bits)
		}
		before := f.coder
		if err := f.chooseCoder(exp2(b)); err != nil || f.coder == before || round == 1 {
			return exp2(b), err
		}
	}
}

func exp2(x float64) float32 { return float32(math.Exp2(x)) }

// checkObjective tells what makes no sense.
func (f *fitter) checkObjective() error {
	o, good := f.opt.Objective, false
	switch o.Kind {
	case Bits:
		good = o.Goal > 0 && o.Goal <= 16
	case MaxError:
		good = o.Goal > 0 && o.Goal < 1
	case MinCosine, MinNeighbours:
		good = o.Goal > 0 && o.Goal < 1
	case MaxLoss:
		good = o.Goal >= 0 && o.Goal < 100 && f.opt.Score != nil
	}
	if !good {
		return fmt.Errorf("%w: %s makes no sense", ErrObjective, o)
	}
	return nil
}

// keeps tells whether a step keeps to the objective on the rows that are learned from.
func (f *fitter) keeps(step float32) (bool, error) {
	if err := f.ctx.Err(); err != nil {
		return false, err
	}
	f.opt.Progress.report("searching the step", "steps", f.done, searchSteps+1)
	f.done++
	y := f.restored(&f.learn, step)
	o := f.opt.Objective
	switch o.Kind {
	case MaxError:
		return relativeError(f.learn.values, y) <= o.Goal, nil
	case MaxLoss:
		after, err := f.opt.Score(f.ctx, y, f.learn.rows)
		if err != nil {
			return false, err
		}
		loss, _ := lossOf(f.learn.scores, after)
		return loss <= o.Goal, nil
	case MinCosine:
		return measure(f.learn.values, y, f.row).Cosine >= o.Goal, nil
	}
	if f.near == nil {
		f.near = nearest(f.learn.values, f.row)
	}
	kept, _ := meanSE(keptNeighbours(f.near, y, f.row))
	return kept >= o.Goal, nil
}

func relativeError(x, y []float32) float64 {
	var sum, squares float64
	for i, v := range x {
		d := float64(v) - float64(y[i])
		sum, squares = sum+d*d, squares+float64(v)*float64(v)
	}
	return sum / max(squares, math.SmallestNonzeroFloat64)
}

// lossOf is what scores lose, in points, and its standard error over rows.
func lossOf(before, after []float64) (loss, se float64) {
	d := make([]float64, len(before))
	for i := range d {
		d[i] = 100 * (before[i] - after[i])
	}
	return meanSE(d)
}

// chunks calls do with the rows of a sample as chunks hold them, the last one filled up with zeros.
func (f *fitter) chunks(s *sample, do func(chunk []float32, first, n int) error) error {
	chunk, size := make([]float32, f.edge.Elements()), f.perChunk*f.row
	for at := 0; at < len(s.values); at += size {
		n := copy(chunk, s.values[at:])
		clear(chunk[n:])
		if err := do(chunk, at, n); err != nil {
			return err
		}
	}
	return nil
}

// restored are a sample's values as they come back with a step.
func (f *fitter) restored(s *sample, step float32) []float32 {
	e, codes, y := f.edge, dqa.Codes{}, make([]float32, len(s.values))
	e.Steps = []float32{step, step}
	_ = f.chunks(s, func(chunk []float32, at, n int) error {
		codes.Simulate(&e, chunk)
		copy(y[at:], chunk[:n])
		return nil
	})
	return y
}

// set makes the profile of a step, its coder taught.
func (f *fitter) set(step float32) error {
	e := f.edge
	e.Steps = []float32{step, step}
	p := &profile.Profile{
		Tool: f.opt.Tool, Seed: f.opt.Seed, Network: profile.Network{Name: f.opt.Name}, EdgeSet: "stored",
		Data:    profile.Data{Spec: f.opt.Name, Digest: f.digest, Images: len(f.learn.rows)},
		Setting: profile.Setting{Name: "features", Bits: e.Bits, Scale: e.Scale},
		Edges:   []profile.Edge{e},
	}
	counts, codes := tables.New(p.Edges), dqa.Codes{}
	err := f.chunks(&f.learn, func(chunk []float32, _, _ int) error {
		codes.Quantize(&e, chunk)
		counts.Add(0, codes.Wide)
		return f.ctx.Err()
	})
	if err != nil {
		return err
	}
	counts.Teach(p, f.coder)
	f.profile = p
	return nil
}

// bits is what a sample takes by the profile at hand, per value, frames and all.
func (f *fitter) bits(s *sample) (float64, error) {
	codec, err := dqa.NewCodec(f.profile)
	if err != nil {
		return 0, err
	}
	enc, bytes, values := codec.NewEncoder(), 0, 0
	var frame []byte
	err = f.chunks(s, func(chunk []float32, _, n int) error {
		if n < len(chunk) && values > 0 {
			return nil // zeros would count
		}
		frame, err = enc.Append(frame[:0], [][]float32{chunk})
		bytes, values = bytes+len(frame), values+n
		return err
	})
	return 8 * float64(bytes) / float64(values), err
}

// hardlyMore bits than the least are worth a coder that is several times faster.
const hardlyMore = 1.015

// unasked are the coders that are chosen from. Smallest2 has to be asked for: it codes value after value, some 15 times slower than
// the others (BenchmarkStore), and a store is written once but read for years.
func unasked() []profile.Coder {
	return slices.DeleteFunc(profile.Escaping(), func(c profile.Coder) bool { return c == profile.Smallest2 })
}

// chooseCoder takes the coder that stores a step in the fewest bits, or a faster one that takes hardly more.
func (f *fitter) chooseCoder(step float32) error {
	if !f.auto {
		return nil
	}
	all := unasked()
	bits := make([]float64, len(all))
	for k, c := range all {
		f.coder = c
		if err := f.set(step); err != nil {
			return err
		}
		var err error
		if bits[k], err = f.bits(&f.learn); err != nil {
			return err
		}
	}
	least := slices.Min(bits)
	k := slices.IndexFunc(bits, func(b float64) bool { return b <= least*hardlyMore })
	f.coder = all[k]
	return f.set(step)
}

// prove measures the profile at hand on the rows that are held out.
func (f *fitter) prove() (*Fitted, error) {
	step := f.profile.Edges[0].Steps[0]
	if err := f.chooseCoder(step); err != nil {
		return nil, err
	}
	bits, err := f.bits(&f.proof)
	if err != nil {
		return nil, err
	}
	y := f.restored(&f.proof, step)
	out := &Fitted{Profile: f.profile, Transform: Transformed{Asked: TransformNone, Kept: TransformNone},
		Quality: measure(f.proof.values, y, f.row), StoredBits: bits, Learned: len(f.learn.rows),
		Before: math.NaN(), After: math.NaN(), Loss: math.NaN(), LossSE: math.NaN()}
	if f.opt.Score != nil {
		after, err := f.opt.Score(f.ctx, y, f.proof.rows)
		if err != nil {
			return nil, err
		}
		before, _ := meanSE(f.proof.scores)
		now, _ := meanSE(after)
		out.Before, out.After = 100*before, 100*now
		out.Loss, out.LossSE = lossOf(f.proof.scores, after)
	}
	point := profile.CurvePoint{Step: step, Distortion: float32(out.Error), Bits: float32(bits * float64(f.edge.Elements()))}
	f.profile.Evidence = &profile.Evidence{
		Images: out.Rows, Distortion: "relative squared error of held-out rows; asked for " + f.opt.Objective.String(),
		Curves: make([][]profile.CurvePoint, 1), Chosen: []profile.CurvePoint{point},
		MeasuredDistortion: float32(out.Error), MeasuredKL: float32(math.NaN()), MeasuredAgreement: float32(math.NaN()),
		MeasuredBits: float32(bits), PredictedBits: float32(bits),
	}
	return out, nil
}
