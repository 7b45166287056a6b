package dataset

import (
	"bufio"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/dqa-go/dqa/internal/file"
)

// isPicture tells by a file's name whether it is an image: PNG or JPEG, not hidden.
func isPicture(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".png", ".jpg", ".jpeg":
		return !strings.HasPrefix(filepath.Base(name), ".")
	}
	return false
}

// pictures is a store of PNG and JPEG files.
type pictures struct {
	root  string   // of the names
	names []string // slash-separated
}

func (p *pictures) Len() int          { return len(p.names) }
func (p *pictures) name(i int) string { return p.names[i] }

func (p *pictures) path(i int) string {
	path := filepath.FromSlash(p.names[i])
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(p.root, path)
}

func (p *pictures) image(i int) (Image, error) { return readPicture(p.path(i)) }

func (p *pictures) content(w io.Writer, i int) error {
	f, err := openPicture(p.path(i))
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

// openPicture opens a file whose name was listed before.
func openPicture(path string) (*file.Reader, error) {
	f, err := file.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: %w", ErrMissing, err)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrImage, err)
	}
	return f, nil
}

// decodePicture decodes a PNG or JPEG file by its contents, whatever its name says, once its size is found sane.
func decodePicture(path string) (image.Image, error) {
	f, err := openPicture(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	img, err := decode(f)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrImage, path, err)
	}
	return img, nil
}

func decode(r io.ReadSeeker) (image.Image, error) {
	br := bufio.NewReader(r)
	head, err := br.Peek(4)
	if err != nil {
		return nil, errors.New("file is empty or cut off")
	}
	config, whole := png.DecodeConfig, png.Decode
	switch {
	case string(head[:2]) == "\xff\xd8":
		config, whole = jpeg.DecodeConfig, jpeg.Decode
	case string(head) != "\x89PNG":
		return nil, errors.New("neither PNG nor JPEG")
	}
	c, err := config(br)
	if err != nil {
		return nil, err
	}
	if c.Width < 1 || c.Height < 1 || c.Height > maxPixels/c.Width {
		return nil, fmt.Errorf("%dx%d pixels, at most %d in all are read", c.Height, c.Width, maxPixels)
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	br.Reset(r)
	return whole(br)
}

// readPicture reads a PNG or JPEG file: gray has 1 channel, colour 3, with transparency 4 (not premultiplied). Palettes
// are resolved; 16-bit values stay 0..65535; gray of 1, 2 or 4 bits is spread over 0..255. EXIF orientation and colour
// profiles are ignored.
func readPicture(path string) (Image, error) {
	img, err := decodePicture(path)
	if err != nil {
		return Image{}, err
	}
	return planar(img), nil
}

// planar takes the pixels out of a decoded picture.
func planar(img image.Image) Image {
	b := img.Bounds()
	switch m := img.(type) {
	case *image.Gray:
		return planes8(b, m.Pix, m.Stride, 1, 1)
	case *image.NRGBA:
		return planes8(b, m.Pix, m.Stride, 4, 4)
	case *image.Gray16:
		return planes16(b, m.Pix, m.Stride, 1, 1)
	case *image.RGBA64: // decoders use it for opaque pictures only
		return planes16(b, m.Pix, m.Stride, 4, 3)
	case *image.NRGBA64:
		return planes16(b, m.Pix, m.Stride, 4, 4)
	case *image.Paletted:
		return planesPalette(m)
	}
	rgba := image.NewRGBA(b) // YCbCr, CMYK, opaque RGBA
	draw.Draw(rgba, b, img, b.Min, draw.Src)
	return planes8(b, rgba.Pix, rgba.Stride, 4, 3)
}

func newImage(channels int, b image.Rectangle) Image {
	return Image{Channels: channels, Height: b.Dy(), Width: b.Dx(), Pix: make([]float32, channels*b.Dy()*b.Dx())}
}

// planes8 takes the first `channels` of the `step` bytes of every pixel apart.
func planes8(b image.Rectangle, pix []byte, stride, step, channels int) Image {
	img := newImage(channels, b)
	n := img.Height * img.Width
	for y := range img.Height {
		row := pix[y*stride:]
		for x := range img.Width {
			for c := range channels {
				img.Pix[c*n+y*img.Width+x] = float32(row[x*step+c])
			}
		}
	}
	return img
}

// planes16 is planes8 for big-endian 16-bit values.
func planes16(b image.Rectangle, pix []byte, stride, step, channels int) Image {
	img := newImage(channels, b)
	n := img.Height * img.Width
	for y := range img.Height {
		row := pix[y*stride:]
		for x := range img.Width {
			for c := range channels {
				k := 2 * (x*step + c)
				img.Pix[c*n+y*img.Width+x] = float32(uint16(row[k])<<8 | uint16(row[k+1]))
			}
		}
	}
	return img
}

// planesPalette looks colours up; there is an alpha plane only if a colour is not opaque.
func planesPalette(m *image.Paletted) Image {
	var table [256][4]float32
	channels := 3
	for i, c := range m.Palette {
		q := color.NRGBAModel.Convert(c).(color.NRGBA)
		table[i] = [4]float32{float32(q.R), float32(q.G), float32(q.B), float32(q.A)}
		if q.A != 255 {
			channels = 4
		}
	}
	img := newImage(channels, m.Bounds())
	n := img.Height * img.Width
	for y := range img.Height {
		for x, index := range m.Pix[y*m.Stride:][:img.Width] {
			for c := range channels {
				img.Pix[c*n+y*img.Width+x] = table[index][c]
			}
		}
	}
	return img
}
