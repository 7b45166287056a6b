package metric

import (
	"math"
	"slices"
)

// Comparison gathers the records of many images. Records must come in the order of the images: then the result does
// not depend on how many goroutines computed them. It keeps a few numbers per image, for the bootstrap of masks.
type Comparison struct {
	opt           Options
	images        int
	nonFinite     int
	kl, agree     float64 // sums
	klSquares     float64
	scored        int // images with a class label
	ref, got      hits
	worse, better int // images where only the float network, only the candidate is right
	masks         masks
	whites        whites
	distances     []Distance // sums, by output
}

// hits counts images.
type hits struct{ first, topK int }

// NewComparison returns an empty comparison.
func NewComparison(opt Options) *Comparison { return &Comparison{opt: opt} }

// Add counts one image. Records with and without masks must not be mixed, nor outputs with different numbers of
// classes: that is a caller's bug and panics.
func (c *Comparison) Add(r Record) {
	c.images++
	c.kl += r.KL
	c.klSquares += r.KL * r.KL
	c.agree += r.Agreement
	if r.NonFinite > 0 {
		c.nonFinite++
	}
	c.whites |= r.whites
	if c.distances == nil {
		c.distances = make([]Distance, len(r.Distances))
	}
	for i, d := range r.Distances {
		c.distances[i].Measure += d.Measure
		c.distances[i].Agreement += d.Agreement
	}
	if r.Ref != nil {
		c.masks.add(r.Ref, r.Got)
	}
	if r.RefRank < 0 {
		return
	}
	c.scored++
	c.ref.add(r.RefRank, c.topK())
	c.got.add(r.GotRank, c.topK())
	if r.RefRank == 0 && r.GotRank != 0 {
		c.worse++
	}
	if r.RefRank != 0 && r.GotRank == 0 {
		c.better++
	}
}

func (c *Comparison) topK() int {
	if c.opt.TopK == 0 {
		return 5
	}
	return c.opt.TopK
}

func (h *hits) add(rank, k int) {
	if rank == 0 {
		h.first++
	}
	if rank < k {
		h.topK++
	}
}

// Err tells what only many images show: labels that contradict each other.
func (c *Comparison) Err() error { return c.whites.check() }

// Score is what a network reaches against labels, in percent. What does not apply is NaN or nil.
type Score struct {
	Top1, TopK    float64
	MeanIoU       float64   // mean of IoU over its classes, NaN ones left out
	PixelAccuracy float64   // share of the pixels with a label that is not ignored
	IoU           []float64 // per class, hits / (labels + predictions - hits) over all images; NaN: ignored, or neither labelled nor predicted
}

// Summary is what a comparison came to. Numbers that do not apply are NaN.
type Summary struct {
	Images    int
	Scored    int    // images with labels
	NonFinite int    // images with an output that is NaN or +Inf
	Metric    string // "top1", "miou", or "" without labels
	Reference Score  // the float network
	Candidate Score
	// Drop is the float network's metric minus the candidate's, in points. DropSE is its paired standard error: for
	// top-1 the standard deviation of the images' differences / sqrt(n), for mIoU by the seeded bootstrap over images.
	Drop, DropSE float64
	// Worse and Better count the images with a class label that only the float network, only the candidate gets right.
	Worse, Better int
	KL, KLSE      float64 // nats per image (per pixel for masks), and standard error over images
	Agreement     float64 // percent of positions with equal arg max
	// Distances are the means of all outputs, agreement in percent, where the network has several.
	Distances []Distance
}

// Worst is the largest distance and the least agreement of all outputs.
func (s *Summary) Worst() (kl, agreement float64) {
	kl, agreement = s.KL, s.Agreement
	for _, d := range s.Distances {
		if !(d.Measure <= kl) {
			kl = d.Measure
		}
		if d.Agreement < agreement {
			agreement = d.Agreement
		}
	}
	return kl, agreement
}

// Summary computes all scores. It may be called at any time and again.
func (c *Comparison) Summary() Summary {
	nan := math.NaN()
	n := float64(c.images)
	s := Summary{
		Images: c.images, Scored: c.scored, NonFinite: c.nonFinite,
		Reference: c.ref.score(c.scored), Candidate: c.got.score(c.scored), Drop: nan, DropSE: nan,
		KL: c.kl / n, KLSE: standardError(c.kl, c.klSquares, n), Agreement: 100 * c.agree / n,
	}
	for _, d := range c.distances {
		s.Distances = append(s.Distances, Distance{d.Measure / n, 100 * d.Agreement / n})
	}
	switch {
	case len(c.masks.images) > 0:
		s.Metric, s.Scored = "miou", len(c.masks.images)
		s.Reference, s.Candidate = c.masks.scores(c.opt.Ignore)
		s.Drop = s.Reference.MeanIoU - s.Candidate.MeanIoU
		s.DropSE = c.masks.bootstrap(c.opt)
	case c.scored > 0:
		s.Metric = "top1"
		s.Worse, s.Better = c.worse, c.better
		worse, better := float64(c.worse), float64(c.better)
		s.Drop = 100 * (worse - better) / float64(c.scored)
		s.DropSE = 100 * standardError(worse-better, worse+better, float64(c.scored))
	}
	return s
}

func (h hits) score(n int) Score {
	nan := math.NaN()
	return Score{Top1: percent(h.first, n), TopK: percent(h.topK, n), MeanIoU: nan, PixelAccuracy: nan}
}

// percent is NaN for 0 of 0.
func percent(part, whole int) float64 { return 100 * float64(part) / float64(whole) }

// standardError of the mean of n values from their sum and sum of squares (n-1 in the variance); NaN for n < 2.
func standardError(sum, squares, n float64) float64 {
	if n < 2 {
		return math.NaN()
	}
	return math.Sqrt(max(0, squares-sum*sum/n) / (n - 1) / n)
}

// ignored tells whether a class is left out of the mean.
func ignored(class int, ignore []int) bool { return slices.Contains(ignore, class) }
