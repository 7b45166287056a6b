package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// store is where images lie.
type store interface {
	Len() int
	name(i int) string
	// raster reads picture i, once it is admitted.
	raster(i int, admit admission) (raster, error)
	// content writes what identifies image i, as it is stored, without its label.
	content(w io.Writer, i int) error
}

// labeller is where labels lie.
type labeller interface {
	kind() LabelKind
	label(i int) (label, error)
}

// label is a class index (-1: none) or a mask, as stored.
type label struct {
	class         int
	mask          []int32
	height, width int // of the mask
}

// source joins images with their labels.
type source struct {
	store
	labeller
	spec  string
	opt   Options
	notes []string
}

func (s *source) Labels() LabelKind { return s.kind() }

func (s *source) Spec() string { return s.spec }

func (s *source) Digest() ([32]byte, error) { return Digest(s) }

func (s *source) Sample(i int) (Sample, error) {
	if err := checkIndex(s, i); err != nil {
		return Sample{}, err
	}
	r, err := s.raster(i, func(p pictureInfo) error {
		return s.opt.afford(p, 4*int64(p.channels)*int64(p.height)*int64(p.width))
	})
	if err != nil {
		return Sample{}, err
	}
	img := r.whole()
	l, err := s.label(i)
	if err != nil {
		return Sample{}, err
	}
	if l.mask != nil && (l.height != img.Height || l.width != img.Width) {
		return Sample{}, fmt.Errorf("%w: %s: mask of %dx%d for an image of %dx%d", ErrLabel, s.name(i), l.height, l.width, img.Height, img.Width)
	}
	return Sample{Name: s.name(i), Image: img, Label: l.class, Mask: l.mask}, nil
}

// SampleDigest is the SHA-256 of image i as it is stored: the bytes of its file, or its bytes in the array with their
// type and shape. Labels and names are not in it.
func (s *source) SampleDigest(i int) ([32]byte, error) {
	h := sha256.New()
	err := checkIndex(s, i)
	if err == nil {
		err = s.content(h, i)
	}
	return [32]byte(h.Sum(nil)), err
}

func checkIndex(s interface{ Len() int }, i int) error {
	if i < 0 || i >= s.Len() {
		return fmt.Errorf("%w: index %d of %d images", ErrImage, i, s.Len())
	}
	return nil
}

// unlabelled is the labeller of sources without labels.
type unlabelled struct{}

func (unlabelled) kind() LabelKind          { return Unlabelled }
func (unlabelled) label(int) (label, error) { return label{class: -1}, nil }

// classList has one class index per image.
type classList []int32

func (classList) kind() LabelKind              { return ClassLabels }
func (c classList) label(i int) (label, error) { return label{class: int(c[i])}, nil }

// SampleDigest tells whether two sources hold the same image: SHA-256 of the image as it is stored, without label and
// name. Sources of other packages may have a method of this name; without one the decoded values are hashed.
func SampleDigest(src Source, i int) ([32]byte, error) {
	if s, ok := src.(interface{ SampleDigest(int) ([32]byte, error) }); ok {
		return s.SampleDigest(i)
	}
	sample, err := src.Sample(i)
	if err != nil {
		return [32]byte{}, err
	}
	img := sample.Image
	b := fmt.Appendf(nil, "float32 %dx%dx%d\n", img.Channels, img.Height, img.Width)
	for _, v := range img.Pix {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return sha256.Sum256(b), nil
}

// Digest identifies data by content alone; where it lies and what it is called do not matter. It is the SHA-256 of a
// line of text, the kind of labels (1 byte), the number of images (8 bytes, little-endian) and for every image, in
// order, its SampleDigest and its label: the class index (8 bytes) or the SHA-256 of the mask, a byte per pixel, or four
// (little-endian) where a class is not 0 to 255. A slice has the digest
// of a source that holds just its images. It reads everything once.
func Digest(src Source) ([32]byte, error) {
	h := sha256.New()
	io.WriteString(h, "dqa data 0\n")
	h.Write(binary.LittleEndian.AppendUint64([]byte{byte(src.Labels())}, uint64(src.Len())))
	for i := range src.Len() {
		d, err := SampleDigest(src, i)
		if err != nil {
			return [32]byte{}, err
		}
		h.Write(d[:])
		l, err := labelOf(src, i)
		if err != nil {
			return [32]byte{}, err
		}
		h.Write(l)
	}
	return [32]byte(h.Sum(nil)), nil
}

// labelOf is the label's share of Digest. Sources of this package give it without decoding the image.
func labelOf(src Source, i int) ([]byte, error) {
	if src.Labels() == Unlabelled {
		return nil, nil
	}
	l, err := labelAt(src, i)
	if err != nil {
		return nil, err
	}
	if src.Labels() == MaskLabels {
		sum := sha256.Sum256(maskBytes(l.mask))
		return sum[:], nil
	}
	return binary.LittleEndian.AppendUint64(nil, uint64(l.class)), nil
}

// Label is the label of image i as it is stored, without decoding the image where that can be: a class, or a mask.
func Label(src Source, i int) (class int, mask []int32, err error) {
	if err := checkIndex(src, i); err != nil {
		return Ignored, nil, err
	}
	l, err := labelAt(src, i)
	return l.class, l.mask, err
}

func maskBytes(mask []int32) []byte {
	b := make([]byte, 0, len(mask))
	for _, class := range mask {
		if class < 0 || class > 255 {
			b = b[:0]
			for _, class := range mask {
				b = binary.LittleEndian.AppendUint32(b, uint32(class))
			}
			return b
		}
		b = append(b, byte(class))
	}
	return b
}
