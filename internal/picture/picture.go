// Package picture stores images as JPEG, PNG and WebP files and reads them again: what a site would send if it sent pictures.
package picture

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os/exec"
	"strconv"
	"sync"

	"github.com/dqa-go/dqa/dataset"
	"golang.org/x/image/webp"
)

// Errors of formats that cannot be made.
var (
	// ErrNoWebP: Go's libraries read lossy WebP and do not write it; cwebp does.
	ErrNoWebP = errors.New("cwebp is not installed")
	// ErrNoPicture is an array of measurements.
	ErrNoPicture = errors.New("the data are no pictures")
)

// Format is a kind of file with its quality.
type Format struct {
	Kind    Kind
	Quality int // 1 to 100; PNG has none
}

// Kind is a kind of file.
type Kind string

// Kinds of files.
const (
	JPEG Kind = "jpeg"
	PNG  Kind = "png"
	WebP Kind = "webp"
)

func (f Format) String() string {
	name := map[Kind]string{JPEG: "JPEG", PNG: "PNG", WebP: "WebP"}[f.Kind]
	if f.Quality == 0 {
		return name
	}
	return fmt.Sprintf("%s, quality %d", name, f.Quality)
}

// Through is an image as a file, and what is read of it: three channels as colours, others as one gray file each, one after the
// other. Values are rounded to 8 bits first. Measurements are ErrNoPicture.
func (f Format) Through(img dataset.Image) (file []byte, back dataset.Image, err error) {
	if img.Float || img.Channels < 1 || img.Channels > 4 {
		return nil, img, fmt.Errorf("%w: %d channels, measurements: %t", ErrNoPicture, img.Channels, img.Float)
	}
	back = img
	back.Pix = make([]float32, len(img.Pix))
	if img.Channels == 3 {
		file, got, err := f.one(Of(img))
		if err == nil {
			spread(&back, got)
		}
		return file, back, err
	}
	for c := range img.Channels {
		part, got, err := f.one(gray(img, c))
		if err != nil {
			return nil, back, err
		}
		file = append(file, part...)
		n := img.Height * img.Width
		for i := range n {
			g := color.GrayModel.Convert(got.At(i%img.Width, i/img.Width)).(color.Gray)
			back.Pix[c*n+i] = float32(g.Y) / 255 * Top(img)
		}
	}
	return file, back, nil
}

// one is a picture as a file, and what is read of it.
func (f Format) one(img image.Image) ([]byte, image.Image, error) {
	var b bytes.Buffer
	var err error
	switch f.Kind {
	case JPEG:
		err = jpeg.Encode(&b, img, &jpeg.Options{Quality: f.Quality})
	case PNG:
		err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, img)
	case WebP:
		err = encodeWebP(&b, img, f.Quality)
	default:
		err = fmt.Errorf("%w: no format %q", ErrNoPicture, f.Kind)
	}
	if err != nil {
		return nil, nil, err
	}
	file := b.Bytes()
	var got image.Image
	switch f.Kind {
	case JPEG:
		got, err = jpeg.Decode(bytes.NewReader(file))
	case PNG:
		got, err = png.Decode(bytes.NewReader(file))
	case WebP:
		got, err = webp.Decode(bytes.NewReader(file))
	}
	return file, got, err
}

// encodeWebP asks cwebp, which reads a picture from standard input and writes the file to standard output.
func encodeWebP(b *bytes.Buffer, img image.Image, quality int) error {
	path, err := exec.LookPath("cwebp")
	if err != nil {
		return ErrNoWebP
	}
	var in, said bytes.Buffer
	if err := png.Encode(&in, img); err != nil {
		return err
	}
	cmd := exec.Command(path, "-quiet", "-q", strconv.Itoa(quality), "-o", "-", "--", "-")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = &in, b, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("cwebp: %w: %s", err, bytes.TrimSpace(said.Bytes()))
	}
	return nil
}

// Top is the largest level that a pixel of an image can have.
func Top(img dataset.Image) float32 {
	if img.Top == 0 {
		return 255
	}
	return img.Top
}

func level(img dataset.Image, i int) uint8 {
	return uint8(max(0, min(255, img.Pix[i]*(255/Top(img))+.5)))
}

// Of is an image in 8 bits: in colours where there are three channels, else the first in gray.
func Of(img dataset.Image) image.Image {
	if img.Channels == 3 {
		return colours(img)
	}
	return gray(img, 0)
}

func colours(img dataset.Image) image.Image {
	n := img.Height * img.Width
	out := image.NewNRGBA(image.Rect(0, 0, img.Width, img.Height))
	for i := range n {
		out.Pix[4*i], out.Pix[4*i+1], out.Pix[4*i+2], out.Pix[4*i+3] = level(img, i), level(img, n+i), level(img, 2*n+i), 255
	}
	return out
}

func gray(img dataset.Image, channel int) image.Image {
	n := img.Height * img.Width
	out := image.NewGray(image.Rect(0, 0, img.Width, img.Height))
	for i := range n {
		out.Pix[i] = level(img, channel*n+i)
	}
	return out
}

// spread puts the colours of a picture in the channels of an image.
func spread(img *dataset.Image, from image.Image) {
	n := img.Height * img.Width
	for i := range n {
		c := color.NRGBAModel.Convert(from.At(i%img.Width, i/img.Width)).(color.NRGBA)
		for k, v := range []uint8{c.R, c.G, c.B} {
			img.Pix[k*n+i] = float32(v) / 255 * Top(*img)
		}
	}
}

// Sent are a source's images after they were files. Its methods may be called from many goroutines at once.
type Sent struct {
	dataset.Source
	format Format
	mu     sync.Mutex
	sizes  map[int]int // in bytes, of the images that were read
}

// Send makes files of the images of a source.
func Send(src dataset.Source, f Format) *Sent {
	return &Sent{Source: src, format: f, sizes: map[int]int{}}
}

// Sample is the image as it arrives.
func (s *Sent) Sample(i int) (dataset.Sample, error) {
	sample, err := s.Source.Sample(i)
	if err != nil {
		return sample, err
	}
	file, back, err := s.format.Through(sample.Image)
	if err != nil {
		return sample, fmt.Errorf("%s as %s: %w", sample.Name, s.format, err)
	}
	sample.Image = back
	s.mu.Lock()
	s.sizes[i] = len(file)
	s.mu.Unlock()
	return sample, nil
}

// Digest is that of what arrives.
func (s *Sent) Digest() ([32]byte, error) { return dataset.Digest(s) }

// MeanSize is the mean size in bytes of the files of the images that were read; 0 before.
func (s *Sent) MeanSize() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := 0
	for _, n := range s.sizes {
		sum += n
	}
	return float64(sum) / float64(max(1, len(s.sizes)))
}
