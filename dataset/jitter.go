package dataset

import "fmt"

// jittered are a source's images as training sees them.
type jittered struct {
	Source
	seed uint64
}

// jitterPad is how far an image may be shifted either way.
const jitterPad = 4

// Jitter flips every other image of src at random and shifts all by up to 4 pixels either way, black (of masks: ignored) beyond
// the border: what training on CIFAR-10 does. What happens to image i depends on nothing but i and the seed: the bits of
// splitmix64(seed 2^32 + i) say, from the lowest on, whether it is flipped (1 bit), and, from bit 8 and bit 16 on, modulo 9 and
// less 4, which column and row of the flipped image come first.
func Jitter(src Source, seed uint64) Source { return &jittered{src, seed} }

func (j *jittered) Sample(i int) (Sample, error) {
	s, err := j.Source.Sample(i)
	if err != nil {
		return s, err
	}
	m := moveOf(j.seed, i, s.Image.Height, s.Image.Width)
	s.Image.Pix = moved(m, s.Image.Pix, 0)
	if s.Mask != nil {
		s.Mask = moved(m, s.Mask, Ignored)
	}
	return s, nil
}

func (j *jittered) Digest() ([32]byte, error) { return Digest(j) }

// Spec is not understood by Open.
func (j *jittered) Spec() string {
	return fmt.Sprintf("%s (flipped and shifted, seed %d)", j.Source.Spec(), j.seed)
}

// move is what happens to an image.
type move struct {
	flip          bool
	dx, dy        int
	height, width int
}

func moveOf(seed uint64, i, height, width int) move {
	z := seed<<32 + uint64(i) + 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	z ^= z >> 31
	shift := func(bits uint64) int { return int(bits%(2*jitterPad+1)) - jitterPad }
	return move{z&1 == 1, shift(z >> 8), shift(z >> 16), height, width}
}

// moved applies m to planes.
func moved[T any](m move, planes []T, outside T) []T {
	out := make([]T, len(planes))
	for i := range out {
		x, y, plane := i%m.width+m.dx, i/m.width%m.height+m.dy, i/(m.width*m.height)
		if m.flip {
			x = m.width - 1 - x
		}
		out[i] = outside
		if x >= 0 && x < m.width && y >= 0 && y < m.height {
			out[i] = planes[(plane*m.height+y)*m.width+x]
		}
	}
	return out
}
