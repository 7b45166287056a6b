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
	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"
)

// isPicture tells by a file's name whether it is an image, not hidden.
func isPicture(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".dib", ".tif", ".tiff":
		return !strings.HasPrefix(filepath.Base(name), ".")
	}
	return false
}

// pictureNames is what isPicture knows, for messages.
const pictureNames = "PNG, JPEG, WebP, BMP or TIFF"

// pictures is a store of files, one picture each.
type pictures struct {
	root  string   // of the names
	names []string // slash-separated
	opt   Options
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

func (p *pictures) raster(i int, admit admission) (raster, error) {
	img, orientation, err := p.opt.decodePicture(p.path(i), admit)
	if err != nil {
		return raster{}, err
	}
	return rasterOfPicture(img, orientation), nil
}

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
	if err := needRegular(path); err != nil {
		return nil, err
	}
	f, err := file.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: %w", ErrMissing, err)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrImage, err)
	}
	return f, nil
}

// pictureInfo is what is known of a picture before its pixels are decoded.
type pictureInfo struct {
	channels, height, width int
	bytes                   int64 // that decoding takes
	orientation             int   // 1 to 8, as in EXIF
}

// format is a kind of picture.
type format struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
	// look finds orientation and what decoding takes besides the picture.
	look func(r io.ReadSeeker, c image.Config) (orientation int, extra int64, err error)
}

// formatOf tells by the first bytes.
func formatOf(head []byte) (format, error) {
	text := string(head)
	switch {
	case strings.HasPrefix(text, "\xff\xd8"):
		return format{jpeg.DecodeConfig, jpeg.Decode, lookJPEG}, nil
	case strings.HasPrefix(text, "\x89PNG"):
		return format{png.DecodeConfig, png.Decode, lookPNG}, nil
	case strings.HasPrefix(text, "RIFF") && strings.HasSuffix(text, "WEBP"):
		return format{webp.DecodeConfig, webp.Decode, lookWebP}, nil
	case strings.HasPrefix(text, "BM"):
		return format{bmp.DecodeConfig, bmp.Decode, lookBMP}, nil
	case strings.HasPrefix(text, "II*\x00") || strings.HasPrefix(text, "MM\x00*"):
		return format{tiff.DecodeConfig, tiff.Decode, lookTIFF}, nil
	}
	return format{}, errors.New("neither " + strings.Replace(pictureNames, " or ", " nor ", 1))
}

// admission decides before pixels are decoded whether the picture can be used: its size fits and there is memory.
type admission func(info pictureInfo) error

// decodePicture decodes a file by its contents, whatever its name says, once it is admitted.
func (o Options) decodePicture(path string, admit admission) (image.Image, int, error) {
	f, err := openPicture(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	img, orientation, err := o.decode(f, admit)
	if errors.Is(err, ErrFit) || errors.Is(err, ErrMemory) { // nothing is wrong with the file
		return nil, 0, err
	}
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %s: %w", ErrImage, path, err)
	}
	return img, orientation, nil
}

func (o Options) decode(r io.ReadSeeker, admit admission) (image.Image, int, error) {
	var head [12]byte
	n, err := io.ReadFull(r, head[:])
	if unlessEnd(err) != nil {
		return nil, 0, err
	} else if err != nil {
		return nil, 0, errors.New("file is empty or cut off")
	}
	f, err := formatOf(head[:n])
	if err != nil {
		return nil, 0, err
	}
	info, err := f.inspect(r)
	if err != nil {
		return nil, 0, err
	}
	if o.AsStored {
		info.orientation = 1
	}
	if info.orientation > 4 {
		info.height, info.width = info.width, info.height
	}
	if err := admit(info); err != nil {
		return nil, 0, err
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, 0, err
	}
	img, err := f.decode(bufio.NewReader(r))
	return img, info.orientation, err
}

// inspect reads what stands before the pixels.
func (f format) inspect(r io.ReadSeeker) (pictureInfo, error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return pictureInfo{}, err
	}
	c, err := f.config(bufio.NewReader(r))
	if err != nil {
		return pictureInfo{}, err
	}
	if c.Width < 1 || c.Height < 1 || c.Height > maxPixels/c.Width {
		return pictureInfo{}, fmt.Errorf("%dx%d pixels, at most %d in all are read", c.Height, c.Width, maxPixels)
	}
	orientation, extra, err := f.look(r, c)
	if err != nil {
		return pictureInfo{}, err
	}
	channels, bytes := pixelOf(c.ColorModel)
	return pictureInfo{channels, c.Height, c.Width, bytes*int64(c.Height)*int64(c.Width) + extra, orientation}, nil
}

// pixelOf gives the channels of a colour model, and the bytes of a decoded pixel, at most.
func pixelOf(m color.Model) (channels int, bytes int64) {
	switch m {
	case color.GrayModel:
		return 1, 1
	case color.Gray16Model:
		return 1, 2
	case color.YCbCrModel:
		return 3, 3
	case color.RGBA64Model:
		return 3, 8
	case color.NRGBA64Model:
		return 4, 8
	case color.NRGBAModel, color.NYCbCrAModel:
		return 4, 4
	case color.CMYKModel: // converted to RGB
		return 3, 8
	}
	if _, indexed := m.(color.Palette); indexed {
		return 3, 1
	}
	return 3, 4
}

// rasterOfPicture gives the rows of a decoded picture, upright: gray has 1 channel, colour 3, with transparency 4 (not
// premultiplied). Palettes are resolved; 16-bit values stay 0..65535; gray of 1, 2 or 4 bits is spread over 0..255.
// Colour profiles are ignored.
func rasterOfPicture(img image.Image, orientation int) raster {
	b := img.Bounds()
	walk := walkOf(orientation, b.Dy(), b.Dx())
	switch m := img.(type) {
	case *image.Gray:
		return walk.bytes(m.Pix, m.Stride, 1, 1)
	case *image.NRGBA:
		return walk.bytes(m.Pix, m.Stride, 4, 4)
	case *image.Gray16:
		return walk.words(m.Pix, m.Stride, 1, 1)
	case *image.RGBA64: // decoders use it for opaque pictures only
		return walk.words(m.Pix, m.Stride, 4, 3)
	case *image.NRGBA64:
		return walk.words(m.Pix, m.Stride, 4, 4)
	case *image.Paletted:
		return walk.palette(m)
	case *image.RGBA:
		return walk.bytes(m.Pix, m.Stride, 4, 3)
	case *image.YCbCr:
		return walk.luminance(m, nil)
	case *image.NYCbCrA:
		return walk.luminance(&m.YCbCr, m)
	}
	rgba := image.NewRGBA(b) // CMYK
	draw.Draw(rgba, b, img, b.Min, draw.Src)
	return walk.bytes(rgba.Pix, rgba.Stride, 4, 3)
}

// walk is the way through a stored picture in the order of the upright one: pixel (y, x) of the upright picture is stored
// at row y0 + y*dyy + x*dyx and column x0 + y*dxy + x*dxx.
type walk struct {
	height, width int // upright
	y0, dyy, dyx  int
	x0, dxy, dxx  int
}

// walkOf follows EXIF: orientation 1 is upright, 2 to 4 mirror and turn, 5 to 8 swap rows and columns besides.
func walkOf(orientation, height, width int) walk {
	h, w := height-1, width-1
	switch orientation {
	case 2:
		return walk{height, width, 0, 1, 0, w, 0, -1}
	case 3:
		return walk{height, width, h, -1, 0, w, 0, -1}
	case 4:
		return walk{height, width, h, -1, 0, 0, 0, 1}
	case 5:
		return walk{width, height, 0, 0, 1, 0, 1, 0}
	case 6:
		return walk{width, height, h, 0, -1, 0, 1, 0}
	case 7:
		return walk{width, height, h, 0, -1, w, -1, 0}
	case 8:
		return walk{width, height, 0, 0, 1, w, -1, 0}
	}
	return walk{height, width, 0, 1, 0, 0, 0, 1}
}

// row calls f with the stored place of every pixel of row y.
func (k walk) row(y int, f func(x, storedY, storedX int)) {
	sy, sx := k.y0+y*k.dyy, k.x0+y*k.dxy
	for x := range k.width {
		f(x, sy, sx)
		sy, sx = sy+k.dyx, sx+k.dxx
	}
}

func (k walk) raster(channels int, top float32, read func(y int, row []float32)) raster {
	return raster{channels, k.height, k.width, top, read}
}

// bytes takes the first `channels` of the `step` bytes of every pixel apart.
func (k walk) bytes(pix []byte, stride, step, channels int) raster {
	return k.raster(channels, 255, func(y int, row []float32) {
		at, next := (k.y0+y*k.dyy)*stride+(k.x0+y*k.dxy)*step, k.dyx*stride+k.dxx*step
		for x := range k.width {
			for c := range channels {
				row[c*k.width+x] = float32(pix[at+c])
			}
			at += next
		}
	})
}

// words is bytes for big-endian 16-bit values.
func (k walk) words(pix []byte, stride, step, channels int) raster {
	return k.raster(channels, 65535, func(y int, row []float32) {
		at, next := (k.y0+y*k.dyy)*stride+(k.x0+y*k.dxy)*2*step, k.dyx*stride+k.dxx*2*step
		for x := range k.width {
			for c := range channels {
				row[c*k.width+x] = float32(uint16(pix[at+2*c])<<8 | uint16(pix[at+2*c+1]))
			}
			at += next
		}
	})
}

// luminance converts JPEG's and WebP's colours; alpha may be nil.
func (k walk) luminance(m *image.YCbCr, alpha *image.NYCbCrA) raster {
	channels := 3
	if alpha != nil {
		channels = 4
	}
	origin := m.Rect.Min
	return k.raster(channels, 255, func(y int, row []float32) {
		k.row(y, func(x, sy, sx int) {
			i, j := m.YOffset(origin.X+sx, origin.Y+sy), m.COffset(origin.X+sx, origin.Y+sy)
			r, g, b := color.YCbCrToRGB(m.Y[i], m.Cb[j], m.Cr[j])
			row[x], row[k.width+x], row[2*k.width+x] = float32(r), float32(g), float32(b)
			if alpha != nil {
				row[3*k.width+x] = float32(alpha.A[alpha.AOffset(origin.X+sx, origin.Y+sy)])
			}
		})
	})
}

// palette looks colours up; there is an alpha plane only if a colour is not opaque.
func (k walk) palette(m *image.Paletted) raster {
	var table [256][4]float32
	channels := 3
	for i, c := range m.Palette {
		q := color.NRGBAModel.Convert(c).(color.NRGBA)
		table[i] = [4]float32{float32(q.R), float32(q.G), float32(q.B), float32(q.A)}
		if q.A != 255 {
			channels = 4
		}
	}
	return k.raster(channels, 255, func(y int, row []float32) {
		k.row(y, func(x, sy, sx int) {
			colour := &table[m.Pix[sy*m.Stride+sx]]
			for c := range channels {
				row[c*k.width+x] = colour[c]
			}
		})
	})
}
