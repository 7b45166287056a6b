package rans

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dqa-go/dqa/internal/cpu"
)

// With reciprocal = (1<<(31+shift) + e) / f, 0 <= e < f <= 1<<shift, x*reciprocal >> (31+shift) is x/f + x*e/f >> (31+shift):
// exact if x*e < 1<<(31+shift), as the fraction of x/f is 1 - 1/f at most. That is checked for every frequency and the
// largest x, and the quotients themselves where they are most at risk: around multiples of f.
func TestReciprocalsAreExact(t *testing.T) {
	const most = 1<<31 - 1
	for f := uint64(1); f <= probScale; f++ {
		c := newCoding(0, int(f))
		e := uint64(c.reciprocal)*f - 1<<(31+c.shift)
		if e >= f || most*e >= 1<<(31+c.shift) || f > 1<<c.shift {
			t.Fatalf("frequency %d: reciprocal %d, shift %d", f, c.reciprocal, c.shift)
		}
		for _, q := range []uint64{0, 1, 2, most / f / 3, most/f - 1, most / f} {
			for _, x := range []uint64{q * f, q*f + f - 1, q*f + f, most} {
				if x <= most && uint32(x*uint64(c.reciprocal)>>31)>>c.shift != uint32(x/f) {
					t.Fatalf("%d / %d", x, f)
				}
			}
		}
	}
}

// smallModel has n ranks, of which some are rare, and fits the vector kernels.
func smallModel(t testing.TB, rng *rand.Rand, n int) *Model {
	t.Helper()
	for range 9 {
		counts := make([]uint64, max(n, 3))
		for i := range n - 1 {
			counts[i] = 100 + uint64(1e6*math.Pow(.6, float64(i+rng.IntN(2))))
		}
		if m := mustModel(t, counts); m.small != nil {
			return m
		}
	}
	t.Fatalf("%d ranks: no small tables", n)
	return nil
}

// anyModel has few ranks or many, or the escape only.
func anyModel(t testing.TB, rng *rand.Rand) *Model {
	t.Helper()
	counts := make([]uint64, 3+rng.IntN(250))
	for i := range counts {
		if rng.IntN(3) > 0 {
			counts[i] = uint64(rng.ExpFloat64() * 1000)
		}
	}
	if rng.IntN(9) > 0 {
		return mustModel(t, counts)
	}
	m, err := NewModel([]uint16{0, 0, probScale})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// kernelStreams are streams of random ranks of models, small ones most often, ready to be encoded.
func kernelStreams(t testing.TB, rng *rand.Rand, streams, lanes, n int) []stream {
	out := make([]stream, streams)
	for i := range out {
		m := smallModel(t, rng, 2+rng.IntN(30))
		if rng.IntN(4) == 0 {
			m = anyModel(t, rng)
		}
		out[i].begin(&Tile{Rows: 1, Cols: n, Planes: make([]Plane, 1)})
		out[i].lanes = lanes
		for j := range out[i].all {
			out[i].all[j] = uint8(m.slots[rng.IntN(probScale)])
		}
		out[i].plane(m, out[i].all)
	}
	return out
}

// cloned has memory of its own, with the slack behind.
func cloned(streams []stream) []stream {
	out := slices.Clone(streams)
	for i := range out {
		out[i].words = bytes.Clone(out[i].words)
		out[i].ranks = append(bytes.Clone(out[i].ranks), make([]byte, slack)...)[:len(out[i].ranks)]
	}
	return out
}

func TestKernelsAgreeWithGeneric(t *testing.T) {
	for _, isa := range cpu.Sets()[1:] {
		t.Run(isa, func(t *testing.T) {
			defer cpu.Lower(isa)()
			kernelsAgree(t)
		})
	}
}

func kernelsAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 9))
	for n := range 301 {
		lanes, streams := 1<<rng.IntN(5), 1+rng.IntN(abreast)
		name := fmt.Sprintf("%d ranks, %d lanes, %d streams", n, lanes, streams)
		fast := kernelStreams(t, rng, streams, lanes, n)
		ranks := cloned(fast)
		slow := cloned(fast)
		encodePlanes(fast)
		restore := cpu.Lower(cpu.Generic)
		encodePlanes(slow)
		restore()
		compareStreams(t, name+": encoding", fast, slow)

		for i := range fast { // turned round, sometimes cut
			s := &fast[i]
			s.words = append(bytes.Clone(s.words[s.at:]), make([]byte, slack)...)
			s.at, s.end = 0, len(s.words)-slack
			if rng.IntN(4) == 0 {
				s.end = rng.IntN(s.end/2+1) * 2
			}
			clear(s.words[s.end:])
			clear(s.ranks)
		}
		slow = cloned(fast)
		decodePlanes(fast)
		restore = cpu.Lower(cpu.Generic)
		decodePlanes(slow)
		restore()
		for i := range fast {
			if (fast[i].at > fast[i].end) != (slow[i].at > slow[i].end) {
				t.Fatalf("%s: decoding stream %d ends at %d of %d, generic at %d", name, i, fast[i].at, fast[i].end, slow[i].at)
			}
			if fast[i].at > fast[i].end { // what it holds then does not matter
				continue
			}
			compareStreams(t, name+": decoding", fast[i:i+1], slow[i:i+1])
			if fast[i].at == fast[i].end && !bytes.Equal(fast[i].ranks, ranks[i].ranks) {
				t.Fatalf("%s: other ranks than were encoded", name)
			}
		}
	}
}

func compareStreams(t *testing.T, name string, a, b []stream) {
	t.Helper()
	for i := range a {
		n := a[i].lanes
		if !slices.Equal(a[i].states[:n], b[i].states[:n]) || a[i].at != b[i].at || !bytes.Equal(a[i].ranks, b[i].ranks) {
			t.Fatalf("%s: stream %d differs from generic", name, i)
		}
		if !bytes.Equal(a[i].words[a[i].at:], b[i].words[b[i].at:]) {
			t.Fatalf("%s: words of stream %d differ from generic", name, i)
		}
	}
}

func TestTranslate(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var table [256]uint8
	memory, out, want := make([]byte, 400), make([]byte, 400), make([]byte, 400)
	for i := range memory {
		memory[i], table[i%256] = byte(rng.Uint32()), byte(rng.Uint32())
	}
	for i := range 301 * len(cpu.Sets()) {
		n, isa := i/len(cpu.Sets()), cpu.Sets()[i%len(cpu.Sets())]
		restore := cpu.Lower(isa)
		from, to := rng.IntN(64), rng.IntN(64)
		clear(out)
		clear(want)
		translate(out[to:to+n], memory[from:from+n], &table)
		restore()
		translateGeneric(want[to:to+n], memory[from:from+n], &table)
		if !bytes.Equal(out, want) {
			t.Fatalf("%s: %d bytes from %d to %d", isa, n, from, to)
		}
	}
}

// Arbitrary words in 16 lanes: every instruction set does the same, and what is accepted is what an encoder writes.
func FuzzLanes(f *testing.F) {
	rng := rand.New(rand.NewPCG(2, 6))
	tile := asBytes(modelled(f, smooth(rng, 4, 64, 64, -128), 64, 64, -128, false))
	small := Tile{Rows: 64, Cols: 64, Planes: slices.Clone(tile.Planes)}
	for i := range small.Planes {
		small.Planes[i].Models = []*Model{smallModel(f, rng, 3)}
		small.Planes[i].Low = 0
	}
	var coder Coder
	f.Add(coder.Append(nil, tile), false)
	f.Add([]byte("not a stream"), true)
	f.Add(bytes.Repeat([]byte{0, 0x80, 0, 0}, 400), true)
	f.Fuzz(func(t *testing.T, stream []byte, useSmall bool) {
		of := tile
		if useSmall {
			of = &small
		}
		restore := cpu.Lower(cpu.Generic)
		want := blank(of)
		slowErr := coder.Decode(want, stream)
		restore()
		for _, isa := range cpu.Sets()[1:] {
			restore := cpu.Lower(isa)
			got := blank(of)
			err := coder.Decode(got, stream)
			if (err == nil) != (slowErr == nil) {
				t.Fatalf("%s: %v, generic: %v", isa, err, slowErr)
			}
			if err == nil && (!sameCodes(got, want) || !bytes.Equal(coder.Append(nil, got), stream)) {
				t.Fatalf("%s: accepted, and not the stream of what it holds", isa)
			}
			restore()
		}
	})
}
