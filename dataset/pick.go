package dataset

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// picked is a choice of another source's samples.
type picked struct {
	Source
	indices []int
	spec    string
}

// Pick chooses n of src's samples at random by a seed, in their order; all of them where there are no more. Data is often
// sorted by class, and its first samples are then of one class. The spec of the choice says how it was made; Open does
// not understand it.
func Pick(src Source, n int, seed uint64) Source {
	if n <= 0 || n >= src.Len() {
		return src
	}
	indices := rand.New(rand.NewPCG(seed, 0)).Perm(src.Len())[:n]
	slices.Sort(indices)
	return &picked{src, indices, fmt.Sprintf("%s (%d images, seed %d)", src.Spec(), n, seed)}
}

// Shuffle is src in an order that a seed draws. Open does not understand its spec.
func Shuffle(src Source, seed uint64) Source {
	return &picked{src, rand.New(rand.NewPCG(seed, 1)).Perm(src.Len()), fmt.Sprintf("%s (shuffled, seed %d)", src.Spec(), seed)}
}

// HoldBack parts a source: every step-th sample, from number step-1 on, is held back, the others are used. Open does not understand
// their specs.
func HoldBack(src Source, step int) (used, held Source) {
	u, h := &picked{Source: src, spec: src.Spec() + " (used)"}, &picked{Source: src, spec: src.Spec() + " (held back)"}
	for i := range src.Len() {
		if i%step == step-1 {
			h.indices = append(h.indices, i)
		} else {
			u.indices = append(u.indices, i)
		}
	}
	return u, h
}

func (p *picked) Len() int { return len(p.indices) }

func (p *picked) Sample(i int) (Sample, error) {
	if err := checkIndex(p, i); err != nil {
		return Sample{}, err
	}
	return p.Source.Sample(p.indices[i])
}

func (p *picked) Digest() ([32]byte, error) { return Digest(p) }

func (p *picked) Spec() string { return p.spec }

// SampleDigest is that of the image in the whole.
func (p *picked) SampleDigest(i int) ([32]byte, error) {
	if err := checkIndex(p, i); err != nil {
		return [32]byte{}, err
	}
	return SampleDigest(p.Source, p.indices[i])
}

func (p *picked) kind() LabelKind { return p.Labels() }

func (p *picked) label(i int) (label, error) { return labelAt(p.Source, p.indices[i]) }

func (p *picked) raster(i int, admit admission) (raster, error) {
	return rasterAt(p.Source, p.indices[i], admit)
}

func (p *picked) name(i int) string { return nameAt(p.Source, p.indices[i]) }

// OneClass tells whether all of several labelled images are of one class, as in the first slice of data that is sorted.
func OneClass(src Source) bool {
	const least, most = 5, 1 << 16 // fewer may well be, more are too many to look at
	if src.Labels() != ClassLabels || src.Len() < least || src.Len() > most {
		return false
	}
	first := Ignored
	for i := range src.Len() {
		l, err := labelAt(src, i)
		if err != nil || i > 0 && l.class != first {
			return false // what cannot be read is an error elsewhere
		}
		first = l.class
	}
	return true
}
