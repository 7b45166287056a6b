package profile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dqa-go/dqa/internal/prefix"
	"github.com/dqa-go/dqa/internal/rans"

	"github.com/dqa-go/dqa/internal/quant"
	"github.com/dqa-go/dqa/internal/wire"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// example uses every field with a value that is not its zero.
// fourBits is a table for shift errors of 1, 2 or 4 bits.
func fourBits() []uint8 { return slices.Repeat([]uint8{4}, 16) }

func example() *Profile {
	p := &Profile{
		Tool: "dqa v0.1", ISA: "avx2", Seed: 7, EdgeSet: "stored",
		Network: Network{Name: "net.onnx", Digest: [32]byte{1, 2, 3}},
		Data:    Data{Spec: "cifar10:calib.bin[0:256]", Digest: [32]byte{9}, Images: 256},
		Preprocess: Preprocess{
			Resize: Size{0, 256}, Crop: Size{224, 224}, Divisor: 127.5, Mean: []float32{.5}, Std: []float32{.25},
			Channels: "bgr", Layout: "nhwc", Shape: []int{1, 3, 224, 224}, Ignore: []int{11}, LabelShift: -1,
		},
		Setting: Setting{Name: "dqa", Bits: 3, ExtraBits: 2, Ratio: .5, Ranking: "energy", Global: true, Unsigned: true,
			Scale: StaticTensor, Dial: MaxKL, Goal: 2.5, Pow2: true},
		Coder: Paper,
		Edges: []Edge{
			{
				Name:     "relu",
				Geometry: Geometry{Channels: 3, Rows: 4, Cols: 5, Tile: Tile{2, 3}},
				Quantizer: Quantizer{
					OneSided: true, Unsigned: true, Bits: 2, ExtraBits: 1, Scale: StaticTensor,
					Important: []bool{true, false, true}, Steps: []float32{.5, .25},
				},
				Coding: Coding{Coder: Paper, Table: fourBits()},
			},
			{
				Name:      "clip",
				Geometry:  Geometry{Channels: 1, Rows: 2, Cols: 2, Tile: Tile{1, 2}},
				Quantizer: Quantizer{Bits: 2, Scale: DynamicTensor, Map: Clipped, Clip: []float32{.5, 1}},
				Coding:    Coding{Coder: Paper},
			},
			{
				Name:      "noise",
				Geometry:  Geometry{Channels: 1, Rows: 2, Cols: 2, Tile: Tile{1, 2}},
				Quantizer: Quantizer{Bits: 2, Map: Noisy, Noise: quant.Noise{Amplitude: .5, Seed: 1 << 40}},
			},
			{
				Name:      "gelu",
				Geometry:  Geometry{Channels: 2, Rows: 7, Cols: 1, ChannelsLast: true, Tile: Tile{2, 7}},
				Quantizer: Quantizer{Bits: 2, Scale: DynamicChannel, ExtraBits: 1, Important: []bool{false, true}},
				Coding:    Coding{Coder: Paper, Table: fourBits()},
			},
		},
	}
	return p
}

// coded is example with a coder of models: its first edge has two alphabets.
func coded() *Profile {
	p := example()
	p.Coder = Small
	p.Frequencies = [][]uint16{{1000, 1000, 1000, 1095, 1}, {4000, 90, 0, 0, 0, 0, 0, 0, 6}, {0, 2, 3, 0, 4091}, {0, 0, 0, 0, 4096}}
	for i := range p.Edges {
		e := &p.Edges[i]
		e.Coder, e.Table = Small, nil
		for c := range e.Channels {
			k := uint8(2 * (c % 2))
			if e.IsImportant(c) {
				k = 1
			}
			e.Models = append(e.Models, k)
		}
	}
	return p
}

// neighbourly is coded with models by neighbourhood in the first edge.
func neighbourly() *Profile {
	p := coded()
	p.Coder = Smallest
	p.Edges[0].Coder = Smallest
	p.Edges[0].Models = make([]uint8, 2*rans.NumContexts)
	p.Skip = []string{"one", "another"}
	p.Bias = []Bias{{Node: "conv", Scale: .25, Codes: []int8{-128, 0, 127}}}
	p.Evidence = &Evidence{Images: 3, Distortion: "KL", MeasuredKL: .5, PredictedBits: 2, Chosen: make([]CurvePoint, len(p.Edges))}
	for i := range p.Edges {
		p.Evidence.Curves = append(p.Evidence.Curves, make([]CurvePoint, i))
		p.Evidence.Chosen[i] = CurvePoint{1, 2, float32(i)}
	}
	for t := range rans.NumContexts {
		p.Edges[0].Models[rans.NumContexts+t] = 1
	}
	return p
}

// scalable is coded with refinements in the last edge but one: raw, and in the last: by models.
func scalable() *Profile {
	p := coded()
	p.Setting.Refine = 1
	p.Frequencies = append(p.Frequencies, []uint16{2048, 1, 2047})
	p.Edges = append(p.Edges, p.Edges[3], Edge{
		Name:      "plain",
		Geometry:  Geometry{Channels: 1, Rows: 2, Cols: 2, Tile: Tile{1, 2}},
		Quantizer: Quantizer{Bits: 3},
		Coding:    Coding{Refine: 2},
	})
	e := &p.Edges[4]
	e.ExtraBits, e.Important, e.Refine = 0, nil, 1
	e.Models = []uint8{4, 4, 4, 4, 4, 4, 4}
	return p
}

// fast has a prefix code in its first edge.
func fast() *Profile {
	p := example()
	e := &p.Edges[0]
	e.Coder, e.Table = Fast, nil
	e.Prefix = &prefix.Params{High: 7, Group: 2, LowBits: 1, Lengths: [16]uint8{4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4}, Words: [7]uint8{1, 2}}
	return p
}

func TestParseRestoresWhatAppendWrote(t *testing.T) {
	for _, want := range []*Profile{example(), coded(), neighbourly(), scalable(), fast()} {
		checkRestored(t, want)
	}
}

func checkRestored(t *testing.T, want *Profile) {
	t.Helper()
	got, err := Parse(want.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !bytes.Equal(got.Append(nil), want.Append(nil)) || got.Digest() != want.Digest() {
		t.Error("encoding is not deterministic")
	}
	prefix := []byte("kept")
	if b := want.Append(prefix); !bytes.Equal(b[4:], want.Append(nil)) || string(b[:4]) != "kept" {
		t.Error("Append does not append")
	}
}

func TestSectionsSumToTheSize(t *testing.T) {
	b := example().Append(nil)
	_, sections, err := ParseSections(b)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, s := range sections {
		sum += s.Size
	}
	if sum != len(b) || len(sections) != 9 {
		t.Errorf("%v sum to %d of %d bytes", sections, sum, len(b))
	}
}

func TestParseRefusesEveryDamage(t *testing.T) {
	for _, p := range []*Profile{example(), coded()} {
		checkDamage(t, p.Append(nil))
	}
}

func checkDamage(t *testing.T, whole []byte) {
	t.Helper()
	for i := range whole {
		var e *wire.Error
		if _, err := Parse(whole[:i]); !errors.As(err, &e) {
			t.Fatalf("prefix of %d bytes: %v", i, err)
		}
		for _, mask := range []byte{1, 0x80, 0xff} {
			flipped := bytes.Clone(whole)
			flipped[i] ^= mask
			if _, err := Parse(flipped); !errors.As(err, &e) {
				t.Fatalf("byte %d ^ %#x: %v", i, mask, err)
			}
		}
	}
	if _, err := Parse(append(bytes.Clone(whole), 0)); !errors.Is(err, wire.ErrChecksum) {
		t.Errorf("trailing byte: %v", err)
	}
}

// reseal gives damaged bytes a right checksum, so that the checks behind it are reached.
func reseal(b []byte) []byte {
	if len(b) >= 4 {
		binary.LittleEndian.PutUint32(b[len(b)-4:], wire.CRC(b[:len(b)-4]))
	}
	return b
}

func TestParseOfResealedDamageNeverPanics(t *testing.T) {
	whole := example().Append(nil)
	rng := rand.New(rand.NewPCG(1, 2))
	refused := 0
	for i := range whole {
		for range 8 {
			b := bytes.Clone(whole)
			b[i] = byte(rng.Uint32())
			p, err := Parse(reseal(b))
			if err != nil {
				refused++
				continue
			}
			if err := p.Validate(); err != nil {
				t.Fatalf("byte %d: accepted, yet %v", i, err)
			}
		}
	}
	if refused == 0 {
		t.Error("nothing was refused")
	}
}

func TestValidateRefusesModels(t *testing.T) {
	for name, damage := range map[string]func(*Profile){
		"sum":             func(p *Profile) { p.Frequencies[0][0]++ },
		"escape":          func(p *Profile) { p.Frequencies[1][8], p.Frequencies[1][0] = 0, 4006 },
		"contexts":        func(p *Profile) { p.Edges[0].Coder = Smallest },
		"dynamic escape":  func(p *Profile) { p.Edges[0].Escape = true },
		"missing":         func(p *Profile) { p.Frequencies = p.Frequencies[:2] },
		"other coder":     func(p *Profile) { p.Edges[1].Coder = Raw },
		"other alphabet":  func(p *Profile) { p.Edges[0].Models[0] = 0 },
		"channel missing": func(p *Profile) { p.Edges[0].Models = p.Edges[0].Models[:2] },
		"too many":        func(p *Profile) { p.Frequencies = append(p.Frequencies, make([][]uint16, MaxModels)...) },
	} {
		p := coded()
		damage(p)
		if err := p.Validate(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for name, damage := range map[string]func(*Profile){
		"with extra bits":     func(p *Profile) { p.Edges[4].ExtraBits, p.Edges[4].Important = 1, make([]bool, 2) },
		"all bits":            func(p *Profile) { p.Edges[5].Refine = 3 },
		"paper":               func(p *Profile) { p.Edges[5].Coder = Paper },
		"noisy":               func(p *Profile) { p.Edges[5].Map = Noisy },
		"base alphabet":       func(p *Profile) { p.Edges[4].Models[0] = 0 },
		"refinement alphabet": func(p *Profile) { p.Edges[4].Models[6] = 0 },
		"five bits":           func(p *Profile) { p.Setting.Refine = 5 },
	} {
		p := scalable()
		damage(p)
		if err := p.Validate(); err == nil {
			t.Errorf("refinements, %s: accepted", name)
		}
	}
	for name, damage := range map[string]func(*Profile){
		"missing":     func(p *Profile) { p.Edges[0].Prefix = nil },
		"other coder": func(p *Profile) { p.Edges[1].Coder, p.Edges[1].Prefix = Raw, p.Edges[0].Prefix },
		"other codes": func(p *Profile) { p.Edges[0].Prefix.High = 15 },
		"not a code":  func(p *Profile) { p.Edges[0].Prefix.Lengths[3] = 5 },
		"wide codes":  func(p *Profile) { p.Edges[0].Bits = 8 },
	} {
		p := fast()
		damage(p)
		if err := p.Validate(); err == nil {
			t.Errorf("prefix code, %s: accepted", name)
		}
	}
	p := example()
	p.Edges[0].Models = []uint8{0, 0, 0}
	if err := p.Validate(); err == nil {
		t.Error("models of channels with another coder: accepted")
	}
}

func TestValidateRefuses(t *testing.T) {
	cases := map[string]func(*Profile){
		"coder":               func(p *Profile) { p.Coder = 9 },
		"coder of an edge":    func(p *Profile) { p.Edges[2].Coder = 9 },
		"ratio":               func(p *Profile) { p.Setting.Ratio = math.NaN() },
		"goal":                func(p *Profile) { p.Setting.Goal = math.Inf(1) },
		"dial":                func(p *Profile) { p.Setting.Dial = 9 },
		"bias":                func(p *Profile) { p.Bias = []Bias{{Node: "n", Codes: []int8{1}}} },
		"evidence":            func(p *Profile) { p.Evidence = &Evidence{} },
		"bits of the method":  func(p *Profile) { p.Setting.Bits = 9 },
		"extra bits":          func(p *Profile) { p.Edges[0].ExtraBits = 5 },
		"no channels":         func(p *Profile) { p.Edges[0].Channels = 0 },
		"too many values":     func(p *Profile) { p.Edges[0].Rows, p.Edges[0].Cols = 1<<20, 1<<20 },
		"tile too large":      func(p *Profile) { p.Edges[0].Tile.Rows = 5 },
		"tile of no rows":     func(p *Profile) { p.Edges[0].Tile.Rows = 0 },
		"importance missing":  func(p *Profile) { p.Edges[0].Important = nil },
		"importance too long": func(p *Profile) { p.Edges[0].Important = make([]bool, 4) },
		"step missing":        func(p *Profile) { p.Edges[0].Steps = p.Edges[0].Steps[:1] },
		"step subnormal":      func(p *Profile) { p.Edges[0].Steps[0] = 1e-40 },
		"step negative":       func(p *Profile) { p.Edges[0].Steps[0] = -1 },
		"table missing":       func(p *Profile) { p.Edges[0].Table = nil },
		"table of other size": func(p *Profile) { p.Edges[3].Table = p.Edges[3].Table[:15] },
		"table not complete":  func(p *Profile) { p.Edges[3].Table[0] = 5 },
		"word of 8 bits":      func(p *Profile) { p.Edges[0].Table[3] = 8 },
		"word of no bits":     func(p *Profile) { p.Edges[3].Table[3] = 0 },
		"two-sided unsigned":  func(p *Profile) { p.Edges[0].OneSided = false },
		"std of zero":         func(p *Profile) { p.Preprocess.Std[0] = 0 },
		"name too long":       func(p *Profile) { p.Edges[0].Name = string(make([]byte, maxString+1)) },
		"clip ratio missing":  func(p *Profile) { p.Edges[1].Clip = p.Edges[1].Clip[:1] },
		"clip ratio over 1":   func(p *Profile) { p.Edges[1].Clip[0] = 1.5 },
		"clip ratio 0":        func(p *Profile) { p.Edges[1].Clip[0] = 0 },
		"clip ratio unasked":  func(p *Profile) { p.Edges[1].Map = Uniform },
		"clip of static":      func(p *Profile) { p.Edges[1].Scale, p.Edges[1].Steps = StaticTensor, []float32{1, 1} },
		"noise too loud":      func(p *Profile) { p.Edges[2].Noise.Amplitude = 1.5 },
		"noise not a number":  func(p *Profile) { p.Edges[2].Noise.Amplitude = float32(math.NaN()) },
		"noise unasked":       func(p *Profile) { p.Edges[2].Map = Uniform },
		"noise and importance": func(p *Profile) {
			p.Edges[2].ExtraBits, p.Edges[2].Important = 1, []bool{false}
		},
		"level map unknown": func(p *Profile) { p.Edges[3].Map = 3 },
		"negative label":    func(p *Profile) { p.Preprocess.Ignore[0] = -1 << 30 },
	}
	for name, damage := range cases {
		p := example()
		damage(p)
		if err := p.Validate(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if err := example().Validate(); err != nil {
		t.Error(err)
	}
}

func TestTilesCoverEveryRowOfEveryChannelOnce(t *testing.T) {
	for _, dims := range [][3]int{{16, 32, 32}, {64, 8, 8}, {16, 128, 128}, {1, 1, 64}, {512, 56, 56}, {3, 2000, 2000}, {128, 65, 1}, {7, 1, 100000}, {1000, 500, 300}} {
		e := Edge{Geometry: Geometry{Channels: dims[0], Rows: dims[1], Cols: dims[2], Tile: TileFor(dims[0], dims[1], dims[2])}}
		seen := make([]int, e.Channels*e.Rows)
		largest := 0
		for i := range e.NumTiles() {
			b := e.TileBounds(i)
			for c := b.C0; c < b.C1; c++ {
				for r := b.R0; r < b.R1; r++ {
					seen[c*e.Rows+r]++
				}
			}
			largest = max(largest, e.TileSize(b))
		}
		for i, n := range seen {
			if n != 1 {
				t.Fatalf("%v, tile %v: row %d of channel %d is in %d tiles", dims, e.Tile, i%e.Rows, i/e.Rows, n)
			}
		}
		if largest > tileLimit && e.Cols <= tileLimit {
			t.Errorf("%v: tile of %d values", dims, largest)
		}
		if e.Elements() > 2*tileTarget && e.Cols < tileTarget/tileMinRows && largest < 4<<10 {
			t.Errorf("%v: largest tile has only %d values", dims, largest)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(example().Append(nil))
	f.Add(transformed().Append(nil))
	f.Add([]byte("DQAP\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Parse(reseal(bytes.Clone(b)))
		if err != nil {
			var e *wire.Error
			if !errors.As(err, &e) {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		again, err := Parse(p.Append(nil))
		if err != nil {
			t.Fatalf("accepted, but not after encoding: %v", err)
		}
		if again.Digest() != p.Digest() {
			t.Fatal("digest changes")
		}
	})
}

// A profile has the first version that has a place for what it holds, and comes back from either.
func TestVersions(t *testing.T) {
	for name, c := range map[string]struct {
		version byte
		change  func(p *Profile)
	}{
		"plain":   {version1, func(*Profile) {}},
		"words":   {version1, func(p *Profile) { p.Preprocess.AsStored, p.Preprocess.Ignore = true, []int{-3} }},
		"gain":    {version2, func(p *Profile) { p.Gain = []Gain{{Node: "a", Codes: []int8{-128, 5}}} }},
		"means":   {version2, func(p *Profile) { p.Edges[0].DC = true }},
		"section": {version2, func(p *Profile) { p.Extra = []Extra{{Tag: 128, Data: []byte("x")}, {Tag: 255}} }},
		"labels": {version2, func(p *Profile) {
			p.Edges[0].DC, p.Preprocess.Ignore, p.Preprocess.Resample = true, []int{7, -1 << 28, 1 << 28}, Bicubic
		}},
	} {
		p := &Profile{Setting: Setting{Name: "direct", Bits: 3}, Edges: []Edge{{
			Name: "e", Geometry: Geometry{Channels: 1, Rows: 1, Cols: 1, Tile: Tile{1, 1}}, Quantizer: Quantizer{Bits: 3},
		}}}
		c.change(p)
		b, err := p.Encode()
		if err != nil || b[4] != c.version {
			t.Errorf("%s: version %d (%v), want %d", name, b[4], err, c.version)
			continue
		}
		got, sections, err := ParseSections(b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := cmp.Diff(p, got, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		size := 0
		for _, s := range sections {
			size += s.Size
		}
		if size != len(b) {
			t.Errorf("%s: sections of %d bytes, %d are there", name, size, len(b))
		}
	}
}

func TestGainCodes(t *testing.T) {
	for v, want := range map[float64]float32{1: 1, .8: .80078125, 1.25: 1.248046875, .1: .75, 1.1: 1.099609375} {
		g := Gain{Codes: []int8{GainCode(v)}}
		if got := g.Values()[0]; got != want {
			t.Errorf("gain %v: %v, want %v", v, got, want)
		}
	}
}
