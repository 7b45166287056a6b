package demo

import "math/rand/v2"

// Indices of Classes; for pixels none is the background.
const (
	none = iota
	scratch
	pit
	stain
	crack
)

// Classes are what images and pixels are labelled with.
var Classes = []string{"none", "scratch", "pit", "stain", "crack"}

type point struct{ x, y int } // in units

// draw makes a picture of side x side pixels with count defects of the class.
func draw(rng *rand.Rand, side int, defects []int) *canvas {
	c := &canvas{side: side, pix: make([]int, side*side), mask: make([]uint8, side*side), rng: rng}
	c.surface()
	for range rng.IntN(3) {
		c.speck()
	}
	for _, class := range defects {
		switch class {
		case scratch:
			c.scratch()
		case pit:
			c.pits()
		case stain:
			c.stain()
		case crack:
			c.crack()
		}
	}
	c.sensor()
	return c
}

func (c *canvas) inside(margin int) point {
	return point{c.between(margin*unit, (c.side-margin)*unit), c.between(margin*unit, (c.side-margin)*unit)}
}

// contrast is a change of brightness that is visible, yet not much more.
func (c *canvas) contrast(low, high int) int {
	v := c.between(low*level, high*level)
	if c.rng.IntN(2) == 0 {
		return -v
	}
	return v
}

// speck is a dot too small to be a defect.
func (c *canvas) speck() {
	p := c.inside(3)
	c.line(p, point{p.x + c.between(-20, 20), p.y + c.between(-20, 20)}, 8, c.contrast(20, 40), none)
}

// scratch is a straight thin line, brighter or darker.
func (c *canvas) scratch() {
	a := c.inside(8)
	var b point
	for { // long enough to be seen
		b = c.inside(4)
		dx, dy := b.x-a.x, b.y-a.y
		if d := dx*dx + dy*dy; d > 20*20*unit*unit && d < 56*56*unit*unit {
			break
		}
	}
	c.line(a, b, c.between(8, 14), c.contrast(16, 44), scratch)
}

// crack is a jagged dark line that may branch.
func (c *canvas) crack() {
	depth := -c.between(20*level, 48*level)
	c.walk(c.inside(16), depth, c.between(5, 9), true)
}

// directions are the eight neighbours, in units of a step of about 5 pixels.
var directions = [8]point{{80, 0}, {57, 57}, {0, 80}, {-57, 57}, {-80, 0}, {-57, -57}, {0, -80}, {57, -57}}

func (c *canvas) walk(p point, depth, steps int, branch bool) {
	dir := c.rng.IntN(8)
	for i := range steps {
		d := directions[(dir+c.between(-1, 1)+8)%8]
		q := point{p.x + d.x + c.between(-24, 24), p.y + d.y + c.between(-24, 24)}
		c.line(p, q, c.between(8, 12), depth, crack)
		p = q
		if branch && i > 1 && c.rng.IntN(3) == 0 {
			c.walk(p, depth, steps/2, false)
		}
	}
}

// pits are one to three small dark holes with a bright rim.
func (c *canvas) pits() {
	for range c.between(1, 3) {
		p, r := c.inside(6), c.between(26, 60)
		depth := -c.between(18*level, 50*level)
		c.disc(p, r+18, -depth/3, none)
		c.disc(p, r, depth-(-depth/3), pit)
	}
}

// stain is a large blob with a ragged rim.
func (c *canvas) stain() {
	p, r := c.inside(12), c.between(120, 250)
	change := c.contrast(9, 26)
	rim := newNoise(c.rng, c.side, 5, 5)
	c.paint(p, r+r/2, change, stain, func(x, y int) int {
		dx, dy := x*unit+unit/2-p.x, y*unit+unit/2-p.y
		reach := r + rim.at(x, y)*r/400
		return fall(dx*dx+dy*dy, reach*9/10, reach)
	})
}

func (c *canvas) disc(p point, r, change int, class uint8) {
	c.paint(p, r, change, class, func(x, y int) int {
		dx, dy := x*unit+unit/2-p.x, y*unit+unit/2-p.y
		return fall(dx*dx+dy*dy, r-unit/2, r+unit/2)
	})
}

// line draws a segment of the half width.
func (c *canvas) line(a, b point, half, change int, class uint8) {
	dx, dy := b.x-a.x, b.y-a.y
	length := max(dx*dx+dy*dy, 1)
	mid := point{(a.x + b.x) / 2, (a.y + b.y) / 2}
	reach := max(abs(dx), abs(dy))/2 + half + unit
	c.paint(mid, reach, change, class, func(x, y int) int {
		px, py := x*unit+unit/2-a.x, y*unit+unit/2-a.y
		t := min(max(px*dx+py*dy, 0), length)
		ex, ey := px-t*dx/length, py-t*dy/length
		return fall(ex*ex+ey*ey, half-unit/2, half+unit/2)
	})
}

// fall is full coverage up to the inner radius, none from the outer one on; d2 is a squared distance.
func fall(d2, inner, outer int) int {
	inner = max(inner, 0)
	in2, out2 := inner*inner, outer*outer
	switch {
	case d2 <= in2:
		return full
	case d2 >= out2:
		return 0
	}
	return full * (out2 - d2) / (out2 - in2)
}

// paint changes the brightness around p by what covers; pixels that are covered by half or more get the class.
func (c *canvas) paint(p point, reach, change int, class uint8, cover func(x, y int) int) {
	x0, x1 := max((p.x-reach)/unit-1, 0), min((p.x+reach)/unit+1, c.side-1)
	y0, y1 := max((p.y-reach)/unit-1, 0), min((p.y+reach)/unit+1, c.side-1)
	for y := y0; y <= y1; y++ {
		for x := x0; x <= x1; x++ {
			a := cover(x, y)
			c.pix[y*c.side+x] += change * a / full
			if a >= full/2 && class != none {
				c.mask[y*c.side+x] = class
			}
		}
	}
}

func abs(v int) int {
	if v < 0 {
		return -v
	}
	return v
}
