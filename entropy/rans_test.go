package entropy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// smooth makes planes whose codes resemble their neighbours', so that contexts matter; some codes leave the alphabet.
func smooth(rng *rand.Rand, planes, rows, cols int, low int16) [][]int16 {
	out := make([][]int16, planes)
	for k := range out {
		p := make([]int16, rows*cols)
		for i := range p {
			level := 0.0
			if i%cols > 0 {
				level += math.Abs(float64(p[i-1]))
			}
			if i >= cols {
				level += math.Abs(float64(p[i-cols]))
			}
			v := rng.ExpFloat64() * (.3 + level/3)
			if rng.IntN(400) == 0 {
				v += 300
			}
			if low < 0 && rng.IntN(2) == 0 {
				v = -v
			}
			p[i] = int16(max(min(v, 1000), -1000))
		}
		out[k] = p
	}
	return out
}

// modelled makes a tile of codes with models made of them: one for all planes, or one per context.
func modelled(t testing.TB, codes [][]int16, rows, cols int, low int16, contexts bool) *Tile {
	t.Helper()
	n := 1
	if contexts {
		n = NumContexts
	}
	counts := make([][]uint64, n)
	for k := range counts {
		counts[k] = make([]uint64, 257)
	}
	for _, p := range codes {
		VisitContexts(p, cols, func(context int, code int16) {
			s := int(code) - int(low)
			if s < 0 || s > 255 {
				s = 256
			}
			counts[context%n][s]++
		})
	}
	var models []*Model
	for _, c := range counts {
		models = append(models, mustModel(t, c))
	}
	tile := &Tile{Rows: rows, Cols: cols}
	for _, p := range codes {
		tile.Planes = append(tile.Planes, Plane{Codes: p, Models: models, Low: low, Min: math.MinInt16, Max: math.MaxInt16})
	}
	return tile
}

func blank(t *Tile) *Tile {
	out := &Tile{Rows: t.Rows, Cols: t.Cols, Planes: slices.Clone(t.Planes)}
	for i := range out.Planes {
		out.Planes[i].Codes = make([]int16, t.Rows*t.Cols)
	}
	return out
}

func sameCodes(a, b *Tile) bool {
	return slices.EqualFunc(a.Planes, b.Planes, func(p, q Plane) bool { return slices.Equal(p.Codes, q.Codes) })
}

// slowContext is METHOD section 4.4 word by word: zero outside the plane, plain int arithmetic.
func slowContext(codes []int16, cols, i int) int {
	at := func(row, col int) int {
		if row < 0 || col < 0 || col >= cols {
			return 0
		}
		return min(255, int(math.Abs(float64(codes[row*cols+col]))))
	}
	r, x := i/cols, i%cols
	t := 2*at(r, x-1) + 2*at(r-1, x) + at(r-1, x-1) + at(r-1, x+1)
	class := 0
	for _, bound := range []int{1, 2, 3, 4, 5, 6, 8, 11, 15, 20, 27, 36, 50, 75, 120} {
		if t >= bound {
			class++
		}
	}
	return class
}

// slowDecode is a reference: one symbol at a time, intervals searched from the start, from the words of spec/coders.md.
func slowDecode(t *Tile, src []byte) error {
	lanes := t.Lanes()
	state := make([]uint64, lanes)
	for k := range state {
		state[k] = uint64(binary.LittleEndian.Uint32(src[4*k:]))
	}
	front, back := 4*lanes, len(src)
	for g := 0; g < len(t.Planes); g += lanes {
		for i := range t.Rows * t.Cols {
			for k := 0; k < lanes && g+k < len(t.Planes); k++ {
				p := &t.Planes[g+k]
				m := p.Models[0]
				if len(p.Models) > 1 {
					m = p.Models[slowContext(p.Codes, t.Cols, i)]
				}
				slot := state[k] % 4096
				s, start := 0, uint64(0)
				for slot >= start+uint64(m.interval[s]&0xffff) {
					start += uint64(m.interval[s] & 0xffff)
					s++
				}
				state[k] = uint64(m.interval[s]&0xffff)*(state[k]/4096) + slot - start
				if state[k] < 65536 {
					state[k] = state[k]*65536 + uint64(binary.LittleEndian.Uint16(src[front:]))
					front += 2
				}
				if s == len(m.interval)-1 {
					back -= 2
					p.Codes[i] = int16(binary.LittleEndian.Uint16(src[back:]))
				} else {
					p.Codes[i] = int16(s) + p.Low
				}
			}
		}
	}
	if front != back {
		return fmt.Errorf("%d bytes left", back-front)
	}
	return nil
}

var shapes = []struct{ planes, rows, cols int }{
	{1, 1, 1}, {1, 1, 300}, {3, 7, 5}, {16, 8, 8}, {17, 16, 16}, {40, 16, 1}, {16, 32, 32}, {20, 40, 30}, {64, 3, 130},
}

func TestRANSRoundTripAndSize(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var coder RANS
	for _, s := range shapes {
		for _, low := range []int16{0, -128} {
			for _, contexts := range []bool{false, true} {
				tile := modelled(t, smooth(rng, s.planes, s.rows, s.cols, low), s.rows, s.cols, low, contexts)
				b := coder.Append([]byte("kept"), tile)
				got, slow := blank(tile), blank(tile)
				if err := coder.Decode(got, b[4:]); err != nil || string(b[:4]) != "kept" || !sameCodes(got, tile) {
					t.Fatalf("%v low %d contexts %v: %v", s, low, contexts, err)
				}
				if err := slowDecode(slow, b[4:]); err != nil || !sameCodes(slow, tile) {
					t.Fatalf("%v low %d contexts %v: the slow decoder disagrees: %v", s, low, contexts, err)
				}
				size, ideal := float64(8*(len(b)-4)), tile.Cost()
				if size > ideal*1.015+32*float64(tile.Lanes()) || size < ideal {
					t.Errorf("%v low %d contexts %v: %v bits, ideal %v", s, low, contexts, size, ideal)
				}
			}
		}
	}
}

// On codes that resemble their neighbours contexts must pay.
func TestContextsPay(t *testing.T) {
	codes := smooth(rand.New(rand.NewPCG(5, 5)), 16, 32, 32, 0)
	var coder RANS
	plain := len(coder.Append(nil, modelled(t, codes, 32, 32, 0, false)))
	contexts := len(coder.Append(nil, modelled(t, codes, 32, 32, 0, true)))
	if contexts > plain*9/10 {
		t.Errorf("%d bytes with contexts, %d without", contexts, plain)
	}
}

func TestLanes(t *testing.T) {
	for _, c := range []struct{ planes, rows, cols, want int }{
		{1, 1, 1, 1}, {1, 100, 1000, 1}, {16, 32, 32, 8}, {64, 8, 8, 2}, {64, 32, 32, 16}, {3, 200, 200, 2},
	} {
		tile := &Tile{Rows: c.rows, Cols: c.cols, Planes: make([]Plane, c.planes)}
		if got := tile.Lanes(); got != c.want {
			t.Errorf("%v: %d lanes", c, got)
		}
	}
}

func TestRANSRefusesEveryDamage(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var coder RANS
	for _, contexts := range []bool{false, true} {
		tile := modelled(t, smooth(rng, 3, 9, 11, -128), 9, 11, -128, contexts)
		b := coder.Append(nil, tile)
		for i := range b {
			if err := coder.Decode(blank(tile), b[:i]); !errors.Is(err, ErrStream) {
				t.Fatalf("cut to %d bytes: %v", i, err)
			}
			flipped := bytes.Clone(b)
			flipped[i] ^= 1 << rng.IntN(8)
			got := blank(tile)
			if err := coder.Decode(got, flipped); err == nil && sameCodes(got, tile) {
				t.Fatalf("byte %d flipped and nothing noticed", i)
			}
		}
		if err := coder.Decode(blank(tile), append(bytes.Clone(b), 0, 0)); !errors.Is(err, ErrStream) {
			t.Errorf("two bytes more: %v", err)
		}
	}
}

// A code may be escaped only where it has no frequency and is within its plane's bounds.
func TestRANSRefusesUselessEscapes(t *testing.T) {
	freq := []uint16{4000, 0, 0, 90, 6}
	m, err := NewModel(freq)
	if err != nil {
		t.Fatal(err)
	}
	var coder RANS
	stream := func(code int16) []byte { // of an escape, the code changed
		tile := &Tile{Rows: 1, Cols: 1, Planes: []Plane{{Codes: []int16{1}, Models: []*Model{m}}}}
		b := coder.Append(nil, tile)
		binary.LittleEndian.PutUint16(b[len(b)-2:], uint16(code))
		return b
	}
	for code, want := range map[int16]bool{1: true, 2: true, 0: false, 3: false, 9: true, 10: false, -5: true, -6: false} {
		tile := &Tile{Rows: 1, Cols: 1, Planes: []Plane{{Codes: make([]int16, 1), Models: []*Model{m}, Min: -5, Max: 9}}}
		if err := coder.Decode(tile, stream(code)); (err == nil) != want {
			t.Errorf("code %d: %v", code, err)
		}
	}
}

func FuzzRANS(f *testing.F) {
	f.Add([]byte{1, 2, 3, 0, 0, 9, 200, 7}, []byte{0, 0, 1, 0}, uint8(3))
	f.Add([]byte{}, []byte{1, 2, 3, 4, 5, 6, 7, 8}, uint8(1))
	f.Fuzz(func(t *testing.T, text, stream []byte, shape uint8) {
		cols := 1 + int(shape%8)
		rows := len(text) / 2 / cols
		if rows == 0 {
			return
		}
		codes := make([][]int16, 2)
		for i, c := range text[:2*rows*cols] {
			codes[i%2] = append(codes[i%2], int16(c)*3-64)
		}
		tile := modelled(t, codes, rows, cols, -128, shape%2 == 0)
		var coder RANS
		got, slow := blank(tile), blank(tile)
		b := coder.Append(nil, tile)
		if err := coder.Decode(got, b); err != nil || !sameCodes(got, tile) {
			t.Fatal(err)
		}
		if err := slowDecode(slow, b); err != nil || !sameCodes(slow, tile) {
			t.Fatal("the slow decoder disagrees:", err)
		}
		// What a decoder accepts, an encoder writes.
		if err := coder.Decode(got, stream); err == nil && !bytes.Equal(coder.Append(nil, got), stream) {
			t.Fatalf("%x is accepted and is not the stream of what it holds", stream)
		}
	})
}

// BenchmarkRANS reports speeds relative to copy() of the float32 values that the codes stand for.
func BenchmarkRANS(b *testing.B) {
	for _, contexts := range []bool{false, true} {
		tile := modelled(b, smooth(rand.New(rand.NewPCG(7, 8)), 16, 32, 32, 0), 32, 32, 0, contexts)
		n := len(tile.Planes) * tile.Rows * tile.Cols
		var coder RANS
		stream := coder.Append(nil, tile)
		src, dst := make([]byte, 4*n), make([]byte, 4*n)
		for _, f := range []struct {
			name string
			code func() error
		}{
			{"encode", func() error { stream = coder.Append(stream[:0], tile); return nil }},
			{"decode", func() error { return coder.Decode(tile, stream) }},
		} {
			b.Run(fmt.Sprintf("contexts=%v/%s", contexts, f.name), func(b *testing.B) {
				b.SetBytes(int64(len(src)))
				var copying, coding time.Duration
				for b.Loop() {
					start := time.Now()
					copy(dst, src)
					middle := time.Now()
					if err := f.code(); err != nil {
						b.Fatal(err)
					}
					copying += middle.Sub(start)
					coding += time.Since(middle)
				}
				b.ReportMetric(copying.Seconds()/coding.Seconds(), "x-copy")
			})
		}
	}
}
