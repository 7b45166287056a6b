package dataset

import "fmt"

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

func (s *slice) label(i int) (label, error) {
	if l, ok := s.Source.(labeller); ok {
		return l.label(s.from + i)
	}
	sample, err := s.Source.Sample(s.from + i)
	return label{class: sample.Label, mask: sample.Mask}, err
}
