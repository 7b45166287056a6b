package native

import (
	"fmt"
	"math"
)

// sampler reads an image at places that are computed (ONNX operator GridSample, four axes).
type sampler struct {
	h, w    int
	mode    string
	padding string
	align   bool
}

// buildGridSample compiles the operator: X (1,C,H,W), grid (1,h,w,2) of x and y in -1..1.
func buildGridSample(s *site) (runner, error) {
	in, grid, out := s.shape(0), s.shape(1), s.outShape(0)
	if len(in) != 4 || len(grid) != 4 || grid[3] != 2 || len(out) != 4 || out[2] != grid[1] || out[3] != grid[2] {
		return nil, fmt.Errorf("a grid of shape %v for %v", grid, in)
	}
	g := sampler{in[2], in[3], s.Attrs.String("mode", "linear"), s.Attrs.String("padding_mode", "zeros"), s.Attrs.Int("align_corners", 0) != 0}
	channels, plane, size := in[1], in[2]*in[3], out[2]*out[3]
	return func(t *task) {
		for i := range size {
			x, y := g.place(t.in[1][2*i], g.w), g.place(t.in[1][2*i+1], g.h)
			for c := range channels {
				t.out[0][c*size+i] = g.value(t.in[0][c*plane:][:plane], x, y)
			}
		}
	}, nil
}

// place turns a coordinate of the grid into one in pixels.
func (g sampler) place(v float32, n int) float32 {
	if g.align {
		return (v + 1) / 2 * float32(n-1)
	}
	return (float32((v+1)*float32(n)) - 1) / 2
}

// reflected brings a coordinate back between the borders.
func (g sampler) reflected(x float32, n int) float32 {
	low, high := float32(-0.5), float32(n)-0.5
	if g.align {
		low, high = 0, float32(n-1)
	}
	span := high - low
	if span <= 0 {
		return 0
	}
	over := low - x
	if x > high {
		over = x - high
	} else if x >= low {
		return x
	}
	turns := int(over / span)
	rest := over - float32(float32(turns)*span)
	if (turns%2 == 0) == (x < low) {
		return low + rest
	}
	return high - rest
}

// pixel is the image at whole coordinates, as padding_mode continues it.
func (g sampler) pixel(image []float32, x, y int) float32 {
	switch g.padding {
	case "border":
		x, y = min(max(x, 0), g.w-1), min(max(y, 0), g.h-1)
	case "reflection":
		x, y = int(g.reflected(float32(x), g.w)), int(g.reflected(float32(y), g.h))
	}
	if x < 0 || y < 0 || x >= g.w || y >= g.h {
		return 0
	}
	return image[y*g.w+x]
}

func (g sampler) value(image []float32, x, y float32) float32 {
	switch g.mode { // whole coordinates must not overflow
	case "nearest":
		x, y = float32(math.RoundToEven(float64(x))), float32(math.RoundToEven(float64(y)))
	}
	if g.padding == "border" && g.mode != "cubic" {
		x, y = min(max(x, 0), float32(g.w-1)), min(max(y, 0), float32(g.h-1))
	} else if g.padding == "reflection" {
		x, y = g.reflected(x, g.w), g.reflected(y, g.h)
	}
	if x != x || y != y || max(x, -x, y, -y) > 1<<30 {
		return 0
	}
	left, top := int(math.Floor(float64(x))), int(math.Floor(float64(y)))
	dx, dy := x-float32(left), y-float32(top)
	switch g.mode {
	case "nearest":
		return g.pixel(image, left, top)
	case "linear":
		a := g.pixel(image, left, top)*(1-dx) + g.pixel(image, left+1, top)*dx
		b := g.pixel(image, left, top+1)*(1-dx) + g.pixel(image, left+1, top+1)*dx
		return a*(1-dy) + b*dy
	}
	kernel, sum := keys(-0.75), float32(0)
	for j := -1; j <= 2; j++ {
		row := float32(0)
		for i := -1; i <= 2; i++ {
			row += g.pixel(image, left+i, top+j) * kernel(dx-float32(i))
		}
		sum += row * kernel(dy-float32(j))
	}
	return sum
}
