package demo

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/dqa-go/dqa/dataset"
)

// Sides of the images in pixels, seeds of the two sequences, and how many images users see. The networks were trained
// on the images of TrainSeed.
const (
	ClassifySide = 64
	SegmentSide  = 96
	UserSeed     = 1
	TrainSeed    = 2
	UserImages   = 2000
)

// ClassifyImage draws image i of a seed's sequence, ClassifySide squared grey levels, and tells its class.
func ClassifyImage(seed uint64, i int) (pix []uint8, class int) {
	c, class := drawClassified(seed, i)
	return c.bytes(), class
}

func drawClassified(seed uint64, i int) (c *canvas, class int) {
	rng := rand.New(rand.NewPCG(seed, uint64(i)))
	class = rng.IntN(len(Classes))
	var defects []int
	if class != none {
		defects = []int{class}
	}
	return draw(rng, ClassifySide, defects), class
}

// SegmentImage draws image i of a seed's sequence, SegmentSide squared grey levels with up to three defects, and the
// class of every pixel.
func SegmentImage(seed uint64, i int) (pix, mask []uint8) {
	rng := rand.New(rand.NewPCG(seed, 1<<32|uint64(i)))
	defects := make([]int, rng.IntN(4))
	for k := range defects {
		defects[k] = 1 + rng.IntN(len(Classes)-1)
	}
	c := draw(rng, SegmentSide, defects)
	return c.bytes(), c.mask
}

// source is the sequence that users see, as a dataset.
type source struct{ segment bool }

func init() {
	dataset.Register("demo", func(rest string) (dataset.Source, error) {
		switch rest {
		case "classify":
			return source{}, nil
		case "segment":
			return source{segment: true}, nil
		}
		return nil, fmt.Errorf("%w: demo:%s: demo:classify and demo:segment exist", dataset.ErrSpec, strings.ToValidUTF8(rest, "?"))
	})
}

func (s source) Len() int { return UserImages }

func (s source) Spec() string {
	if s.segment {
		return "demo:segment"
	}
	return "demo:classify"
}

func (s source) Labels() dataset.LabelKind {
	if s.segment {
		return dataset.MaskLabels
	}
	return dataset.ClassLabels
}

func (s source) Digest() ([32]byte, error) { return dataset.Digest(s) }

func (s source) Sample(i int) (dataset.Sample, error) {
	if i < 0 || i >= UserImages {
		return dataset.Sample{}, fmt.Errorf("%w: index %d of %d images", dataset.ErrImage, i, UserImages)
	}
	sample := dataset.Sample{Name: fmt.Sprintf("%06d", i), Label: -1}
	var pix []uint8
	if s.segment {
		var mask []uint8
		pix, mask = SegmentImage(UserSeed, i)
		for _, class := range mask {
			sample.Mask = append(sample.Mask, int32(class))
		}
		sample.Image = dataset.Image{Channels: 1, Height: SegmentSide, Width: SegmentSide}
	} else {
		pix, sample.Label = ClassifyImage(UserSeed, i)
		sample.Image = dataset.Image{Channels: 1, Height: ClassifySide, Width: ClassifySide}
	}
	sample.Image.Pix = make([]float32, len(pix))
	for k, v := range pix {
		sample.Image.Pix[k] = float32(v)
	}
	return sample, nil
}
