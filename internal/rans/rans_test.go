package rans

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/dqa-go/dqa/internal/cpu"
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
	of := make([]uint8, rows*cols)
	for _, p := range codes {
		Contexts(of, p, cols)
		for i, code := range p {
			s := int(code) - int(low)
			if s < 0 || s > 255 {
				s = 256
			}
			counts[int(of[i])%n][s]++
		}
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
	blank := *t
	out := &blank
	out.Planes = slices.Clone(t.Planes)
	for i := range out.Planes {
		p := &out.Planes[i]
		if p.Bytes != nil {
			p.Bytes = make([]byte, t.Rows*t.Cols)
		} else {
			p.Codes = make([]int16, t.Rows*t.Cols)
		}
	}
	return out
}

func sameCodes(a, b *Tile) bool {
	return slices.EqualFunc(a.Planes, b.Planes, func(p, q Plane) bool {
		return slices.Equal(p.Codes, q.Codes) && bytes.Equal(p.Bytes, q.Bytes)
	})
}

// asBytes is the tile with its codes clamped to bytes.
func asBytes(t *Tile) *Tile {
	out := &Tile{Rows: t.Rows, Cols: t.Cols, Planes: slices.Clone(t.Planes)}
	for i := range out.Planes {
		p := &out.Planes[i]
		low, high := int16(0), int16(255)
		if p.Low < 0 {
			low, high = -128, 127
		}
		p.Bytes = make([]byte, len(p.Codes))
		for j, c := range p.Codes {
			p.Bytes[j] = byte(max(low, min(high, c)))
		}
		p.Codes = nil
	}
	return out
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

// interval is a symbol's place among the slots; the escape is symbol -1.
type interval struct{ symbol, start, freq uint64 }

const slowEscape = math.MaxUint64

// slowIntervals sorts a model's symbols into the slots by the words of spec/coders.md.
func slowIntervals(m *Model) []interval {
	var all []interval
	for r := 1; r < m.live; r++ {
		all = append(all, interval{symbol: uint64(m.symbol[r]), freq: uint64(m.freq[r])})
	}
	all = append(all, interval{symbol: slowEscape, freq: uint64(m.freq[0])})
	largest := slices.MaxFunc(all, func(a, b interval) int { return cmp.Compare(a.freq, b.freq) }) // the first one
	class := func(v interval) int {
		switch {
		case v.symbol == largest.symbol:
			return 3
		case v.freq%32 == 0:
			return 4
		case v.freq%4 == 0:
			return 2
		}
		return 1
	}
	slices.SortStableFunc(all, func(a, b interval) int { return class(a) - class(b) })
	start := uint64(0)
	for i := range all {
		all[i].start = start
		start += all[i].freq
	}
	return all
}

// slowDecode is a reference: one symbol at a time, intervals searched from the start, from the words of spec/coders.md.
func slowDecode(t *Tile, src []byte) error {
	lanes := t.Lanes()
	state := make([]uint64, lanes)
	for k := range state {
		state[k] = uint64(binary.LittleEndian.Uint32(src[4*k:]))
	}
	front, back := 4*lanes, len(src)
	intervals, plain := map[*Model][]interval{}, map[*Plane][]int16{}
	for i := range t.Planes {
		p := &t.Planes[i]
		plain[p] = make([]int16, t.Rows*t.Cols)
		for _, m := range p.Models {
			if intervals[m] == nil {
				intervals[m] = slowIntervals(m)
			}
		}
	}
	one := func(p *Plane, i, k int) {
		m := p.Models[0]
		if len(p.Models) > 1 {
			m = p.Models[slowContext(plain[p], t.Cols, i)]
		}
		slot := state[k] % 4096
		at := slices.IndexFunc(intervals[m], func(v interval) bool { return slot >= v.start && slot < v.start+v.freq })
		v := intervals[m][at]
		state[k] = v.freq*(state[k]/4096) + slot - v.start
		if state[k] < 32768 {
			state[k] = state[k]*65536 + uint64(binary.LittleEndian.Uint16(src[front:]))
			front += 2
		}
		code := int16(v.symbol) + p.Low
		if v.symbol == slowEscape {
			back -= 2
			code = int16(binary.LittleEndian.Uint16(src[back:]))
		}
		plain[p][i] = code
		if p.Bytes != nil {
			p.Bytes[i] = byte(code)
		} else {
			p.Codes[i] = code
		}
	}
	if len(t.Planes[0].Models) == 1 {
		for k := range t.Planes {
			for i := range t.Rows * t.Cols {
				one(&t.Planes[k], i, i%lanes)
			}
		}
	} else {
		for g := 0; g < len(t.Planes); g += lanes {
			for i := range t.Rows * t.Cols {
				for k := 0; k < lanes && g+k < len(t.Planes); k++ {
					one(&t.Planes[g+k], i, k)
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
	for _, s := range shapes {
		for _, low := range []int16{0, -128} {
			for _, contexts := range []bool{false, true} {
				wide := modelled(t, smooth(rng, s.planes, s.rows, s.cols, low), s.rows, s.cols, low, contexts)
				for _, tile := range []*Tile{wide, asBytes(wide)} {
					name := fmt.Sprintf("%v low %d contexts %v bytes %v", s, low, contexts, tile != wide)
					checkRoundTrip(t, name, tile)
				}
			}
		}
	}
}

func checkRoundTrip(t *testing.T, name string, tile *Tile) {
	t.Helper()
	var coder Coder
	b := coder.Append([]byte("kept"), tile)
	got, slow := blank(tile), blank(tile)
	if err := coder.Decode(got, b[4:]); err != nil || string(b[:4]) != "kept" || !sameCodes(got, tile) {
		t.Fatalf("%s: %v", name, err)
	}
	if err := slowDecode(slow, b[4:]); err != nil || !sameCodes(slow, tile) {
		t.Fatalf("%s: the slow decoder disagrees: %v", name, err)
	}
	size, ideal := float64(8*(len(b)-4)), tile.Cost()
	if size > ideal*1.015+32*float64(tile.Lanes()) || size < ideal {
		t.Errorf("%s: %v bits, ideal %v", name, size, ideal)
	}
}

// Every instruction set writes the same stream, alone and together, and reads it.
func TestRANSOnEveryInstructionSet(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 2))
	var tiles []Tile
	for _, s := range []struct{ planes, rows, cols int }{{16, 32, 32}, {20, 40, 27}, {9, 7, 130}, {70, 5, 3}} {
		for i := range 6 { // more than are coded together
			wide := modelled(t, smooth(rng, s.planes, s.rows, s.cols, 0), s.rows, s.cols, 0, i == 5)
			tiles = append(tiles, *asBytes(wide), *wide)
		}
	}
	slices.SortStableFunc(tiles, func(a, b Tile) int { return cmp.Compare(len(a.Planes[0].Codes), len(b.Planes[0].Codes)) })
	var want [][]byte
	for _, isa := range []string{cpu.Generic, cpu.AVX2, cpu.ISA()} {
		restore := cpu.Lower(isa)
		var coder Coder
		streams := make([][]byte, len(tiles))
		coder.AppendAll(streams, tiles)
		for i := range tiles {
			if alone := coder.Append(nil, &tiles[i]); !bytes.Equal(alone, streams[i]) {
				t.Errorf("%s: tile %d is another stream when it is coded alone", isa, i)
			}
		}
		if want == nil {
			want = streams
		}
		if !slices.EqualFunc(streams, want, bytes.Equal) {
			t.Errorf("%s: other streams than generic", isa)
		}
		var got []Tile
		for i := range tiles {
			got = append(got, *blank(&tiles[i]))
		}
		if err := coder.DecodeAll(got, streams); err != nil {
			t.Errorf("%s: %v", isa, err)
		}
		for i := range tiles {
			if !sameCodes(&got[i], &tiles[i]) {
				t.Errorf("%s: tile %d differs", isa, i)
			}
		}
		restore()
	}
}

// A damaged stream among others is refused, or gives other codes, alike on every instruction set.
func TestDecodeAllOfDamagedStreams(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	tile := asBytes(modelled(t, smooth(rng, 16, 32, 32, 0), 32, 32, 0, false))
	var coder Coder
	good := coder.Append(nil, tile)
	for range 300 {
		bad := bytes.Clone(good)
		switch rng.IntN(3) {
		case 0:
			bad = bad[:rng.IntN(len(bad)/2)*2]
		case 1:
			bad[rng.IntN(len(bad))] ^= 1 << rng.IntN(8)
		case 2:
			for i := rng.IntN(len(bad)); i < len(bad); i++ {
				bad[i] = byte(rng.Uint32())
			}
		}
		srcs := [][]byte{good, bad, good}
		decode := func() (tiles []Tile, err error) {
			tiles = []Tile{*blank(tile), *blank(tile), *blank(tile)}
			return tiles, coder.DecodeAll(tiles, srcs)
		}
		got, err := decode()
		restore := cpu.Lower(cpu.Generic)
		want, wantErr := decode()
		restore()
		if (err == nil) != (wantErr == nil) || err != nil && !errors.Is(err, ErrStream) {
			t.Fatalf("%v, generic: %v", err, wantErr)
		}
		if err == nil && (!sameCodes(&got[0], tile) || !sameCodes(&got[1], &want[1]) || sameCodes(&got[1], tile)) {
			t.Fatal("codes differ")
		}
	}
}

func TestRANSDoesNotAllocate(t *testing.T) {
	tile := asBytes(modelled(t, smooth(rand.New(rand.NewPCG(5, 5)), 16, 32, 32, 0), 32, 32, 0, false))
	tiles, streams := []Tile{*tile, *tile, *tile}, make([][]byte, 3)
	var coder Coder
	if n := testing.AllocsPerRun(5, func() {
		for i := range streams {
			streams[i] = streams[i][:0]
		}
		coder.AppendAll(streams, tiles)
		streams[0] = coder.Append(streams[0][:0], tile)
		if coder.DecodeAll(tiles, streams) != nil || coder.Decode(tile, streams[0]) != nil {
			t.Error("not decoded")
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// On codes that resemble their neighbours contexts must pay.
func TestContextsPay(t *testing.T) {
	codes := smooth(rand.New(rand.NewPCG(5, 5)), 16, 32, 32, 0)
	var coder Coder
	plain := len(coder.Append(nil, modelled(t, codes, 32, 32, 0, false)))
	contexts := len(coder.Append(nil, modelled(t, codes, 32, 32, 0, true)))
	if contexts > plain*9/10 {
		t.Errorf("%d bytes with contexts, %d without", contexts, plain)
	}
}

func TestLanes(t *testing.T) {
	for _, c := range []struct{ planes, rows, cols, want int }{
		{1, 1, 1, 1}, {1, 100, 1000, 16}, {16, 32, 32, 16}, {64, 8, 8, 4}, {64, 32, 32, 16}, {1, 30, 67, 1},
	} {
		tile := &Tile{Rows: c.rows, Cols: c.cols, Planes: make([]Plane, c.planes)}
		if got := tile.Lanes(); got != c.want {
			t.Errorf("%v: %d lanes", c, got)
		}
	}
	three := make([]*Model, NumContexts)
	tile := &Tile{Rows: 100, Cols: 100, Planes: []Plane{{Models: three}, {Models: three}, {Models: three}}}
	if got := tile.Lanes(); got != 2 {
		t.Errorf("%d lanes of 3 planes in step", got)
	}
}

func TestRANSRefusesEveryDamage(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var coder Coder
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
	var coder Coder
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
		var coder Coder
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

// BenchmarkRANS reports speeds relative to copy() of the float32 values that the codes, of 2 bits, stand for: 1 MiB of
// them in the cache, or 64 MiB.
func BenchmarkRANS(b *testing.B) {
	for _, contexts := range []bool{false, true} {
		for _, isa := range []string{cpu.Generic, cpu.ISA()} {
			benchmark(b, fmt.Sprintf("contexts=%v/%s/cache", contexts, isa), isa, benchmarkTiles(b, 16, contexts))
		}
	}
	benchmark(b, "contexts=false/"+cpu.ISA()+"/memory", cpu.ISA(), benchmarkTiles(b, 1024, false))
}

// benchmarkTiles are n tiles of 16 x 32 x 32 one-sided exponential codes with one set of models.
func benchmarkTiles(b *testing.B, n int, contexts bool) []Tile {
	rng := rand.New(rand.NewPCG(1, 8))
	var tiles []Tile
	for range n {
		codes := make([][]int16, 16)
		for k := range codes {
			codes[k] = make([]int16, 1024)
			for i := range codes[k] {
				codes[k][i] = int16(rng.ExpFloat64() * 1.5)
			}
		}
		if len(tiles) == 0 {
			tiles = append(tiles, *asBytes(modelled(b, codes, 32, 32, 0, contexts)))
			continue
		}
		t := blank(&tiles[0])
		for k := range codes {
			for i, c := range codes[k] {
				t.Planes[k].Bytes[i] = byte(c)
			}
		}
		tiles = append(tiles, *t)
	}
	return tiles
}

func benchmark(b *testing.B, name, isa string, tiles []Tile) {
	var coder Coder
	streams := make([][]byte, len(tiles))
	coder.AppendAll(streams, tiles)
	src := bytes.Repeat([]byte{1}, len(tiles)<<16)
	dst := bytes.Clone(src)
	for _, f := range []struct {
		name string
		code func() error
	}{
		{"encode", func() error {
			for i := range streams {
				streams[i] = streams[i][:0]
			}
			coder.AppendAll(streams, tiles)
			return nil
		}},
		{"decode", func() error { return coder.DecodeAll(tiles, streams) }},
		{"encode-alone", func() error {
			for i := range streams {
				streams[i] = coder.Append(streams[i][:0], &tiles[i])
			}
			return nil
		}},
		{"decode-alone", func() error {
			for i := range streams {
				if err := coder.Decode(&tiles[i], streams[i]); err != nil {
					return err
				}
			}
			return nil
		}},
	} {
		b.Run(name+"/"+f.name, func(b *testing.B) {
			defer cpu.Lower(isa)()
			b.SetBytes(int64(len(src)))
			var copying, coding []time.Duration
			for b.Loop() {
				start := time.Now()
				copy(dst, src)
				middle := time.Now()
				if err := f.code(); err != nil {
					b.Fatal(err)
				}
				copying, coding = append(copying, middle.Sub(start)), append(coding, time.Since(middle))
			}
			slices.Sort(copying)
			slices.Sort(coding)
			b.ReportMetric(copying[len(copying)/2].Seconds()/coding[len(coding)/2].Seconds(), "x_copy")
		})
	}
}
