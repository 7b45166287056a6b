package drift

import (
	"errors"
	"fmt"
	"math"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/profile"
)

// MaxImages is the number of images that a reference is learned from at most; more change it little.
const MaxImages = 512

// MinImages is the least number.
const MinImages = 16

// ErrReference is wrapped where a profile has no reference, or images do not suffice for one.
var ErrReference = errors.New("no reference of clean images")

// Learner makes a reference of clean images. It belongs to one goroutine. It keeps counts of MaxImages.
type Learner struct {
	profile *profile.Profile
	images  [][]dqa.EdgeCounts
}

// NewLearner begins a reference for the profile.
func NewLearner(p *profile.Profile) *Learner { return &Learner{profile: p} }

// runLength is how many images follow each other in what Pick picks, so that it is seen how alike neighbours are.
const runLength = 16

// Pick says which of n images a reference is learned from: all, or MaxImages of them in runs that are spread evenly.
func Pick(n int) (images []int) {
	if n <= MaxImages {
		for i := range n {
			images = append(images, i)
		}
		return images
	}
	runs := MaxImages / runLength
	for r := range runs {
		from := r * (n - runLength) / (runs - 1)
		for i := range runLength {
			images = append(images, from+i)
		}
	}
	return images
}

// Add takes what was counted of one image, in the order of Pick. Images beyond MaxImages are left out.
func (l *Learner) Add(edges []dqa.EdgeCounts) {
	if len(l.images) < MaxImages {
		l.images = append(l.images, append([]dqa.EdgeCounts(nil), edges...))
	}
}

// Images is the number of images so far.
func (l *Learner) Images() int { return len(l.images) }

// Reference is what was learned of the images, of which so many were to choose from (Pick). Fewer than MinImages, or a profile without
// an edge whose codes can be counted, are ErrReference.
func (l *Learner) Reference(of int) (*profile.Reference, error) {
	if len(l.images) < MinImages {
		return nil, fmt.Errorf("%w: %d images, %d wanted at least", ErrReference, len(l.images), MinImages)
	}
	if len(l.images[0]) == 0 {
		return nil, fmt.Errorf("%w: no edge's codes can be counted", ErrReference)
	}
	r := &profile.Reference{Run: len(l.images)}
	if of > len(l.images) {
		r.Run = runLength
	}
	all := make([][]measures, len(l.images))
	for i := range all {
		all[i] = make([]measures, len(l.images[0]))
	}
	for k := range l.images[0] {
		r.Edges = append(r.Edges, l.edge(k, all))
	}
	lay := layoutOf(r.Edges)
	r.Coded = lay.coded
	row := make([]float64, lay.size())
	for i := range all {
		for k := range all[i] {
			standardize(&all[i][k], &r.Edges[k])
		}
		lay.row(row, all[i])
		kept := make([]int8, len(row))
		for j, v := range row {
			kept[j] = int8(math.RoundToEven(rowUnit * v))
		}
		r.Rows = append(r.Rows, kept)
	}
	return r, nil
}

// rowUnit is what rows have to a spread.
const rowUnit = 16

// edge learns the moments of one watched edge, and fills in its measures of every image.
func (l *Learner) edge(k int, all [][]measures) profile.ReferenceEdge {
	r := profile.ReferenceEdge{Edge: l.images[0][k].Edge}
	e := &l.profile.Edges[r.Edge]
	var counts [profile.CodeClasses]uint64
	sum := uint64(0)
	for i := range l.images {
		for c, n := range l.images[i][k].Classes {
			counts[c] += n
			sum += n
		}
	}
	for c, n := range counts {
		r.Classes[c] = uint16(65535 * n / max(1, sum))
	}
	c := newClasses(e, r.Classes)
	for i := range l.images {
		measure(&all[i][k], e, &l.images[i][k], c)
	}
	for s := range r.Statistics {
		r.Statistics[s] = moments(len(all), func(i int) float64 { return all[i][k].stats[s] })
	}
	for g := range dqa.Groups(e) {
		r.Groups = append(r.Groups, moments(len(all), func(i int) float64 { return all[i][k].groups[g] }))
	}
	return r
}

func moments(n int, at func(i int) float64) profile.Moments {
	mean, square := 0.0, 0.0
	for i := range n {
		mean += at(i) / float64(n)
	}
	for i := range n {
		square += (at(i) - mean) * (at(i) - mean) / float64(n-1)
	}
	return profile.Moments{Mean: float32(mean), Spread: float32(math.Sqrt(square))}
}
