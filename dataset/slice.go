package dataset

import (
	"fmt"
	"strconv"
)

// slice is a range of another source's samples.
type slice struct {
	Source
	from, to int
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
	if s, ok := src.(*slice); ok { // a slice of a slice: keep a spec that Open understands
		src, from, to = s.Source, s.from+from, s.from+to
	}
	return &slice{src, from, to}, nil
}

func (s *slice) Len() int { return s.to - s.from }

func (s *slice) Sample(i int) (Sample, error) {
	if err := checkIndex(s, i); err != nil {
		return Sample{}, err
	}
	return s.Source.Sample(s.from + i)
}

func (s *slice) Digest() ([32]byte, error) { return Digest(s) }

func (s *slice) Spec() string { return fmt.Sprintf("%s[%d:%d]", s.Source.Spec(), s.from, s.to) }

// SampleDigest is that of the image in the whole.
func (s *slice) SampleDigest(i int) ([32]byte, error) {
	if err := checkIndex(s, i); err != nil {
		return [32]byte{}, err
	}
	return SampleDigest(s.Source, s.from+i)
}

func (s *slice) kind() LabelKind { return s.Labels() }

func (s *slice) label(i int) (label, error) { return labelAt(s.Source, s.from+i) }

func (s *slice) raster(i int, admit admission) (raster, error) {
	if err := checkIndex(s, i); err != nil {
		return raster{}, err
	}
	return rasterAt(s.Source, s.from+i, admit)
}

func (s *slice) name(i int) string { return nameAt(s.Source, s.from+i) }

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
