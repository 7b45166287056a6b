package dqa_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/frame"
	"github.com/dqa-go/dqa/internal/huffman"
	"github.com/dqa-go/dqa/internal/prefix"
	"github.com/dqa-go/dqa/internal/quant"
	"github.com/dqa-go/dqa/internal/rans"
	"github.com/dqa-go/dqa/internal/testdata"
	"github.com/dqa-go/dqa/internal/wire"
	"github.com/dqa-go/dqa/profile"
)

// setting is one combination of what changes how an edge is stored.
type setting struct {
	coder    profile.Coder
	scale    profile.ScaleMode
	unsigned bool
	n, m     int
	ratio    float64
	levels   profile.LevelMap
	refine   int
}

func settings() []setting {
	var all []setting
	for _, coder := range []profile.Coder{profile.Raw, profile.Paper, profile.Fast, profile.Small, profile.Smallest} {
		for _, scale := range []profile.ScaleMode{profile.DynamicChannel, profile.DynamicTensor, profile.StaticChannel, profile.StaticTensor} {
			for _, unsigned := range []bool{false, true} {
				for _, nm := range [][2]int{{3, 3}, {2, 1}, {8, 4}, {4, 0}} {
					if coder == profile.Fast && nm[0]+nm[1] > profile.MaxBits {
						continue
					}
					for _, r := range []float64{0, .5, 1} {
						all = append(all, setting{coder, scale, unsigned, nm[0], nm[1], r, profile.Uniform, 0})
						if !scale.Static() {
							all = append(all, setting{coder, scale, unsigned, nm[0], nm[1], r, profile.Clipped, 0})
						}
						if nm[1] == 0 && r == 0 {
							if coder != profile.Paper && coder != profile.Fast {
								all = append(all, setting{coder, scale, unsigned, nm[0], nm[1], r, profile.Uniform, 2})
							}
							all = append(all, setting{coder, scale, unsigned, nm[0], nm[1], r, profile.Noisy, 0})
						}
					}
				}
			}
		}
	}
	return all
}

// someSettings are all of them with CI=true, else every third, or fewer.
func someSettings() (some []setting) {
	every := 3
	switch {
	case testing.Short():
		every = 7
	case testdata.CI():
		every = 1
	}
	for i, s := range settings() {
		if i%every == 0 {
			some = append(some, s)
		}
	}
	return some
}

func (s setting) String() string {
	return fmt.Sprintf("%v/%v/unsigned=%v/%d+%d/r=%v/%v/refine=%d", s.coder, s.scale, s.unsigned, s.n, s.m, s.ratio, s.levels, s.refine)
}

// build makes a profile of four edges (planes, channels last, one channel, planes of whole groups of 64) with tables from a skewed distribution.
func (s setting) build() *profile.Profile {
	edges := []profile.Edge{
		{
			Name:      "relu",
			Geometry:  profile.Geometry{Channels: 6, Rows: 9, Cols: 11, Tile: profile.Tile{Channels: 4, Rows: 4}},
			Quantizer: profile.Quantizer{OneSided: true, Unsigned: s.unsigned},
		},
		{
			Name: "tokens",
			Geometry: profile.Geometry{
				Channels: 5, Rows: 17, Cols: 1, ChannelsLast: true, Tile: profile.Tile{Channels: 5, Rows: 6},
			},
		},
		{Name: "pooled", Geometry: profile.Geometry{Channels: 1, Rows: 1, Cols: 37, Tile: profile.Tile{Channels: 1, Rows: 1}}},
		{
			Name:      "groups",
			Geometry:  profile.Geometry{Channels: 5, Rows: 20, Cols: 16, Tile: profile.Tile{Channels: 3, Rows: 8}},
			Quantizer: profile.Quantizer{OneSided: true, Unsigned: s.unsigned},
		},
	}
	for i := range edges {
		e := &edges[i]
		e.Bits, e.ExtraBits, e.Scale = s.n, s.m, s.scale
		if s.m > 0 {
			e.Important = make([]bool, e.Channels)
			for c := range e.Important {
				e.Important[c] = float64(c) < s.ratio*float64(e.Channels)
			}
		}
		if s.scale.Static() {
			e.Steps = make([]float32, e.NumScales())
			for j := range e.Steps {
				e.Steps[j] = 0.07 * float32(j+1)
			}
		}
		switch e.Map = s.levels; s.levels {
		case profile.Clipped:
			e.Clip = make([]float32, e.NumScales())
			for j := range e.Clip {
				e.Clip[j] = 1 / float32(1+j%3)
			}
		case profile.Noisy:
			e.Noise = quant.Noise{Amplitude: .75, Seed: uint64(i)}
		}
		e.Coder, e.Refine = s.coder, s.refine
		e.Escape = s.coder.Whole() && s.m == 0 && s.scale.Static() && s.levels == profile.Uniform
		if n := e.NumSymbols(); n > 0 {
			e.Table = skewed(n)
		}
		if s.coder == profile.Fast {
			e.Prefix = shortWords(e)
		}
	}
	p := &profile.Profile{Setting: profile.Setting{Name: "dqa", Bits: s.n, ExtraBits: s.m, Scale: s.scale}, Coder: s.coder, Edges: edges}
	if s.coder.Modelled() {
		s.models(p)
	}
	return p
}

// models are two per alphabet, in turn; the first edge has them by neighbourhood if it can.
func (s setting) models(p *profile.Profile) {
	for _, bits := range []int{s.n - s.refine, s.n + s.m, max(1, s.refine)} {
		p.Frequencies = append(p.Frequencies, rans.BuildFreq(falling(1<<bits+1)), rans.BuildFreq(make([]uint64, 1<<bits+1)))
	}
	for i := range p.Edges {
		e := &p.Edges[i]
		if e.Coder = s.coder; i > 0 && s.coder == profile.Smallest {
			e.Coder = profile.Small
		}
		for k := range e.NumModels() {
			wide := k / rans.NumContexts
			if e.Coder == profile.Small {
				wide = 0
				if k < e.Channels && e.IsImportant(k) {
					wide = 1
				}
			}
			e.Models = append(e.Models, uint8(k%2+2*wide))
		}
		if s.refine > 0 {
			for k := range e.RefineModels() {
				e.RefineModels()[k] = uint8(4 + k%2)
			}
		}
	}
}

// shortWords are for codes near zero.
func shortWords(e *profile.Edge) *prefix.Params {
	low, high := e.CodeRange()
	counts := prefix.NewCounts(low, high, 0)
	for range 100 {
		counts.Add([]byte{0, 0, 1, 0, 0, 0, 2, 1, 0, 1, 0, 3})
	}
	p := counts.Build()
	return &p
}

func skewed(n int) []uint8 {
	return huffman.BuildLengths(falling(n))
}

func falling(n int) []uint64 {
	counts := make([]uint64, n)
	for i := range counts {
		counts[i] = uint64(1 + 1000/(1+i*i))
	}
	return counts
}

func tensors(p *profile.Profile, seed uint64) [][]float32 {
	rng := rand.New(rand.NewPCG(seed, 0))
	out := make([][]float32, len(p.Edges))
	for i := range p.Edges {
		out[i] = make([]float32, p.Edges[i].Elements())
		for j := range out[i] {
			v := float32(rng.NormFloat64())
			if p.Edges[i].OneSided {
				v = max(v, 0)
			}
			out[i][j] = v
		}
	}
	if len(out[0]) > 99 {
		clear(out[0][:99]) // a dead channel
	}
	return out
}

func clone(t [][]float32) [][]float32 {
	c := make([][]float32, len(t))
	for i := range t {
		c[i] = append([]float32(nil), t[i]...)
	}
	return c
}

func mustCodec(t testing.TB, p *profile.Profile) *dqa.Codec {
	t.Helper()
	c, err := dqa.NewCodec(p)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func sameBits(a, b []float32) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) {
			return false
		}
	}
	return true
}

// The in-memory dequantization, the hook, the decoded frame and its tiles agree bit for bit.
func TestDecodedFrameEqualsDequantization(t *testing.T) {
	for _, s := range someSettings() {
		p := s.build()
		codec := mustCodec(t, p)
		x := tensors(p, 1)
		want := clone(x)
		for i := range p.Edges {
			var codes dqa.Codes
			codes.Quantize(&p.Edges[i], x[i])
			codes.Dequantize(&p.Edges[i], want[i])
		}
		enc := codec.NewEncoder()
		data, err := enc.Append(nil, x)
		if err != nil {
			t.Fatalf("%v: %v", s, err)
		}
		hooked := clone(x)
		for i := range hooked {
			if err := enc.Edge(i, hooked[i]); err != nil {
				t.Fatal(err)
			}
		}
		again, err := enc.AppendFrame(nil)
		if err != nil || !bytes.Equal(data, again) || enc.FrameSize() != len(data) {
			t.Fatalf("%v: hook and Append give different frames (%v)", s, err)
		}
		dec := codec.NewDecoder()
		got, err := dec.Decode(data)
		if err != nil {
			t.Fatalf("%v: %v", s, err)
		}
		for i := range p.Edges {
			if !sameBits(got[i], want[i]) || !sameBits(hooked[i], want[i]) {
				t.Fatalf("%v: edge %d differs", s, i)
			}
			checkTiles(t, dec, &p.Edges[i], i, want[i])
			checkChannels(t, dec, &p.Edges[i], i, want[i])
		}
	}
}

func checkTiles(t *testing.T, dec *dqa.Decoder, e *profile.Edge, i int, want []float32) {
	t.Helper()
	for k := range e.NumTiles() {
		b := e.TileBounds(k)
		tile := make([]float32, e.TileSize(b))
		if err := dec.Tile(tile, i, k); err != nil {
			t.Fatal(err)
		}
		at := 0
		for c := b.C0; c < b.C1; c++ {
			for r := b.R0; r < b.R1; r++ {
				for x := range e.Cols {
					j := (c*e.Rows+r)*e.Cols + x
					if e.ChannelsLast {
						j = (r*e.Cols+x)*e.Channels + c
					}
					if math.Float32bits(tile[at]) != math.Float32bits(want[j]) {
						t.Fatalf("edge %d tile %d: value %d differs", i, k, at)
					}
					at++
				}
			}
		}
	}
}

func checkChannels(t *testing.T, dec *dqa.Decoder, e *profile.Edge, i int, want []float32) {
	t.Helper()
	plane := e.Rows * e.Cols
	got := make([]float32, plane)
	for c := range e.Channels {
		if err := dec.Channel(got, i, c); err != nil {
			t.Fatal(err)
		}
		for k, v := range got {
			j := c*plane + k
			if e.ChannelsLast {
				j = k*e.Channels + c
			}
			if math.Float32bits(v) != math.Float32bits(want[j]) {
				t.Fatalf("edge %d channel %d: value %d differs", i, c, k)
			}
		}
	}
}

// What is not finite is stored equally, however it comes: edge by edge, with or without values, and all at once; values
// and counts are those of Codes.
func TestWaysAgree(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, s := range someSettings() {
		p := s.build()
		codec := mustCodec(t, p)
		for _, odd := range [][]float32{nil, {nan}, {inf, -inf}, {1e38, -1e38, 1e-45}} {
			x := tensors(p, 8)
			for k, v := range odd {
				x[3][70*k+641] = v
				x[1][7*k+3] = v // channels last
			}
			a, b, c := codec.NewEncoder(), codec.NewEncoder(), codec.NewEncoder(dqa.WithWorkers(2))
			all, err := c.Append(nil, x)
			if err != nil {
				t.Fatal(err)
			}
			nonFinite := 0
			for i := range x {
				want := slices.Clone(x[i])
				var codes dqa.Codes
				codes.Quantize(&p.Edges[i], want)
				codes.Dequantize(&p.Edges[i], want)
				nonFinite += codes.NonFinite
				if err := errors.Join(b.Store(i, x[i]), a.Edge(i, x[i])); err != nil {
					t.Fatal(err)
				}
				if !sameBits(x[i], want) {
					t.Fatalf("%v: edge %d, %v: values differ", s, i, odd)
				}
			}
			hooked, err1 := a.AppendFrame(nil)
			stored, err2 := b.AppendFrame(nil)
			if err1 != nil || err2 != nil || !bytes.Equal(hooked, stored) || !bytes.Equal(hooked, all) {
				t.Fatalf("%v, %v: frames differ (%v, %v)", s, odd, err1, err2)
			}
			if a.NonFinite() != nonFinite || b.NonFinite() != nonFinite || c.NonFinite() != nonFinite {
				t.Fatalf("%v, %v: %d, %d and %d not finite, want %d", s, odd, a.NonFinite(), b.NonFinite(), c.NonFinite(), nonFinite)
			}
		}
	}
}

// Oracles of METHOD section 2: r=0 is direct n-bit, r=1 is direct (n+m)-bit, bit for bit.
func TestRatioZeroAndOneAreDirect(t *testing.T) {
	for _, unsigned := range []bool{false, true} {
		for n := 2; n <= 8; n++ {
			for m := 0; m <= 4; m++ {
				for ratio, bits := range map[float64]int{0: n, 1: n + m} {
					if bits > profile.MaxBits {
						continue
					}
					p := setting{unsigned: unsigned, n: n, m: m, ratio: ratio}.build()
					direct := setting{unsigned: unsigned, n: bits}.build()
					x := tensors(p, 2)
					a, b := clone(x), clone(x)
					for i := range x {
						var codes dqa.Codes
						codes.Quantize(&p.Edges[i], x[i])
						codes.Dequantize(&p.Edges[i], a[i])
						codes.Quantize(&direct.Edges[i], x[i])
						codes.Dequantize(&direct.Edges[i], b[i])
						if !sameBits(a[i], b[i]) {
							t.Fatalf("n=%d m=%d r=%v unsigned=%v edge %d", n, m, ratio, unsigned, i)
						}
					}
				}
			}
		}
	}
}

// What a clipped or noisy edge restores, by the formulas of spec/numerics.md.
func TestLevelMaps(t *testing.T) {
	e := profile.Edge{
		Name:      "e",
		Geometry:  profile.Geometry{Channels: 2, Rows: 3, Cols: 50, Tile: profile.Tile{Channels: 2, Rows: 3}},
		Quantizer: profile.Quantizer{Bits: 3},
	}
	p := &profile.Profile{Setting: profile.Setting{Name: "direct", Bits: 3}, Edges: []profile.Edge{e}}
	x := tensors(p, 4)[0]
	restore := func(e profile.Edge) []float32 {
		p := *p
		p.Edges = []profile.Edge{e}
		codec := mustCodec(t, &p)
		b, err := codec.NewEncoder().Append(nil, [][]float32{x})
		if err != nil {
			t.Fatal(err)
		}
		out, err := codec.NewDecoder().Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		return out[0]
	}
	clipped, noisy, calm := e, e, e
	clipped.Map, clipped.Clip = profile.Clipped, []float32{.5, 1}
	noisy.Map, noisy.Noise = profile.Noisy, quant.Noise{Amplitude: .5, Seed: 9}
	calm.Map = profile.Noisy
	direct := restore(e)
	if !sameBits(restore(calm), direct) {
		t.Error("noise of amplitude 0 is not direct quantization")
	}
	got := restore(clipped)
	if !sameBits(got[150:], direct[150:]) || sameBits(got[:150], direct[:150]) {
		t.Error("a clipping ratio changes another channel, or not its own")
	}
	step := e.Maximum(x[:150]) / 2 / 4
	for i, v := range got[:150] {
		if want := step * float32(math.RoundToEven(math.Max(-4, math.Min(3, float64(x[i]/step))))); v != want {
			t.Fatalf("clipped value %d: %v becomes %v, want %v", i, x[i], v, want)
		}
	}
	step = e.Maximum(x[:150]) / 4
	changed := false
	for i, v := range restore(noisy)[:150] {
		n := noisy.Noise.At(i)
		code := math.RoundToEven(math.Max(-4, math.Min(3, float64(x[i]/step+n))))
		if want := step * (float32(code) - n); v != want {
			t.Fatalf("noisy value %d: %v becomes %v, want %v", i, x[i], v, want)
		}
		changed = changed || v != direct[i]
	}
	if !changed {
		t.Error("noise changes nothing")
	}
}

// Channels do not know their neighbours: permuting them permutes the values.
func TestChannelPermutation(t *testing.T) {
	p := setting{n: 3, m: 3, ratio: .5}.build()
	e := p.Edges[0]
	x := tensors(p, 3)[0]
	rng := rand.New(rand.NewPCG(4, 4))
	perm := rng.Perm(e.Channels)
	q := e
	q.Important = make([]bool, e.Channels)
	plane := e.Rows * e.Cols
	y := make([]float32, len(x))
	for to, from := range perm {
		q.Important[to] = e.Important[from]
		copy(y[to*plane:(to+1)*plane], x[from*plane:])
	}
	var codes dqa.Codes
	codes.Quantize(&e, x)
	codes.Dequantize(&e, x)
	codes.Quantize(&q, y)
	codes.Dequantize(&q, y)
	for to, from := range perm {
		if !sameBits(y[to*plane:(to+1)*plane], x[from*plane:(from+1)*plane]) {
			t.Fatalf("channel %d", from)
		}
	}
}

func TestNonFiniteInputsAreCounted(t *testing.T) {
	p := setting{n: 4, m: 2, ratio: .5}.build()
	x := tensors(p, 5)
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	x[0][200], x[0][300], x[1][0] = nan, inf, -inf
	enc := mustCodec(t, p).NewEncoder()
	for i := range x {
		if err := enc.Edge(i, x[i]); err != nil {
			t.Fatal(err)
		}
	}
	if enc.NonFinite() != 3 {
		t.Errorf("%d counted", enc.NonFinite())
	}
	if x[0][200] != 0 || !(x[0][300] > 0) || !(x[1][0] < 0) {
		t.Errorf("NaN %v, Inf %v, -Inf %v", x[0][200], x[0][300], x[1][0])
	}
}

func TestDecoderRefusesEveryDamage(t *testing.T) {
	for _, s := range []setting{{coder: profile.Small, n: 2, m: 1, ratio: .5}, {coder: profile.Paper, n: 2, m: 1, ratio: .5}, {n: 2, m: 1, ratio: .5, scale: profile.StaticTensor}, {coder: profile.Small, n: 4, refine: 2}, {coder: profile.Fast, n: 4}} {
		p := s.build()
		codec := mustCodec(t, p)
		whole, err := codec.NewEncoder().Append(nil, tensors(p, 6))
		if err != nil {
			t.Fatal(err)
		}
		f, err := frame.Parse(whole)
		if err != nil {
			t.Fatal(err)
		}
		dec, base := codec.NewDecoder(), f.BaseSize
		var fe *dqa.FormatError
		for i := range whole {
			if s.refine > 0 && i == base {
				continue // a frame may be cut there
			}
			if _, err := dec.Decode(whole[:i]); !errors.As(err, &fe) {
				t.Fatalf("%v: prefix of %d bytes: %v", s, i, err)
			}
			for _, mask := range []byte{1, 0x80, 0xff} {
				b := bytes.Clone(whole)
				b[i] ^= mask
				if _, err := dec.Decode(b); !errors.As(err, &fe) {
					t.Fatalf("%v: byte %d ^ %#x: %v", s, i, mask, err)
				}
			}
		}
		if _, err := dec.Decode(append(bytes.Clone(whole), 0)); !errors.Is(err, dqa.ErrTrailing) {
			t.Errorf("trailing byte: %v", err)
		}
	}
}

func TestFrameOfAnotherProfile(t *testing.T) {
	p := setting{n: 3}.build()
	data, err := mustCodec(t, p).NewEncoder().Append(nil, tensors(p, 1))
	if err != nil {
		t.Fatal(err)
	}
	other := setting{n: 3}.build()
	other.Seed = 1
	if err := mustCodec(t, other).NewDecoder().Open(data); !errors.Is(err, dqa.ErrProfile) {
		t.Errorf("got %v", err)
	}
}

func TestEncoderWantsAllEdgesInOrder(t *testing.T) {
	p := setting{n: 3}.build()
	x := tensors(p, 1)
	enc := mustCodec(t, p).NewEncoder()
	if err := enc.Edge(1, x[1]); err == nil {
		t.Error("edge 1 before edge 0 accepted")
	}
	if err := enc.Edge(0, x[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := enc.AppendFrame(nil); err == nil {
		t.Error("frame of one edge out of three accepted")
	}
	if _, err := enc.Append(nil, x[:2]); err == nil {
		t.Error("two tensors for three edges accepted")
	}
}

// A scalable frame that is cut after its base part, or whose refinements are left out, gives the middle of the values
// that a code without its low bits can stand for, and zero where that is sure to be near.
func TestBaseOnly(t *testing.T) {
	for _, s := range settings() {
		if s.refine == 0 {
			continue
		}
		p := s.build()
		codec := mustCodec(t, p)
		x := tensors(p, 7)
		enc := codec.NewEncoder()
		whole, err := enc.Append(nil, x)
		if err != nil {
			t.Fatal(err)
		}
		f, err := frame.Parse(whole)
		if err != nil || f.BaseSize >= len(whole) {
			t.Fatalf("%v: base of %d bytes of %d, %v", s, f.BaseSize, len(whole), err)
		}
		full, cut := codec.NewDecoder(dqa.WithBaseOnly(true)), codec.NewDecoder()
		got, err := cut.Decode(whole[:f.BaseSize])
		if err != nil || cut.Complete() {
			t.Fatalf("%v: %v, complete %v", s, err, cut.Complete())
		}
		again, err := full.Decode(whole)
		if err != nil || full.Complete() {
			t.Fatal(s, err)
		}
		enc = codec.NewEncoder(dqa.WithBaseOnly(true))
		for i := range p.Edges {
			e := &p.Edges[i]
			var codes dqa.Codes
			codes.Quantize(e, x[i])
			for j := range x[i] {
				c := j / (e.Rows * e.Cols)
				k := j
				if e.ChannelsLast {
					c, k = j%e.Channels, j%e.Channels*e.Rows*e.Cols+j/e.Channels
				}
				step := float32(0)
				if s.scale.Static() {
					step = e.Steps[e.ScaleSlot(c)]
				} else {
					step = codes.Scales[e.ScaleSlot(c)]
				}
				base := math.Floor(float64(codes.Wide[k]) / 4)
				want := step * float32(4*base+1.5)
				if base == 0 && e.OneSided {
					want = 0
				}
				if got[i][j] != want || again[i][j] != want {
					t.Fatalf("%v: edge %d, value %d: %v and %v, want %v", s, i, j, got[i][j], again[i][j], want)
				}
			}
			checkTiles(t, cut, e, i, got[i])
			if err := enc.Edge(i, x[i]); err != nil {
				t.Fatal(err)
			}
			if !sameBits(x[i], got[i]) {
				t.Fatalf("%v: the encoder's edge %d differs", s, i)
			}
		}
		if b, err := enc.AppendFrame(nil); err != nil || !bytes.Equal(b, whole[:f.BaseSize]) || enc.FrameSize() != f.BaseSize {
			t.Fatalf("%v: the encoder's base frame is not the beginning of the whole one (%v)", s, err)
		}
		full = codec.NewDecoder()
		if err := full.Open(whole); err != nil || !full.Complete() {
			t.Fatal(s, err)
		}
	}
}

// reseal mends the checksums after damage, so that what lies behind them is reached.
func reseal(t testing.TB, b []byte) []byte {
	t.Helper()
	// header
	if len(b) < frame.HeaderSize {
		return b
	}
	out := wire.AppendCRC(bytes.Clone(b[:frame.HeaderSize-4]), 0)
	return append(out, b[frame.HeaderSize:]...)
}

func FuzzDecode(f *testing.F) {
	p := setting{coder: profile.Paper, n: 2, m: 1, ratio: .5}.build()
	codec := mustCodec(f, p)
	whole, err := codec.NewEncoder().Append(nil, tensors(p, 6))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:40])
	f.Fuzz(func(t *testing.T, b []byte) {
		_, err := codec.NewDecoder().Decode(reseal(t, b))
		var fe *dqa.FormatError
		if err != nil && !errors.As(err, &fe) {
			t.Fatalf("untyped error: %v", err)
		}
	})
}

// FuzzTile feeds payloads that no checksum protects to every coder.
func FuzzTile(f *testing.F) {
	var codecs []*dqa.Codec
	for _, coder := range []profile.Coder{profile.Raw, profile.Paper, profile.Fast, profile.Small} {
		p := setting{coder: coder, scale: profile.StaticTensor, n: 3, m: 2, ratio: .5}.build()
		p.Edges = p.Edges[2:3]
		p.Edges[0].Important[0] = true
		if n := p.Edges[0].NumSymbols(); n > 0 {
			p.Edges[0].Table = skewed(n)
		}
		codecs = append(codecs, mustCodec(f, p))
	}
	f.Add([]byte{1, 2, 3, 4}, uint8(1))
	f.Fuzz(func(t *testing.T, payload []byte, which uint8) {
		codec := codecs[int(which)%len(codecs)]
		if _, err := codec.NewDecoder().Decode(frameOf(codec, payload)); err != nil {
			var fe *dqa.FormatError
			if !errors.As(err, &fe) {
				t.Fatalf("untyped error: %v", err)
			}
		}
	})
}

// frameOf wraps one payload as a well-formed frame of a one-edge, one-tile profile with static scales.
func frameOf(codec *dqa.Codec, payload []byte) []byte {
	var h frame.Header
	digest := codec.Profile().Digest()
	copy(h.Profile[:], digest[:])
	block := frame.AppendEdge(nil, frame.Edge{Tiles: [][]byte{payload}})
	h.Edges, h.BaseSize = 1, frame.HeaderSize+len(block)
	return append(frame.AppendHeader(nil, h), block...)
}

// Once memory has grown to what an image needs, coding allocates nothing; opening a frame makes its table of contents.
func TestSteadyStateAllocatesNothing(t *testing.T) {
	for _, s := range []setting{
		{coder: profile.Raw, n: 3, m: 3, ratio: .5}, {coder: profile.Paper, n: 3, m: 3, ratio: .5},
		{coder: profile.Fast, scale: profile.StaticTensor, n: 4}, {coder: profile.Small, scale: profile.StaticTensor, n: 4}, {coder: profile.Smallest, scale: profile.StaticTensor, n: 4},
	} {
		p := s.build()
		p.Edges = p.Edges[3:]
		codec := mustCodec(t, p)
		x := tensors(p, 3)
		enc, dec := codec.NewEncoder(), codec.NewDecoder()
		var frame []byte
		if n := testing.AllocsPerRun(10, func() { frame, _ = enc.Append(frame[:0], x) }); n > 0 {
			t.Errorf("%v: %v allocations an image when encoding", s, n)
		}
		if err := dec.Open(frame); err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(10, func() {
			if err := dec.Edge(x[0], 0); err != nil {
				t.Fatal(err)
			}
		}); n > 0 {
			t.Errorf("%v: %v allocations an image when decoding", s, n)
		}
	}
}
