package drift

import (
	"math"
	"math/rand/v2"
	"slices"
)

// whitening turns rows into vectors whose numbers have mean 0 and spread 1 on clean images, and are not correlated.
type whitening struct {
	mean []float64
	axes [][]float64 // by number of the vector
}

// maxAxes is the number of axes at most; an axis wants so many images each.
const (
	maxAxes = 24
	perAxis = 10
)

// whiten learns from rows, worth so many that have nothing in common. The axes are those in which rows vary most; what is small among
// their variances is raised by a share of the mean, more of it where few rows are known: it cannot be known well.
func whiten(rows [][]float64, worth int) *whitening {
	d, n := len(rows[0]), float64(len(rows))
	w := &whitening{mean: make([]float64, d)}
	for _, row := range rows {
		for j, v := range row {
			w.mean[j] += v / n
		}
	}
	cov := make([][]float64, d)
	for a := range cov {
		cov[a] = make([]float64, d)
	}
	for _, row := range rows {
		for a := range d {
			for b := range a + 1 {
				cov[a][b] += (row[a] - w.mean[a]) * (row[b] - w.mean[b]) / (n - 1)
			}
		}
	}
	trace := 1e-6
	for a := range d {
		trace += cov[a][a]
		for b := range a {
			cov[b][a] = cov[a][b]
		}
	}
	values, vectors := eigen(cov)
	raise := .05 * math.Max(1, 256/float64(worth)) * trace / float64(d)
	for k := range min(d, maxAxes, max(1, worth/perAxis)) {
		axis := vectors[k]
		for j := range axis {
			axis[j] /= math.Sqrt(math.Max(0, values[k]) + raise)
		}
		w.axes = append(w.axes, axis)
	}
	return w
}

// usual is how long a vector may be, in parts of the length that those of clean images have on average: an image that is like no other
// counts no more than one that is usual, so that none raises an alarm by itself and heavy tails, which a reference shows little of, do
// not matter. What changes an image's direction is still seen.
const usual = .9

// apply fills dst with the vector of a row, shortened to what is usual.
func (w *whitening) apply(dst, row []float64) {
	square := 0.0
	for k, axis := range w.axes {
		v := 0.0
		for j, a := range axis {
			v += a * (row[j] - w.mean[j])
		}
		dst[k] = v
		square += v * v
	}
	if most := usual * math.Sqrt(float64(len(dst))); square > most*most {
		for k := range dst {
			dst[k] *= most / math.Sqrt(square)
		}
	}
}

// applyUpright is apply with the vector turned back to the row's own coordinates, in which vectors of similar references are alike:
// which axis is the first, and its sign, is chance.
func (w *whitening) applyUpright(row []float64) []float64 {
	v, out := make([]float64, len(w.axes)), make([]float64, len(row))
	w.apply(v, row)
	for k, axis := range w.axes {
		square := 0.0
		for _, a := range axis {
			square += a * a
		}
		for j, a := range axis {
			out[j] += v[k] * a / math.Sqrt(square)
		}
	}
	return out
}

// sum is Crosier's cumulative sum.
type sum struct {
	s      []float64
	length float64 // of s
}

func (s *sum) add(y []float64, k float64) float64 {
	square := 0.0
	for i, v := range y {
		s.s[i] += v
		square += s.s[i] * s.s[i]
	}
	length := math.Sqrt(square)
	if length <= k {
		clear(s.s)
		s.length = 0
		return 0
	}
	for i := range s.s {
		s.s[i] *= 1 - k/length
	}
	s.length = length - k
	return s.length
}

// shorten keeps it from growing beyond what it takes long to come back from.
func (s *sum) shorten(most float64) {
	if s.length > most {
		for i := range s.s {
			s.s[i] *= most / s.length
		}
		s.length = most
	}
}

// Simulations: so many streams of half as many images as runs shall have, at most maxSimulated.
const (
	replicates   = 64
	maxSimulated = 2000
)

// threshold is the h for so many images between false alarms (ert), by simulation on clean rows, drawn in blocks.
func threshold(rows [][]float64, block int, k, ert float64, seed uint64) float64 {
	images := max(1, int(min(maxSimulated, ert/2)))
	rng := rand.New(rand.NewPCG(seed, uint64(len(rows))))
	y := crossed(rows, block)
	mean, square := 0.0, 0.0
	for range replicates {
		top := replicate(y, block, images, k, rng)
		mean += top / replicates
		square += top * top / replicates
	}
	// Gumbel's distribution by its moments: of streams so long, the share images/ert may have an alarm. h is not below k, so that a
	// reference that does not vary leaves room.
	scale := math.Sqrt(math.Max(0, square-mean*mean)*replicates/(replicates-1)) * math.Sqrt(6) / math.Pi
	const euler = 0.5772156649015329
	return math.Max(k, mean-euler*scale+scale*math.Log(ert/float64(images)))
}

// folds is into how many parts rows are cut to be whitened by the others.
const folds = 8

// crossed are the vectors of rows, each whitened by rows that are not of its part: as new images are. Parts are of
// neighbours, which are alike.
func crossed(rows [][]float64, block int) [][]float64 {
	y := make([][]float64, len(rows))
	for f := range folds {
		from, to := f*len(rows)/folds, (f+1)*len(rows)/folds
		w := whiten(slices.Concat(rows[:from], rows[to:]), worth(len(rows), block))
		for i := from; i < to; i++ {
			y[i] = w.applyUpright(rows[i])
		}
	}
	return y
}

// unsure is how far clean images are off the reference's mean, in parts of what chance makes of so many: calibration images are often
// those that the network has learned from, and it answers others a little differently.
const unsure = 1.7

// replicate is the highest sum in a stream drawn from clean vectors, off the mean by what so many images leave unknown.
func replicate(y [][]float64, block, images int, k float64, rng *rand.Rand) float64 {
	blocks := (len(y) + block - 1) / block
	drawn := func() [][]float64 {
		b := rng.IntN(blocks)
		return y[b*block : min(len(y), (b+1)*block)]
	}
	offset, n := make([]float64, len(y[0])), 0.0
	for range blocks {
		for _, v := range drawn() {
			n++
			for j := range v {
				offset[j] += unsure * v[j]
			}
		}
	}
	s, top, v := sum{s: make([]float64, len(offset))}, 0.0, make([]float64, len(offset))
	for done := 0; done < images; {
		for _, row := range drawn() {
			for j := range v {
				v[j] = row[j] - offset[j]/n
			}
			top = math.Max(top, s.add(v, k))
			done++
		}
	}
	return top
}

// worth is how many images without anything in common tell as much as so many in blocks, which are twice as long as images are alike.
func worth(images, block int) int { return images / max(1, block/2) }

// blockLength is for how many images rows are alike: twice the first distance at which none of three axes is correlated, within runs
// and at most an eighth of the rows, so that there are enough blocks.
func blockLength(rows [][]float64, run int) int {
	w := whiten(rows, len(rows))
	axes := min(3, len(w.axes))
	y := make([][]float64, len(rows))
	for i := range rows {
		y[i] = make([]float64, len(w.axes))
		w.apply(y[i], rows[i])
	}
	most := max(1, min(run, len(rows)/8))
	for lag := 1; lag < most; lag++ {
		alike := false
		for a := range axes {
			product, square, n := 0.0, 0.0, 0.0
			for i := range len(rows) - lag {
				if i/run == (i+lag)/run {
					product, square, n = product+y[i][a]*y[i+lag][a], square+y[i][a]*y[i][a], n+1
				}
			}
			alike = alike || n > 0 && product > 2.5*square/math.Sqrt(n)
		}
		if !alike {
			return min(most, max(1, 2*(lag-1)))
		}
	}
	return most
}
