package rans

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dqa-go/dqa/internal/cpu"
)

// The window of a group holds what TapNeighbours, which looks at a whole plane, says.
func TestTapWindow(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, s := range []struct{ grid, rows, cols int }{{0, 6, 11}, {0, 5, 1}, {0, 1, 9}, {0, 7, 2}, {5, 33, 1}, {4, 3, 1}, {9, 40, 1}} {
		taps := &Taps{Grid: s.grid}
		codes := make([]int16, s.rows*s.cols)
		for i := range codes {
			codes[i] = int16(rng.IntN(255) - 127)
		}
		var near TapNeighbours
		near.Begin(taps, s.cols)
		var g tapGroup
		g.begin(taps, []Plane{{}}, s.cols)
		for i := 0; i < len(codes); {
			n := taps.width(s.cols, len(codes)-i)
			g.next()
			for x, end := 0, 0; x < n; x = end {
				for end = g.segment(x, n); x < end; x++ {
					for k, want := range near.Of(codes, i) {
						if got := g.tap(x, 0, k); got != want {
							t.Fatalf("%v: tap %d of code %d is %d, want %d", s, k, i, got, want)
						}
					}
					g.set(x, 0, codes[i])
					g.echo(x)
					i++
				}
			}
		}
	}
}

// tapTile has random taps and models, and codes of which some repeat themselves or are beyond the alphabet.
func tapTile(t testing.TB, rng *rand.Rand, planes, rows, cols, grid int) *Tile {
	t.Helper()
	taps := &Taps{Grid: grid, TwoSided: rng.IntN(2) == 0, Flat: rng.IntN(2) == 0}
	left, earlier := 255, rng.IntN(2) == 0
	if earlier {
		taps.Cross = [2]int8{int8(rng.IntN(20) - 10), int8(rng.IntN(20) - 10)}
		left -= 40 + 100
	}
	if !taps.TwoSided {
		taps.Cross[1] = 0
	}
	for k := 0; k < NumTaps; k++ {
		w := rng.IntN(min(left, 120)+1) / (1 + k/2)
		taps.Magnitude[k] = int8(w)
		if taps.TwoSided {
			taps.Signed[k] = int8(w * (1 - 2*rng.IntN(2)))
		}
		left -= w
	}
	for i := range taps.Relative {
		taps.Relative[i] = rng.IntN(3) == 0
	}
	bits := 2 + rng.IntN(7)
	var models []*Model
	for range 1 + rng.IntN(20) {
		counts := make([]uint64, 1<<bits+1)
		spread := 1 + rng.Float64()*float64(len(counts))/3
		for range 1000 {
			counts[min(len(counts)-1, max(0, len(counts)/2+int(rng.NormFloat64()*spread)))]++
		}
		models = append(models, mustModel(t, counts))
	}
	numbers := make([]uint8, NumTapContexts)
	for i := range numbers {
		numbers[i] = uint8(rng.IntN(len(models)))
	}
	tile := &Tile{Rows: rows, Cols: cols, Taps: taps, TapModels: NewTapSet(models).Models(taps, numbers)}
	low, least, most := int16(0), int16(0), int16(255)
	if taps.TwoSided {
		low, least, most = -1<<(bits-1), -128, 127
	}
	if rng.IntN(4) == 0 {
		least, most = least*100, most*100
	}
	wide := least < -128 || most > 255
	for range planes {
		p := Plane{Low: low, Min: least, Max: most, Offset: int16(rng.IntN(4000) >> rng.IntN(12))}
		if earlier {
			p.Earlier = someEarlier(rng, taps, rows*cols)
		}
		codes := make([]int16, rows*cols)
		for i := range codes {
			v := int(low) + 1<<(bits-1) + int(rng.NormFloat64()*float64(int(1)<<bits)/5)
			switch r := rng.IntN(200); {
			case r == 0:
				v *= 50
			case r < 60 && i > 0:
				v = int(codes[i-1])
			case r < 100 && i >= cols:
				v = int(codes[i-cols])
			}
			codes[i] = int16(max(int(least), min(int(most), v)))
		}
		if p.Codes = codes; !wide {
			p.Codes, p.Bytes = nil, make([]byte, len(codes))
			for i, c := range codes {
				p.Bytes[i] = byte(c)
			}
		}
		tile.Planes = append(tile.Planes, p)
	}
	return tile
}

// someEarlier is a plane of an earlier edge.
func someEarlier(rng *rand.Rand, taps *Taps, n int) Earlier {
	e := Earlier{Codes: make([]int8, n), Weights: [2]int8{int8(rng.IntN(200) - 100), int8(rng.IntN(200) - 100)}}
	for i := range e.Codes {
		e.Codes[i] = Bounded(int16(rng.NormFloat64() * 30))
	}
	if !taps.TwoSided {
		e.Weights[1] = 0
	}
	return e
}

// What a group adds of an earlier edge is what TapNeighbours.Around says.
func TestEarlierWindow(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, s := range []struct{ grid, rows, cols int }{{0, 6, 11}, {0, 5, 1}, {0, 1, 17}, {5, 33, 1}, {4, 3, 1}, {8, 65, 1}} {
		taps := &Taps{Grid: s.grid, TwoSided: true, Cross: [2]int8{-7, 9}}
		plane := Plane{Earlier: someEarlier(rng, taps, s.rows*s.cols)}
		e, w := plane.Earlier.Codes, plane.Earlier.Weights
		var near TapNeighbours
		near.Begin(taps, s.cols)
		for _, isa := range cpu.Sets() {
			restore := cpu.Lower(isa)
			var g tapGroup
			g.begin(taps, []Plane{plane}, s.cols)
			for i := 0; i < len(e); {
				n := taps.width(s.cols, len(e)-i)
				g.next()
				for x, end := 0, 0; x < n; x = end {
					for end = g.segment(x, n); x < end; x++ {
						magnitudes, sum := near.Around(e, i)
						c := int16(e[i])
						want := [2]int16{int16(w[0])*max(c, -c) - 7*magnitudes, int16(w[1])*c + 9*sum}
						if got := [2]int16{g.sums[0][x*MaxLanes], g.sums[1][x*MaxLanes]}; got != want {
							t.Fatalf("%v, %s: code %d: %v, want %v", s, isa, i, got, want)
						}
						i++
					}
				}
			}
			restore()
		}
	}
}

// Every slot of every model has an entry that says what the model's own tables say.
func TestTapSlots(t *testing.T) {
	for n := range 40 {
		rng := rand.New(rand.NewPCG(9, uint64(n)))
		tile := tapTile(t, rng, 1, 1, 1, 0)
		for context, m := range tile.TapModels.models {
			for slot, e := range m.common {
				got := tile.TapModels.slot(uint8(context), uint32(slot))
				if start := m.coding[uint8(m.slots[slot])].start; got != e&^(0xfff<<8)|start<<8 || e>>8&0xfff != uint32(slot)-start {
					t.Fatalf("%d: context %d, slot %d: entry %#x, the model says %#x from %d on", n, context, slot, got, e, start)
				}
			}
		}
	}
}

// All instruction sets write the same stream, and read it, alone or with others, of its shape or not.
func TestTapsAgree(t *testing.T) {
	for n := range 60 {
		rng := rand.New(rand.NewPCG(7, uint64(n)))
		planes, rows, cols, grid := 1+rng.IntN(40), 1+rng.IntN(20), 1+rng.IntN(40), 0
		if rng.IntN(3) == 0 {
			rows, cols, grid = rows*cols, 1, rng.IntN(2)*(MinGrid+rng.IntN(9))
		}
		name := fmt.Sprintf("%d: %d planes of %d x %d, grid %d", n, planes, rows, cols, grid)
		var tiles []Tile
		var want [][]byte
		var coder Coder
		restore := cpu.Lower(cpu.Generic)
		for range 1 + rng.IntN(4) {
			tile := tapTile(t, rng, planes, rows, cols, grid)
			if rng.IntN(2) == 0 && grid == 0 {
				tile = tapTile(t, rng, 1+rng.IntN(40), 1+rng.IntN(20), 1+rng.IntN(40), 0)
			}
			want = append(want, coder.Append(nil, tile))
			tiles = append(tiles, *tile)
		}
		restore()
		for _, isa := range cpu.Sets() {
			restore := cpu.Lower(isa)
			got := make([][]byte, len(tiles))
			again := slices.Clone(tiles)
			for i := range again {
				again[i].TapLanes = 0
			}
			coder.AppendAll(got, again)
			var back []Tile
			for i := range tiles {
				if string(got[i]) != string(want[i]) || again[i].TapLanes != tiles[i].TapLanes {
					t.Fatalf("%s: %s: another stream of tile %d", name, isa, i)
				}
				back = append(back, *blank(&tiles[i]))
			}
			if err := coder.DecodeAll(back, want); err != nil {
				t.Fatalf("%s: %s: %v", name, isa, err)
			}
			for i := range tiles {
				if !sameCodes(&back[i], &tiles[i]) {
					t.Fatalf("%s: %s: other codes of tile %d", name, isa, i)
				}
			}
			restore()
		}
	}
}
