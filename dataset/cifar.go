package dataset

import (
	"fmt"
	"io"
	"strconv"

	"github.com/dqa-go/dqa/internal/file"
)

// The binary version of CIFAR-10: records of a label byte and three planes (red, green, blue) of 32 x 32 bytes.
const (
	cifarSide    = 32
	cifarPixels  = 3 * cifarSide * cifarSide
	cifarRecord  = 1 + cifarPixels
	cifarClasses = 10
)

type cifar10 struct {
	path string
	n    int
}

func openCIFAR10(path string, opt Options) (Source, error) {
	info, err := needFile(path)
	if err != nil {
		return nil, err
	}
	switch size := info.Size(); {
	case size == 0:
		return nil, fmt.Errorf("%w: %s is an empty file", ErrEmpty, path)
	case size%cifarRecord != 0:
		return nil, fmt.Errorf("%w: %s: %d bytes are no multiple of %d: not the binary version of CIFAR-10", ErrImage, path, size, cifarRecord)
	}
	c := &cifar10{path, int(info.Size() / cifarRecord)}
	return &source{store: c, labeller: c, spec: spec{scheme: "cifar10", parts: []string{path}}.String(), opt: opt}, nil
}

func (c *cifar10) Len() int          { return c.n }
func (c *cifar10) name(i int) string { return strconv.Itoa(i) }

func (c *cifar10) raster(i int, admit admission) (raster, error) {
	img := Image{Channels: 3, Height: cifarSide, Width: cifarSide, Pix: make([]float32, cifarPixels)}
	if err := admit(pictureInfo{channels: 3, height: cifarSide, width: cifarSide, bytes: 5 * cifarPixels}); err != nil {
		return raster{}, err
	}
	b, err := readAt(c.path, int64(i)*cifarRecord+1, cifarPixels)
	if err != nil {
		return raster{}, fmt.Errorf("%w: image %d: %w", ErrImage, i, err)
	}
	for k, v := range b {
		img.Pix[k] = float32(v)
	}
	return rasterOf(img), nil
}

func (c *cifar10) content(w io.Writer, i int) error {
	b, err := readAt(c.path, int64(i)*cifarRecord+1, cifarPixels)
	if err != nil {
		return fmt.Errorf("%w: image %d: %w", ErrImage, i, err)
	}
	return rawContent(w, "|u1", []int{3, cifarSide, cifarSide}, b)
}

func (c *cifar10) kind() LabelKind { return ClassLabels }

func (c *cifar10) label(i int) (label, error) {
	b, err := readAt(c.path, int64(i)*cifarRecord, 1)
	if err != nil {
		return label{}, fmt.Errorf("%w: image %d: %w", ErrLabel, i, err)
	}
	if b[0] >= cifarClasses {
		return label{}, fmt.Errorf("%w: %s: image %d has class %d, CIFAR-10 has 0 to 9", ErrLabel, c.path, i, b[0])
	}
	return label{class: int(b[0])}, nil
}

// readAt reads n bytes at an offset. The file is opened for that alone: sources hold no descriptors and need no Close.
func readAt(path string, off int64, n int) ([]byte, error) {
	f, err := file.Open(path)
	if err != nil {
		return nil, missing(err)
	}
	defer f.Close()
	b := make([]byte, n)
	if _, err := f.ReadAt(b, off); err != nil {
		return nil, fmt.Errorf("%s at byte %d: %w", path, off, err)
	}
	return b, nil
}

// rawContent is the content of an image that lies in an array: its type and shape, then its bytes. Equal pixels of
// equal type and layout are equal content, whatever file they lie in.
func rawContent(w io.Writer, dtype string, shape []int, b []byte) error {
	if _, err := fmt.Fprintf(w, "array %s %v\n", dtype, shape); err != nil {
		return err
	}
	_, err := w.Write(b)
	return err
}
