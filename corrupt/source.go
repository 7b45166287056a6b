package corrupt

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/dqa-go/dqa/dataset"
)

// smallSide is that of the largest images that take the numbers of CIFAR-10-C in a Source; larger ones take those of ImageNet-C.
const smallSide = 64

// corrupted are a source's images, corrupted.
type corrupted struct {
	dataset.Source
	c Corruption
}

// Source corrupts the images of a source. Errors of samples wrap ErrKind for images that cannot be.
func Source(src dataset.Source, c Corruption) (dataset.Source, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	return &corrupted{src, c}, nil
}

func (s *corrupted) Sample(i int) (dataset.Sample, error) {
	sample, err := s.Source.Sample(i)
	if err != nil {
		return sample, err
	}
	from := &sample.Image
	top := from.Top
	if top == 0 {
		top = 255
	}
	im := &Image{
		Channels: from.Channels, Height: from.Height, Width: from.Width, Pix: make([]float64, len(from.Pix)),
		Large: max(from.Height, from.Width) > smallSide,
	}
	for k, v := range from.Pix {
		im.Pix[k] = clip(float64(v) / float64(top))
	}
	if err := s.c.Apply(im, i); err != nil {
		return sample, fmt.Errorf("%s: %w", sample.Name, err)
	}
	pix := make([]float32, len(im.Pix))
	for k, v := range im.Pix {
		pix[k] = float32(v * float64(top))
	}
	from.Pix = pix
	return sample, nil
}

func (s *corrupted) Digest() ([32]byte, error) { return dataset.Digest(s) }

// Spec is understood by dataset.Open, if the seed is 0 and the source's is.
func (s *corrupted) Spec() string {
	return fmt.Sprintf("%s:%s:%d:%s", Scheme, s.c.Kind, s.c.Severity, s.Source.Spec())
}

// Scheme is that of specs: corrupt:KIND:SEVERITY:SPEC. In SPEC, commas and brackets are quoted, as in a path; a slice behind it
// is taken of what is corrupted.
const Scheme = "corrupt"

func init() {
	dataset.Register(Scheme, func(rest string) (dataset.Source, error) {
		parts := strings.SplitN(rest, ":", 3)
		if len(parts) < 3 {
			return nil, fmt.Errorf("%w: %s:KIND:SEVERITY:SPEC", dataset.ErrSpec, Scheme)
		}
		severity, err := strconv.Atoi(parts[1])
		if err != nil {
			return nil, fmt.Errorf("%w: severity %.20q", dataset.ErrSpec, parts[1])
		}
		src, err := dataset.Open(parts[2])
		if err != nil {
			return nil, err
		}
		src, err = Source(src, Corruption{Kind: Kind(parts[0]), Severity: severity})
		if err != nil {
			return nil, fmt.Errorf("%w: %w", dataset.ErrSpec, err)
		}
		return src, nil
	})
}
