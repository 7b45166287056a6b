package features

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// Quality is what storing does to rows, measured on held-out ones. Errors are standard errors over rows.
type Quality struct {
	Rows int `json:"rows"`
	// Error is the squared error relative to the squares of the values: sum |x - y|^2 / sum |x|^2.
	Error   float64 `json:"relative_squared_error"`
	ErrorSE float64 `json:"relative_squared_error_se"`
	// Cosine is the mean cosine between a row and what is restored of it; rows of zeros are left out.
	Cosine    float64 `json:"cosine"`
	CosineSE  float64 `json:"cosine_se"`
	MinCosine float64 `json:"cosine_min"`
	// Neighbours is the share of each row's nearest neighbours (NumNeighbours of them, Euclidean, among Compared rows) that are
	// still among them.
	Neighbours   float64 `json:"neighbours"`
	NeighboursSE float64 `json:"neighbours_se"`
	Compared     int     `json:"neighbours_among"`
}

// How many neighbours count, and how many rows are compared with each other: fewer of long rows, as it takes the square of them
// times their length.
const (
	NumNeighbours = 10
	maxCompared   = 1000
	maxProducts   = 1 << 27
)

func compared(rows, row int) int {
	return min(rows, maxCompared, max(2, int(math.Sqrt(float64(maxProducts/row)))))
}

// measure compares rows of so many values with what was restored of them.
func measure(x, y []float32, row int) Quality {
	q := Quality{Rows: len(x) / row, MinCosine: 1}
	var cosines []float64
	squares, errs := make([]float64, q.Rows), make([]float64, q.Rows)
	for i := range q.Rows {
		a, b := x[i*row:][:row], y[i*row:][:row]
		var aa, bb, ab, d float64
		for k := range a {
			u, v := float64(a[k]), float64(b[k])
			aa, bb, ab, d = aa+u*u, bb+v*v, ab+u*v, d+(u-v)*(u-v)
		}
		squares[i], errs[i] = aa, d
		if aa > 0 {
			c := 0.0
			if bb > 0 {
				c = ab / math.Sqrt(aa*bb)
			}
			cosines = append(cosines, c)
			q.MinCosine = min(q.MinCosine, c)
		}
	}
	q.Error, q.ErrorSE = ratio(errs, squares)
	q.Cosine, q.CosineSE = meanSE(cosines)
	if len(cosines) == 0 {
		q.Cosine = 1
	}
	q.Compared = compared(q.Rows, row)
	q.Neighbours, q.NeighboursSE = meanSE(keptNeighbours(nearest(x, row), y, row))
	return q
}

// ratio is the sum of a over that of b, with its standard error (of a ratio estimator: Cochran, Sampling Techniques, 6.4).
func ratio(a, b []float64) (r, se float64) {
	var sa, sb float64
	for i := range a {
		sa, sb = sa+a[i], sb+b[i]
	}
	if sb == 0 {
		return 0, 0
	}
	r = sa / sb
	n, ss := float64(len(a)), 0.0
	for i := range a {
		d := a[i] - r*b[i]
		ss += d * d
	}
	return r, math.Sqrt(ss/max(n-1, 1)*n) / sb
}

func meanSE(v []float64) (mean, se float64) {
	if len(v) == 0 {
		return 0, 0
	}
	n := float64(len(v))
	for _, x := range v {
		mean += x / n
	}
	for _, x := range v {
		se += (x - mean) * (x - mean)
	}
	return mean, math.Sqrt(se / max(n-1, 1) / n)
}

// keptNeighbours is, for each of the first rows, the share of its nearest rows that storing keeps: before are those of the values
// that were stored.
func keptNeighbours(before [][]int, y []float32, row int) []float64 {
	kept := make([]float64, len(before))
	for i, after := range nearest(y, row) {
		for _, j := range after {
			if slices.Contains(before[i], j) {
				kept[i] += 1 / float64(len(after))
			}
		}
	}
	return kept
}

// nearest are the nearest rows of each of the first rows of x, itself apart; of equal distances the first rows. nil if there are
// none.
func nearest(x []float32, row int) [][]int {
	n := compared(len(x)/row, row)
	k := min(NumNeighbours, n-1)
	if k < 1 {
		return nil
	}
	rows := blas32.General{Rows: n, Cols: row, Stride: row, Data: x[:n*row]}
	products := blas32.General{Rows: n, Cols: n, Stride: n, Data: make([]float32, n*n)}
	blas32.Gemm(blas.NoTrans, blas.Trans, 1, rows, rows, 0, products)
	all := make([][]int, n)
	far := make([]float32, n)
	for i := range n {
		for j := range n {
			far[j] = products.Data[j*n+j] - 2*products.Data[i*n+j]
		}
		list := make([]int, 0, k+1)
		for j := range n {
			if j == i || len(list) == k && !(far[j] < far[list[k-1]]) {
				continue
			}
			at := len(list)
			for at > 0 && far[j] < far[list[at-1]] {
				at--
			}
			list = slices.Insert(list, at, j)
			list = list[:min(len(list), k)]
		}
		all[i] = list
	}
	return all
}
