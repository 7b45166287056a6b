package features

import (
	"math"
	"slices"
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
	// Neighbours is the share of each row's nearest neighbours (Neighbours of them, Euclidean, among these rows) that are still
	// among them.
	Neighbours   float64 `json:"neighbours"`
	NeighboursSE float64 `json:"neighbours_se"`
}

// How many rows are compared with each other, and how many neighbours count.
const (
	NumNeighbours = 10
	maxCompared   = 1000
)

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
	q.Neighbours, q.NeighboursSE = meanSE(keptNeighbours(x, y, row))
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

// keptNeighbours is, for each of the first rows, the share of its nearest rows that storing keeps.
func keptNeighbours(x, y []float32, row int) []float64 {
	n := min(len(x)/row, maxCompared)
	k := min(NumNeighbours, n-1)
	if k < 1 {
		return nil
	}
	before, after := nearest(x, row, n, k), nearest(y, row, n, k)
	kept := make([]float64, n)
	for i := range kept {
		for _, j := range after[i] {
			if slices.Contains(before[i], j) {
				kept[i] += 1 / float64(k)
			}
		}
	}
	return kept
}

// nearest are the k nearest rows of each of n rows, itself apart; of equal distances the first rows.
func nearest(x []float32, row, n, k int) [][]int {
	norms := make([]float32, n)
	for i := range n {
		norms[i] = dot(x[i*row:][:row], x[i*row:][:row])
	}
	all := make([][]int, n)
	type pair struct {
		d float32
		j int
	}
	list := make([]pair, 0, n)
	for i := range n {
		list = list[:0]
		for j := range n {
			if j != i {
				list = append(list, pair{norms[j] - 2*dot(x[i*row:][:row], x[j*row:][:row]), j})
			}
		}
		slices.SortFunc(list, func(a, b pair) int {
			switch {
			case a.d < b.d:
				return -1
			case a.d > b.d:
				return 1
			}
			return a.j - b.j
		})
		for _, p := range list[:k] {
			all[i] = append(all[i], p.j)
		}
	}
	return all
}

// dot in four sums, which processors add at once.
func dot(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	n := len(a) &^ 3
	for k := 0; k < n; k += 4 {
		s0 += a[k] * b[k]
		s1 += a[k+1] * b[k+1]
		s2 += a[k+2] * b[k+2]
		s3 += a[k+3] * b[k+3]
	}
	for k := n; k < len(a); k++ {
		s0 += a[k] * b[k]
	}
	return s0 + s1 + (s2 + s3)
}
