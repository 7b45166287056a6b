package profile

import (
	"errors"
	"fmt"
	"math"

	"github.com/dqa-go/dqa/internal/huffman"
	"github.com/dqa-go/dqa/internal/quant"
	"github.com/dqa-go/dqa/internal/rans"
)

// Validate tells the first thing that Parse would refuse.
func (p *Profile) Validate() error {
	switch {
	case p.Coder >= coders:
		return fmt.Errorf("coder %d unknown", p.Coder)
	case p.Setting.Scale >= scaleModes:
		return fmt.Errorf("scale mode %d unknown", p.Setting.Scale)
	case !(p.Setting.Ratio >= 0 && p.Setting.Ratio <= 1):
		return fmt.Errorf("ratio %v is not between 0 and 1", p.Setting.Ratio)
	case p.Setting.Refine < 0 || p.Setting.Refine > MaxExtra:
		return fmt.Errorf("%d bits stored apart, at most %d allowed", p.Setting.Refine, MaxExtra)
	case p.Setting.Dial >= dials:
		return fmt.Errorf("dial %d unknown", p.Setting.Dial)
	case !(p.Setting.Goal >= 0 && p.Setting.Goal <= math.MaxFloat64):
		return fmt.Errorf("goal %v", p.Setting.Goal)
	case len(p.Edges) > MaxEdges:
		return fmt.Errorf("%d edges, at most %d allowed", len(p.Edges), MaxEdges)
	case p.Data.Images < 0 || p.Data.Images > math.MaxInt32:
		return fmt.Errorf("%d images", p.Data.Images)
	}
	if err := p.validateStrings(); err != nil {
		return err
	}
	if err := checkBits(p.Setting.Bits, p.Setting.ExtraBits); err != nil {
		return fmt.Errorf("method: %w", err)
	}
	if err := p.Preprocess.Validate(); err != nil {
		return fmt.Errorf("preprocessing: %w", err)
	}
	if err := p.validateModels(); err != nil {
		return err
	}
	if err := p.validateCorrections(); err != nil {
		return err
	}
	if err := p.validateExtras(); err != nil {
		return err
	}
	for i := range p.Edges {
		err := p.Edges[i].Validate()
		if err == nil {
			err = p.Edges[i].validateModels(p)
		}
		if err == nil {
			err = p.validateEarlierOf(i)
		}
		if err != nil {
			return fmt.Errorf("edge %d %q: %w", i, p.Edges[i].Name, err)
		}
	}
	return nil
}

func (p *Profile) validateCorrections() error {
	for _, b := range p.Bias {
		if len(b.Node) > maxString || len(b.Codes) > MaxChannels || !normal(b.Scale) {
			return fmt.Errorf("bias of node %.40q: %d channels, scale %v", b.Node, len(b.Codes), b.Scale)
		}
	}
	e := p.Evidence
	if e == nil {
		return nil
	}
	if len(e.Curves) != len(p.Edges) || len(e.Chosen) != len(p.Edges) {
		return fmt.Errorf("evidence of %d edges, there are %d", len(e.Curves), len(p.Edges))
	}
	for i, curve := range e.Curves {
		if len(curve) > maxCurve {
			return fmt.Errorf("edge %d: a curve of %d points", i, len(curve))
		}
	}
	return nil
}

func (p *Profile) validateModels() error {
	if len(p.Frequencies) > MaxModels {
		return fmt.Errorf("%d models, at most %d allowed", len(p.Frequencies), MaxModels)
	}
	for i, m := range p.Frequencies {
		if err := rans.CheckModel(m); err != nil {
			return fmt.Errorf("model %d: %w", i, err)
		}
	}
	return nil
}

// validateModels checks that every channel has models of its alphabet.
func (e *Edge) validateModels(p *Profile) error {
	switch {
	case e.Escape && (!e.Coder.Whole() || e.ExtraBits > 0 || !e.Scale.Static() || e.Map != Uniform):
		return fmt.Errorf("codes beyond %d bits need whole codes of one width, static scales and a uniform map", e.Bits)
	case !e.Coder.Modelled():
		if e.Models != nil {
			return fmt.Errorf("it has models, coder %s", e.Coder)
		}
		return nil
	case len(e.Models) != e.NumModels():
		return fmt.Errorf("%d models, it needs %d", len(e.Models), e.NumModels())
	}
	base := e.Base()
	seen := map[bool]bool{} // neighbourhoods' models, by importance of the channels that share them
	for c := range e.Channels {
		if e.Coder != Small && seen[e.IsImportant(c)] {
			if e.Important == nil {
				break // a few bytes may announce a million channels
			}
			continue
		}
		seen[e.IsImportant(c)] = true
		from, to := e.ModelSlots(c)
		if err := checkModels(p, e.Models[from:to], base.WideBits(c)); err != nil {
			return fmt.Errorf("channel %d: %w", c, err)
		}
	}
	if err := checkModels(p, e.RefineModels(), e.Refine); err != nil {
		return fmt.Errorf("refinements: %w", err)
	}
	return e.validateUnused(p)
}

// checkModels demands models of the alphabet of so many bits.
func checkModels(p *Profile, models []uint8, bits int) error {
	for _, k := range models {
		if int(k) >= len(p.Frequencies) || len(p.Frequencies[k])-1 != 1<<bits {
			return fmt.Errorf("%d bits have model %d", bits, k)
		}
	}
	return nil
}

// validateUnused checks the slots of channels that do not exist: all channels may be important, or none.
func (e *Edge) validateUnused(p *Profile) error {
	for _, k := range e.Models {
		if int(k) >= len(p.Frequencies) {
			return fmt.Errorf("model %d of %d", k, len(p.Frequencies))
		}
	}
	return nil
}

func (p *Profile) validateStrings() error {
	for _, s := range []string{p.Tool, p.ISA, p.Network.Name, p.Data.Spec, p.EdgeSet, p.Setting.Name, p.Setting.Ranking} {
		if len(s) > maxString {
			return fmt.Errorf("text of %d bytes, at most %d allowed, beginning %.40q", len(s), maxString, s)
		}
	}
	return nil
}

// errLimit marks numbers above the greatest that the format allows.
var errLimit = errors.New("limit exceeded")

func checkBits(bits, extra int) error {
	if bits < MinBits || bits > MaxBits {
		return fmt.Errorf("%d bits, %d to %d allowed", bits, MinBits, MaxBits)
	}
	if extra < 0 || extra > MaxExtra {
		return fmt.Errorf("%d extra bits, 0 to %d allowed", extra, MaxExtra)
	}
	return nil
}

// Validate tells the first setting that makes no sense. Names of channel orders and layouts are checked by the
// reader of images.
func (p *Preprocess) Validate() error {
	for _, s := range []Size{p.Resize, p.Crop} {
		if s.Height < 0 || s.Width < 0 || s.Height > maxDim || s.Width > maxDim {
			return fmt.Errorf("size %dx%d", s.Height, s.Width)
		}
	}
	if len(p.Mean) > maxList || len(p.Std) > maxList || len(p.Shape) > maxList || len(p.Ignore) > maxList {
		return fmt.Errorf("a list is longer than %d", maxList)
	}
	if !finite(p.Divisor) || p.Divisor < 0 {
		return fmt.Errorf("divisor %v", p.Divisor)
	}
	for i, v := range p.Std {
		if !finite(v) || v == 0 {
			return fmt.Errorf("std[%d] is %v", i, v)
		}
	}
	for i, v := range p.Mean {
		if !finite(v) {
			return fmt.Errorf("mean[%d] is %v", i, v)
		}
	}
	if p.LabelShift < -1 || p.LabelShift > 1 {
		return fmt.Errorf("label shift %d, -1 to 1 allowed", p.LabelShift)
	}
	_, ignore := p.layoutWords()
	return errors.Join(p.validateNames(), checkInts("shape", p.Shape), checkInts("ignored label", ignore))
}

func finite(v float32) bool { return !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) }

func checkInts(what string, v []int) error {
	for _, x := range v {
		if x < 0 || x > maxDim {
			return fmt.Errorf("%s %d", what, x)
		}
	}
	return nil
}

// validateShape checks what sizes are derived from.
func (e *Edge) validateShape() error {
	if e.Channels < 1 || e.Rows < 1 || e.Cols < 1 || e.Channels > MaxChannels {
		return fmt.Errorf("%d channels of %dx%d", e.Channels, e.Rows, e.Cols)
	}
	if e.Rows > MaxElements/e.Cols || e.Channels > MaxElements/(e.Rows*e.Cols) {
		return fmt.Errorf("%d channels of %dx%d: %w: more than %d values", e.Channels, e.Rows, e.Cols, errLimit, MaxElements)
	}
	if e.Tile.Channels < 1 || e.Tile.Rows < 1 || e.Tile.Channels > e.Channels || e.Tile.Rows > e.Rows {
		return fmt.Errorf("tile of %d channels x %d rows in an edge of %d x %d", e.Tile.Channels, e.Tile.Rows, e.Channels, e.Rows)
	}
	if err := checkBits(e.Bits, e.ExtraBits); err != nil {
		return err
	}
	if e.Scale >= scaleModes {
		return fmt.Errorf("scale mode %d unknown", e.Scale)
	}
	if e.Map >= levelMaps {
		return fmt.Errorf("level map %d unknown", e.Map)
	}
	if e.Coder >= coders {
		return fmt.Errorf("coder %d unknown", e.Coder)
	}
	able := e.Coder != Paper && e.Coder != Fast && e.Coder != Smallest2
	if e.Refine > 0 && (e.Refine > MaxExtra || e.Refine >= e.Bits || e.ExtraBits > 0 || e.Map != Uniform || !able) {
		return fmt.Errorf("%d of %d+%d bits stored apart, level map %s, coder %s", e.Refine, e.Bits, e.ExtraBits, e.Map, e.Coder)
	}
	if e.Unsigned && !e.OneSided {
		return errors.New("unsigned codes on a two-sided edge")
	}
	if e.DC && e.Refine > 0 {
		return errors.New("means of channels beside bits that are stored apart")
	}
	return e.validateTransformed()
}

// Validate tells the first thing that makes no sense in the edge alone; its models are Profile.Validate's.
func (e *Edge) Validate() error {
	if len(e.Name) > maxString {
		return fmt.Errorf("name of %d bytes", len(e.Name))
	}
	if err := e.validateShape(); err != nil {
		return err
	}
	if (e.ExtraBits > 0) != (e.Important != nil) || e.Important != nil && len(e.Important) != e.Channels {
		return fmt.Errorf("importance of %d channels given, %d extra bits, %d channels", len(e.Important), e.ExtraBits, e.Channels)
	}
	want := 0
	if e.Scale.Static() {
		want = e.NumScales()
	}
	if len(e.Steps) != want {
		return fmt.Errorf("%d steps, %d expected", len(e.Steps), want)
	}
	for i, s := range e.Steps {
		if s != 0 && !normal(s) || math.Signbit(float64(s)) {
			return fmt.Errorf("step %d is %v", i, s)
		}
	}
	if err := e.validateMap(); err != nil {
		return err
	}
	if err := e.validateTransform(); err != nil {
		return err
	}
	return e.validateTable()
}

// validateMap checks the parameters of the level map; those of another map must be absent.
func (e *Edge) validateMap() error {
	want := 0
	if e.Map == Clipped {
		want = e.NumScales()
	}
	if len(e.Clip) != want {
		return fmt.Errorf("%d clipping ratios, %d expected", len(e.Clip), want)
	}
	for i, c := range e.Clip {
		if !(c > 0 && c <= 1) {
			return fmt.Errorf("clipping ratio %d is %v", i, c)
		}
	}
	switch {
	case e.Map == Clipped && e.Scale.Static():
		return errors.New("clipping ratios beside static scales: the steps say it all")
	case e.Map != Noisy && e.Noise != quant.Noise{}:
		return errors.New("noise on an edge whose level map has none")
	case e.Map == Noisy && e.ExtraBits > 0:
		return errors.New("noise together with extra bits")
	case !(e.Noise.Amplitude >= 0 && e.Noise.Amplitude <= 1):
		return fmt.Errorf("noise amplitude %v, 0 to 1 allowed", e.Noise.Amplitude)
	}
	return nil
}

func (e *Edge) validateTable() error {
	if len(e.Table) != e.NumSymbols() {
		return fmt.Errorf("table of %d symbols, %d expected", len(e.Table), e.NumSymbols())
	}
	if len(e.Table) > 0 {
		if err := huffman.Validate(e.Table); err != nil {
			return err
		}
	}
	if err := errors.Join(e.validateTaps(), e.validateEarlier()); err != nil {
		return err
	}
	return e.validatePrefix()
}

func (e *Edge) validateTaps() error {
	if e.Coder != Smallest2 || e.Taps == nil {
		if e.Coder == Smallest2 || e.Taps != nil {
			return fmt.Errorf("weights of neighbours: %v, coder %s", e.Taps != nil, e.Coder)
		}
		return nil
	}
	if e.ExtraBits > 0 {
		return fmt.Errorf("coder %s and %d extra bits", e.Coder, e.ExtraBits)
	}
	if e.Taps.Cross != [2]int8{} {
		return fmt.Errorf("coder %s: weights of an earlier edge without one", e.Coder)
	}
	return e.validateWeights(e.Taps)
}

func (e *Edge) validateWeights(t *Taps) error {
	parts := 0
	if t.Unit > 0 {
		parts = e.Channels
	}
	switch {
	case e.Cols > MaxTapCols || t.Grid > 0 && e.Cols > 1:
		return fmt.Errorf("coder %s: %d columns, a grid of %d", e.Coder, e.Cols, t.Grid)
	case t.TwoSided == e.OneSided:
		return fmt.Errorf("coder %s: two-sided is %v, one-sided the edge is %v", e.Coder, t.TwoSided, e.OneSided)
	case len(t.Parts) != parts:
		return fmt.Errorf("coder %s: %d offsets, %d expected", e.Coder, len(t.Parts), parts)
	}
	return t.Validate()
}

func (e *Edge) validatePrefix() error {
	if e.Coder != Fast || e.Prefix == nil {
		if e.Coder == Fast || e.Prefix != nil {
			return fmt.Errorf("parameters of a prefix code: %v, coder %s", e.Prefix != nil, e.Coder)
		}
		return nil
	}
	if low, high := e.CodeRange(); e.Prefix.Low != low || e.Prefix.High != high || e.Bits+e.ExtraBits > MaxBits {
		return fmt.Errorf("prefix code for %d to %d, codes of %d+%d bits", e.Prefix.Low, e.Prefix.High, e.Bits, e.ExtraBits)
	}
	return e.Prefix.Validate()
}
