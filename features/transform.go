package features

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"

	"github.com/dqa-go/dqa/profile"
)

// TransformName says whether channels are decorrelated before they are quantized.
type TransformName string

// The transforms.
const (
	TransformNone TransformName = "none"
	TransformPCA  TransformName = "pca"  // principal axes of the channels
	TransformAuto TransformName = "auto" // whichever stores the array in fewer bytes, the profile's own among them
)

// Transformed is what became of a transform.
type Transformed struct {
	Asked TransformName `json:"asked"`
	Kept  TransformName `json:"kept"`
	// Bytes are what the whole array and its profile take, as held-out rows say: without a transform and with it; 0: not measured.
	Without int64 `json:"bytes_without,omitempty"`
	With    int64 `json:"bytes_with,omitempty"`
}

// check tells a transform that cannot be.
func (t TransformName) check(axes Axes, shape []int) error {
	if t != "" && !slices.Contains([]TransformName{TransformNone, TransformPCA, TransformAuto}, t) {
		return fmt.Errorf("%w: transform %q unknown: none, pca, or auto", ErrObjective, t)
	}
	g, _, err := axes.geometry(shape)
	if err == nil && t == TransformPCA && !transformable(g) {
		err = fmt.Errorf("%w: %q %v has %d channels, pca turns 2 to %d", ErrAxes, axes, shape, g.Channels, profile.MaxTransform)
	}
	return err
}

func transformable(g profile.Geometry) bool {
	return g.Channels > 1 && g.Channels <= profile.MaxTransform
}

// fitTransformed fits with principal axes.
func (f *fitter) fitTransformed() (*Fitted, error) {
	f.turn()
	out, err := f.fit()
	if err != nil {
		return nil, err
	}
	out.Transform = Transformed{Asked: f.opt.Transform, Kept: TransformPCA, With: f.total(out)}
	return out, nil
}

// fitEither fits without and with principal axes, and keeps what takes fewer bytes at the same objective.
func (f *fitter) fitEither() (*Fitted, error) {
	whole, largest := f.edge, f.largest
	out, err := f.fit()
	if err != nil {
		return nil, err
	}
	out.Transform = Transformed{Asked: TransformAuto, Kept: TransformNone, Without: f.total(out)}
	if !transformable(whole.Geometry) || largest == 0 {
		return out, nil
	}
	if f.auto {
		f.coder = firstCoder()
	}
	f.done = 0
	turned, err := f.fitTransformed()
	if err != nil {
		return nil, err
	}
	out.Transform.With, turned.Transform.Without = turned.Transform.With, out.Transform.Without
	if better(f.opt.Objective.Kind, out, turned) {
		return turned, nil
	}
	return out, nil
}

// better tells whether b is to be kept: the fewer bytes at the same quality, or the smaller error in the same bits.
func better(kind Kind, a, b *Fitted) bool {
	if kind == Bits {
		return b.Error < a.Error && b.Transform.With <= a.Transform.Without+a.Transform.Without/100
	}
	return b.Transform.With < a.Transform.Without
}

// total is what the whole array takes with its profile, in bytes.
func (f *fitter) total(out *Fitted) int64 {
	return int64(out.StoredBits*float64(f.all)*float64(f.row)/8) + int64(len(out.Profile.Append(nil)))
}

// turn gives the edge the principal axes of the channels of the rows that are learned from, the one of most variance first
// (Pearson, "On Lines and Planes of Closest Fit to Systems of Points in Space", 1901; for coding, Huang and Schultheiss, "Block
// Quantization of Correlated Gaussian Random Variables", 1963). One step for all components is what the least squared error at a
// number of bits asks for: it leaves out what is smaller.
func (f *fitter) turn() {
	e := &f.edge
	n := e.Channels
	e.Tile = profile.Tile{Channels: n, Rows: min(e.Rows, max(1, turnedTile/(n*e.Cols)))}
	t := &profile.Transform{Centre: make([]float32, n), Matrix: make([]float32, 0, n*n)}
	positions := f.positions()
	count := len(positions) / n
	for c := range n {
		sum := 0.0
		for i := range count {
			sum += float64(positions[i*n+c])
		}
		t.Centre[c] = float32(sum / float64(count))
		for i := range count {
			positions[i*n+c] -= t.Centre[c]
		}
	}
	axes := principal(positions, n)
	for k := n - 1; k >= 0; k-- { // variances rise
		for _, v := range upright(mat.Col(nil, k, axes)) {
			t.Matrix = append(t.Matrix, float32(max(-1, min(1, v))))
		}
	}
	e.Transform, f.largest = t, largestComponent(positions, t.Matrix, n)
}

// turnedTile is about how many values a tile has whose channels are transformed together.
const turnedTile = 32 << 10

// positions are those of the rows that are learned from, channel behind channel.
func (f *fitter) positions() []float32 {
	e := &f.edge
	out := make([]float32, 0, len(f.learn.values))
	_ = f.chunks(&f.learn, func(chunk []float32, _, n int) error {
		plane := e.Rows * e.Cols
		if e.ChannelsLast {
			out = append(out, chunk[:n]...)
			return nil
		}
		for i := range plane {
			for c := range e.Channels {
				out = append(out, chunk[c*plane+i])
			}
		}
		return nil
	})
	return out
}

// principal are the eigenvectors of the covariance of positions of n channels, as columns, the least variance first.
func principal(positions []float32, n int) *mat.Dense {
	const part = 1 << 10 // positions at a time, as float64
	sums := blas64.Symmetric{N: n, Stride: n, Uplo: blas.Upper, Data: make([]float64, n*n)}
	wide := make([]float64, part*n)
	for at := 0; at < len(positions); at += part * n {
		some := positions[at:min(at+part*n, len(positions))]
		for i, v := range some {
			wide[i] = float64(v)
		}
		blas64.Syrk(blas.Trans, 1, blas64.General{Rows: len(some) / n, Cols: n, Stride: n, Data: wide[:len(some)]}, 1, sums)
	}
	scale := 0.0
	for c := range n {
		scale += sums.Data[c*n+c]
	}
	for i := range sums.Data { // what is summed up may be beyond the range in which eigenvalues are found
		sums.Data[i] /= math.Max(scale, math.SmallestNonzeroFloat64)
	}
	axes, eigen := mat.NewDense(n, n, nil), mat.EigenSym{}
	if !eigen.Factorize(mat.NewSymDense(n, sums.Data), true) {
		for c := range n {
			axes.Set(c, c, 1)
		}
		return axes
	}
	eigen.VectorsTo(axes)
	return axes
}

// upright turns an axis, which has no sign, so that its largest number is positive.
func upright(axis []float64) []float64 {
	top := 0.0
	for _, v := range axis {
		if math.Abs(v) > math.Abs(top)*(1+1e-9) {
			top = v
		}
	}
	for i := range axis {
		axis[i] = math.Copysign(1, top) * axis[i]
	}
	return axis
}

// largestComponent is the largest magnitude of positions, from which the centre is taken, on the axes; a little more, as sums differ.
func largestComponent(positions, matrix []float32, n int) float32 {
	const part = 1 << 12
	axes := blas32.General{Rows: n, Cols: n, Stride: n, Data: matrix}
	out, top := make([]float32, part*n), float32(0)
	for at := 0; at < len(positions); at += part * n {
		some := positions[at:min(at+part*n, len(positions))]
		y := blas32.General{Rows: len(some) / n, Cols: n, Stride: n, Data: out[:len(some)]}
		blas32.Gemm(blas.NoTrans, blas.Trans, 1, blas32.General{Rows: y.Rows, Cols: n, Stride: n, Data: some}, axes, 0, y)
		for _, v := range y.Data {
			top = max(top, v, -v)
		}
	}
	return top * 1.001
}
