package picture

import (
	"errors"
	"math"
	"os"
	"os/exec"
	"testing"

	"github.com/dqa-go/dqa/dataset"
)

// smooth is a picture with a gradient in every channel.
func smooth(channels int, top float32) dataset.Image {
	img := dataset.Image{Channels: channels, Height: 24, Width: 40, Pix: make([]float32, channels*24*40), Top: top}
	for c := range channels {
		for y := range 24 {
			for x := range 40 {
				level := float32(20 + 5*y + 2*x + 10*c)
				if top != 0 {
					level *= top / 255
				}
				img.Pix[(c*24+y)*40+x] = level
			}
		}
	}
	return img
}

// distance is the largest difference of two images, in levels of 8 bits.
func distance(a, b dataset.Image) (worst float64) {
	for i := range a.Pix {
		worst = max(worst, math.Abs(float64(a.Pix[i]-b.Pix[i]))*255/float64(Top(a)))
	}
	return worst
}

func TestPNGLosesNothing(t *testing.T) {
	for _, channels := range []int{1, 3, 4} {
		for _, top := range []float32{0, 65535} {
			img := smooth(channels, top)
			file, back, err := Format{PNG, 0}.Through(img)
			if err != nil || len(file) == 0 {
				t.Fatal(err)
			}
			if d := distance(img, back); d > .5 {
				t.Errorf("%d channels to %v: %v levels apart", channels, top, d)
			}
		}
	}
}

// Lossy files are larger and nearer to the image the higher their quality.
func TestQuality(t *testing.T) {
	for _, kind := range []Kind{JPEG, WebP} {
		if _, err := exec.LookPath("cwebp"); kind == WebP && err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal("CI has no cwebp")
			}
			t.Skip("cwebp is not installed")
		}
		for _, channels := range []int{1, 3} {
			img := smooth(channels, 0)
			coarse, far, err := Format{kind, 10}.Through(img)
			if err != nil {
				t.Fatal(err)
			}
			fine, near, err := Format{kind, 95}.Through(img)
			if err != nil {
				t.Fatal(err)
			}
			if len(coarse) >= len(fine) || distance(img, far) <= distance(img, near) {
				t.Errorf("%s, %d channels: %d bytes, %.1f levels; better %d bytes, %.1f levels", kind, channels,
					len(coarse), distance(img, far), len(fine), distance(img, near))
			}
			if d := distance(img, near); d > 30 {
				t.Errorf("%s of quality 95: %.1f levels apart", kind, d)
			}
		}
	}
}

func TestMeasurementsAreNoPictures(t *testing.T) {
	img := smooth(1, 0)
	img.Float = true
	if _, _, err := (Format{JPEG, 50}).Through(img); !errors.Is(err, ErrNoPicture) {
		t.Error(err)
	}
}
