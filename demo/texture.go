package demo

import "math/rand/v2"

// Images are drawn in integer arithmetic only, so that every machine draws the same ones. Lengths are in 1/16 pixel,
// brightness in 1/256 grey level, coverage in 1/256.
const (
	unit  = 16
	level = 256
	full  = 256
)

// canvas is a grey image and the class of every pixel.
type canvas struct {
	side int
	pix  []int // brightness
	mask []uint8
	rng  *rand.Rand
}

// between draws an integer of [low, high].
func (c *canvas) between(low, high int) int { return low + c.rng.IntN(high-low+1) }

// noise is a smooth random field: values in -128..127 on a lattice of cells dx by dy pixels, interpolated.
type noise struct {
	dx, dy, width int
	lattice       []int
}

func newNoise(rng *rand.Rand, side, dx, dy int) noise {
	n := noise{dx: dx, dy: dy, width: side/dx + 2}
	n.lattice = make([]int, n.width*(side/dy+2))
	for i := range n.lattice {
		n.lattice[i] = rng.IntN(256) - 128
	}
	return n
}

func (n *noise) at(x, y int) int {
	i, fx := x/n.dx, smooth(x%n.dx*256/n.dx)
	j, fy := y/n.dy, smooth(y%n.dy*256/n.dy)
	row := n.lattice[j*n.width+i:]
	below := n.lattice[(j+1)*n.width+i:]
	top := row[0]*(256-fx) + row[1]*fx
	bottom := below[0]*(256-fx) + below[1]*fx
	return (top*(256-fy) + bottom*fy) >> 16
}

// smooth is 3f^2 - 2f^3 for f in 0..256.
func smooth(f int) int { return f * f * (3*256 - 2*f) >> 16 }

// surface paints one of four materials under uneven light.
func (c *canvas) surface() {
	base := c.between(90, 160) * level
	gx, gy := c.between(-120, 120), c.between(-120, 120)
	texture := []func() func(x, y int) int{c.brushed, c.cast, c.weave, c.concrete}[c.rng.IntN(4)]()
	for y := range c.side {
		for x := range c.side {
			light := (x-c.side/2)*gx + (y-c.side/2)*gy
			c.pix[y*c.side+x] = base + light + texture(x, y)
		}
	}
}

// brushed metal: fine streaks in one direction.
func (c *canvas) brushed() func(x, y int) int {
	long, fine := newNoise(c.rng, c.side, 24, 1), newNoise(c.rng, c.side, 7, 1)
	a, b, across := c.between(6, 16), c.between(3, 9), c.rng.IntN(2) == 0
	return func(x, y int) int {
		if across {
			x, y = y, x
		}
		return long.at(x, y)*a + fine.at(x, y)*b
	}
}

// cast metal: clouds and grain.
func (c *canvas) cast() func(x, y int) int {
	cloud, grain := newNoise(c.rng, c.side, 16, 16), newNoise(c.rng, c.side, 3, 3)
	a, b := c.between(6, 20), c.between(8, 20)
	return func(x, y int) int { return cloud.at(x, y)*a + grain.at(x, y)*b }
}

// weave: two crossing triangle waves, disturbed.
func (c *canvas) weave() func(x, y int) int {
	period, amplitude := c.between(4, 9), c.between(150, 420)
	warp, grain := newNoise(c.rng, c.side, 13, 13), newNoise(c.rng, c.side, 2, 2)
	return func(x, y int) int {
		d := warp.at(x, y) * period / 256
		return (wave(x+d, period)+wave(y-d, period))*amplitude/period + grain.at(x, y)*8
	}
}

// wave is a triangle of the period, from -period/2 to period/2.
func wave(x, period int) int {
	x = ((x % period) + period) % period
	return max(x, period-x)*2 - period - period/2
}

// concrete: grain of two sizes and small pores that are no defects.
func (c *canvas) concrete() func(x, y int) int {
	coarse, fine := newNoise(c.rng, c.side, 6, 6), newNoise(c.rng, c.side, 2, 2)
	a, b := c.between(8, 18), c.between(8, 18)
	pores := map[[2]int]bool{}
	for range c.side * c.side / 220 {
		pores[[2]int{c.rng.IntN(c.side), c.rng.IntN(c.side)}] = true
	}
	return func(x, y int) int {
		v := coarse.at(x, y)*a + fine.at(x, y)*b
		if pores[[2]int{x, y}] {
			v -= 26 * level
		}
		return v
	}
}

// sensor adds noise that is nearly normal.
func (c *canvas) sensor() {
	sigma := c.between(3, 9)
	for i := range c.pix {
		n := c.rng.IntN(513) + c.rng.IntN(513) + c.rng.IntN(513) - 768 // standard deviation 256
		c.pix[i] += n * sigma
	}
}

// bytes rounds to grey levels.
func (c *canvas) bytes() []uint8 {
	out := make([]uint8, len(c.pix))
	for i, v := range c.pix {
		out[i] = uint8(min(max((v+level/2)/level, 0), 255))
	}
	return out
}
