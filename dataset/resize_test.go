package dataset

import (
	"encoding/json"
	"image"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/dqa-go/dqa/profile"
	"golang.org/x/image/draw"
)

// pillowCase is what testdata/pillow.py wrote.
type pillowCase struct {
	Size, To [2]int
	Bilinear []float32
	Real     []float64
	Nearest  []int
	Gray     []float32
}

func pillowCases(t *testing.T) []pillowCase {
	t.Helper()
	b, err := os.ReadFile("testdata/pillow.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []pillowCase }
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	return file.Cases
}

// pattern is the picture of pillow.py.
func pattern(h, w int) Image {
	img := Image{Channels: 3, Height: h, Width: w, Pix: make([]float32, 3*h*w)}
	for i := range h * w * 3 {
		img.Pix[i%3*h*w+i/3] = float32((i*i*31 + i*7919) % 257 % 256)
	}
	return img
}

func TestResizeIsPillows(t *testing.T) {
	for _, c := range pillowCases(t) {
		img := pattern(c.Size[0], c.Size[1])
		if got := resize(rasterOf(img), c.To[0], c.To[1], profile.Bilinear); !slices.Equal(got.Pix, c.Bilinear) {
			t.Errorf("%v to %v: %v, want %v", c.Size, c.To, got.Pix, c.Bilinear)
		}
		n := c.Size[0] * c.Size[1]
		mask := make([]int32, n)
		for i := range mask {
			mask[i] = int32(img.Pix[i])
		}
		nearest := resizeNearest(mask, c.Size[0], c.Size[1], c.To[0], c.To[1])
		for i, want := range c.Nearest {
			if int(nearest[i]) != want {
				t.Errorf("%v to %v, nearest: %v, want %v", c.Size, c.To, nearest, c.Nearest)
				break
			}
		}
		if c.Gray != nil {
			if got := rasterOf(img).luma().whole(); !slices.Equal(got.Pix, c.Gray) {
				t.Errorf("gray: %v, want %v", got.Pix, c.Gray)
			}
		}
		plane := Image{Channels: 1, Height: img.Height, Width: img.Width, Pix: img.Pix[:n], Float: true}
		for i, got := range resize(rasterOf(plane), c.To[0], c.To[1], profile.Bilinear).Pix {
			if math.Abs(float64(got)-c.Real[i]) > 1e-3 {
				t.Errorf("%v to %v, measurements: value %d is %v, want %v", c.Size, c.To, i, got, c.Real[i])
			}
		}
	}
}

// A second, independent implementation; it rounds once and not after each axis.
func TestResizeAgreesWithXImage(t *testing.T) {
	const h, w = 61, 83
	img := pattern(h, w)
	src := image.NewGray(image.Rect(0, 0, w, h))
	for i := range src.Pix {
		src.Pix[i] = uint8(img.Pix[i])
	}
	for _, to := range [][2]int{{20, 30}, {60, 82}, {100, 90}, {61, 40}} {
		dst := image.NewRGBA(image.Rect(0, 0, to[1], to[0]))
		draw.BiLinear.Scale(dst, dst.Rect, src, src.Rect, draw.Src, nil)
		got := resize(rasterOf(Image{Channels: 1, Height: h, Width: w, Pix: img.Pix[:h*w]}), to[0], to[1], profile.Bilinear)
		for i, v := range got.Pix {
			if want := float64(dst.Pix[4*i]); math.Abs(float64(v)-want) > 1.01 {
				t.Fatalf("to %v: pixel %d is %v, x/image has %v", to, i, v, want)
			}
		}
	}
}

func TestResizeProperties(t *testing.T) {
	flat := Image{Channels: 2, Height: 9, Width: 13, Pix: slices.Repeat([]float32{200}, 2*9*13)}
	for _, to := range [][2]int{{1, 1}, {4, 29}, {9, 13}, {31, 5}} {
		for _, float := range []bool{false, true} {
			flat.Float = float
			got := resize(rasterOf(flat), to[0], to[1], profile.Bilinear)
			if len(got.Pix) != 2*to[0]*to[1] || got.Height != to[0] || got.Width != to[1] || got.Float != float {
				t.Fatalf("to %v: %d values", to, len(got.Pix))
			}
			for _, v := range got.Pix {
				if math.Abs(float64(v)-200) > 1e-4 {
					t.Fatalf("to %v: a flat image became %v", to, v)
				}
			}
		}
	}
}

func BenchmarkResize(b *testing.B) {
	img := pattern(375, 500)
	b.SetBytes(int64(len(img.Pix)))
	for b.Loop() {
		resize(rasterOf(img), 256, 341, profile.Bilinear)
	}
}
