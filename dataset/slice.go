package dataset

import (
	"fmt"
	"strconv"
)

// slice is every step-th sample of a range of another source's.
type slice struct {
	Source
	from, to, step int
}

// Slice is the source of samples from..to-1 of src. Its spec is src's with "[from:to]" appended. An empty range is
// ErrEmpty, one beyond src's end is ErrSpec.
func Slice(src Source, from, to int) (Source, error) {
	switch {
	case from < 0 || from > to || to > src.Len():
		return nil, fmt.Errorf("%w: slice [%d:%d] of %d images: %s", ErrSpec, from, to, src.Len(), src.Spec())
	case from == to:
		return nil, fmt.Errorf("%w: slice [%d:%d]: %s", ErrEmpty, from, to, src.Spec())
	}
	return newSlice(src, from, to, 1), nil
}

// Every is the source of samples from, from+step, ... of src, below to. Its spec is src's with "[from:to:step]" appended.
// Errors are those of Slice; a step below 1 is ErrSpec.
func Every(src Source, from, to, step int) (Source, error) {
	if step < 1 {
		return nil, fmt.Errorf("%w: a step of %d: %s", ErrSpec, step, src.Spec())
	}
	if _, err := Slice(src, from, to); err != nil {
		return nil, err
	}
	return newSlice(src, from, to, step), nil
}

// newSlice makes of a slice of a slice one, so that Open understands its spec.
func newSlice(src Source, from, to, step int) *slice {
	if s, ok := src.(*slice); ok {
		last := s.at(to-1) + 1
		return &slice{s.Source, s.at(from), last, s.step * step}
	}
	return &slice{src, from, to, step}
}

func (s *slice) Len() int { return (s.to-s.from-1)/s.step + 1 }

// at is the number of image i in the whole.
func (s *slice) at(i int) int { return s.from + i*s.step }

func (s *slice) Sample(i int) (Sample, error) {
	if err := checkIndex(s, i); err != nil {
		return Sample{}, err
	}
	return s.Source.Sample(s.at(i))
}

func (s *slice) Digest() ([32]byte, error) { return Digest(s) }

func (s *slice) Spec() string {
	if s.step > 1 {
		return fmt.Sprintf("%s[%d:%d:%d]", s.Source.Spec(), s.from, s.to, s.step)
	}
	return fmt.Sprintf("%s[%d:%d]", s.Source.Spec(), s.from, s.to)
}

// SampleDigest is that of the image in the whole.
func (s *slice) SampleDigest(i int) ([32]byte, error) {
	if err := checkIndex(s, i); err != nil {
		return [32]byte{}, err
	}
	return SampleDigest(s.Source, s.at(i))
}

func (s *slice) kind() LabelKind { return s.Labels() }

func (s *slice) label(i int) (label, error) { return labelAt(s.Source, s.at(i)) }

func (s *slice) raster(i int, admit admission) (raster, error) {
	if err := checkIndex(s, i); err != nil {
		return raster{}, err
	}
	return rasterAt(s.Source, s.at(i), admit)
}

func (s *slice) name(i int) string { return nameAt(s.Source, s.at(i)) }

// labelAt is the label of image i of any source, without decoding the image where that can be.
func labelAt(src Source, i int) (label, error) {
	if l, ok := src.(labeller); ok {
		return l.label(i)
	}
	s, err := src.Sample(i)
	return label{class: s.Label, mask: s.Mask, height: s.Image.Height, width: s.Image.Width}, err
}

// rasterAt is the picture of image i of any source, without its label where that can be.
func rasterAt(src Source, i int, admit admission) (raster, error) {
	if s, ok := src.(interface {
		raster(int, admission) (raster, error)
	}); ok {
		if err := checkIndex(src, i); err != nil {
			return raster{}, err
		}
		return s.raster(i, admit)
	}
	s, err := src.Sample(i)
	if err != nil {
		return raster{}, err
	}
	if err := s.Image.check(); err != nil {
		return raster{}, err
	}
	return rasterOf(s.Image), admit(pictureInfo{channels: s.Image.Channels, height: s.Image.Height, width: s.Image.Width})
}

// nameAt is the name of image i of any source.
func nameAt(src Source, i int) string {
	if s, ok := src.(interface{ name(int) string }); ok {
		return s.name(i)
	}
	s, err := src.Sample(i)
	if err != nil {
		return strconv.Itoa(i)
	}
	return s.Name
}
