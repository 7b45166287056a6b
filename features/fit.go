package features

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/dqa-go/dqa/profile"
)

// Kind is what an objective bounds.
type Kind string

// The kinds.
const (
	Bits          Kind = "bits"           // stored bits per value, at most
	MaxError      Kind = "max-error"      // relative squared error, at most: Quality.Error
	MinCosine     Kind = "min-cosine"     // mean cosine, at least: Quality.Cosine
	MinNeighbours Kind = "min-neighbours" // share of nearest neighbours that stay, at least: Quality.Neighbours
	MaxLoss       Kind = "max-loss"       // points that the user's own score falls, at most
)

// Objective is what a profile has to keep to. It goes as coarse as that allows.
type Objective struct {
	Kind Kind
	Goal float64
}

func (o Objective) String() string { return fmt.Sprintf("--%s %v", o.Kind, o.Goal) }

// Options of Fit.
type Options struct {
	Axes      Axes // "": DefaultAxes
	Objective Objective
	// Transform decorrelates channels before they are quantized; "": TransformNone.
	Transform TransformName
	CoderName string // a coder's name; "": of all but smallest2, the fastest that takes about as few bits as any
	Seed      uint64 // of the choice of rows, where there are more than MaxValues
	MaxValues int    // of rows to learn from, and as many to prove it; 0: DefaultMaxValues
	Name      string // of the array, for the profile
	Tool      string // version of the program, for the profile
	// Score judges rows, which rows[i] of the array are: one number each, of which the mean counts (MaxLoss): 1 where the user's
	// own head is right. nil: no score.
	Score    func(ctx context.Context, values []float32, rows []int) ([]float64, error)
	Progress Progress
}

// DefaultMaxValues is enough for tables to be exact to a hundredth of a bit.
const DefaultMaxValues = 4 << 20

// Fitted is a profile and what it comes to on rows that it was not made of.
type Fitted struct {
	Profile *profile.Profile
	Quality
	StoredBits float64 // per value, everything but the profile counted
	Learned    int     // rows
	// Transform is what was asked for, and what the other choice takes at the same objective.
	Transform Transformed
	// Score before and after, percent, and the loss with its standard error (paired); NaN without Options.Score.
	Before, After, Loss, LossSE float64
}

// sample is some rows of an array.
type sample struct {
	rows   []int
	values []float32
	scores []float64 // before anything is quantized
}

// Fit makes a profile of an array alone. Errors wrap ErrAxes, ErrTooFew, ErrValues, ErrObjective, or are those of reading.
func Fit(ctx context.Context, x Rows, opt Options) (*Fitted, error) {
	if opt.Axes == "" {
		opt.Axes = DefaultAxes(len(x.Shape()))
	}
	if opt.Transform == "" {
		opt.Transform = TransformNone
	}
	if err := opt.Transform.check(opt.Axes, x.Shape()); err != nil {
		return nil, err
	}
	f, err := newFitter(ctx, x, opt)
	if err != nil {
		return nil, err
	}
	switch opt.Transform {
	case TransformPCA:
		return f.fitTransformed()
	case TransformAuto:
		return f.fitEither()
	}
	return f.fit()
}

// fit searches the step of the edge at hand, and proves the profile.
func (f *fitter) fit() (*Fitted, error) {
	step, err := f.search()
	if err != nil {
		return nil, err
	}
	if err := f.set(step); err != nil {
		return nil, err
	}
	return f.prove()
}

type fitter struct {
	ctx           context.Context
	opt           Options
	edge          profile.Edge
	row, perChunk int
	all           int // rows of the array
	learn, proof  sample
	near          [][]int // nearest rows of those that are learned from, where they are asked for
	largest       float32
	coder         profile.Coder
	auto          bool
	profile       *profile.Profile
	digest        [32]byte // of the rows that are learned from
	done          int      // questions asked
}

// firstCoder is what steps are searched with where none was asked for.
func firstCoder() profile.Coder { return profile.Escaping()[1] }

func newFitter(ctx context.Context, x Rows, opt Options) (*fitter, error) {
	f := &fitter{ctx: ctx, opt: opt, coder: firstCoder(), auto: opt.CoderName == ""}
	var err error
	if !f.auto {
		if f.coder, err = profile.ParseCoder(opt.CoderName); err != nil {
			return nil, err
		}
		if !slices.Contains(profile.Escaping(), f.coder) {
			return nil, fmt.Errorf("%w: coder %s stores no code beyond its bits, %v do", ErrObjective, f.coder, profile.Escaping())
		}
	}
	shape := x.Shape()
	geometry, rows, err := opt.Axes.geometry(shape)
	if err != nil {
		return nil, err
	}
	f.all = shape[0]
	f.perChunk, f.row = rows, geometry.Channels*geometry.Rows*geometry.Cols/rows
	f.edge = profile.Edge{Name: "features", Geometry: geometry,
		Quantizer: profile.Quantizer{Bits: profile.MaxBits, Escape: true, Scale: profile.StaticTensor}}
	if err := f.draw(x); err != nil {
		return nil, err
	}
	f.digest = f.learn.digest()
	return f, nil
}

// draw reads the rows to learn from and those to prove it.
func (f *fitter) draw(x Rows) error {
	most := f.opt.MaxValues
	if most <= 0 {
		most = DefaultMaxValues
	}
	most = max(most/f.row, 2)
	for k, s := range []*sample{&f.learn, &f.proof} {
		s.rows = someRows(x.Shape()[0], k == 1, most, rand.New(rand.NewPCG(f.opt.Seed, uint64(k))))
	}
	for _, s := range []*sample{&f.learn, &f.proof} {
		if len(s.rows) < 2 {
			return fmt.Errorf("%w: %d of %d rows to learn from, %d to prove it; 2 of each are the least",
				ErrTooFew, len(f.learn.rows), x.Shape()[0], len(f.proof.rows))
		}
		if err := f.read(x, s); err != nil {
			return err
		}
	}
	return nil
}

// someRows are at most so many of n rows, held out or not, in order; all have the same chance (a reservoir: Vitter, "Random
// Sampling with a Reservoir", 1985, algorithm R), and memory does not grow with n.
func someRows(n int, heldOut bool, most int, rng *rand.Rand) (rows []int) {
	seen := 0
	for i := range n {
		if HeldOut(i) != heldOut {
			continue
		}
		if seen++; len(rows) < most {
			rows = append(rows, i)
		} else if k := rng.IntN(seen); k < most {
			rows[k] = i
		}
	}
	slices.Sort(rows)
	return rows
}

func (f *fitter) read(x Rows, s *sample) error {
	s.values = make([]float32, len(s.rows)*f.row)
	for k, i := range s.rows {
		if err := f.ctx.Err(); err != nil {
			return err
		}
		dst := s.values[k*f.row:][:f.row]
		if err := x.ReadRows(dst, i); err != nil {
			return err
		}
		for _, v := range dst {
			if a := float32(math.Abs(float64(v))); !(a <= math.MaxFloat32) {
				return fmt.Errorf("%w: %v in row %d", ErrValues, v, i)
			} else if s == &f.learn {
				f.largest = max(f.largest, a)
			}
		}
	}
	if f.opt.Score == nil {
		return nil
	}
	var err error
	s.scores, err = f.opt.Score(f.ctx, s.values, s.rows)
	return err
}

// digest is that of the rows that were learned from.
func (s *sample) digest() [32]byte {
	h := sha256.New()
	var b []byte
	for k, i := range s.rows {
		b = binary.LittleEndian.AppendUint64(b[:0], uint64(i))
		for _, v := range s.values[k*len(s.values)/len(s.rows):][:len(s.values)/len(s.rows)] {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
		h.Write(b)
	}
	return [32]byte(h.Sum(nil))
}
