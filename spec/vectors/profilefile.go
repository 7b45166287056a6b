package main

import (
	"slices"

	"github.com/dqa-go/dqa/profile"
)

// profileFile lays out a profile (spec/profile.md); the names of fields begin with their section's, those of an edge
// with "edges edge0".
func profileFile(p *profile.Profile) container {
	var c container
	version, sections := byte(1), []string{"origin", "preprocess", "method", "edges", "models", "bias", "evidence"}
	if isSecond(p) {
		version, sections = 2, append(sections, "gain")
	}
	c.add("", "magic", []byte("DQAP")...)
	c.add("", "version", version)
	for tag, name := range sections {
		// The tag has a group of its own: a section's length counts what is behind it.
		c.add("", name+" tag", byte(tag+1))
		c.addKind(name, "length", length)
		switch name {
		case "origin":
			c.addOrigin(p)
		case "preprocess":
			c.addPreprocess(&p.Preprocess, version)
		case "method":
			c.addMethod(p)
		case "edges":
			c.addEdges(p)
		case "models":
			c.addModels(p)
		case "bias":
			c.addBias(p)
		case "evidence":
			c.addEvidence(p.Evidence)
		case "gain":
			c.addGain(p)
		}
	}
	for _, x := range p.Extra {
		name := numbered("extra", int(x.Tag))
		c.add("", name+" tag", x.Tag)
		c.addKind(name, "length", length)
		c.add(name, "data", x.Data...)
	}
	c.addKind("", "crc", checksum)
	return c
}

// isSecond tells whether a profile has something that version 1 has no place for.
func isSecond(p *profile.Profile) bool {
	second := func(c profile.Coder) bool { return coders[c] == tapsCoder{} }
	return len(p.Gain) > 0 || len(p.Extra) > 0 || second(p.Coder) ||
		slices.ContainsFunc(p.Edges, func(e profile.Edge) bool { return e.DC || e.Transform != nil || second(e.Coder) })
}

func (c *container) addGain(p *profile.Profile) {
	c.add("gain", "nodes", uvarint(len(p.Gain))...)
	for i, n := range p.Gain {
		name := numbered("node", i)
		c.add("gain", name+" name", text(n.Node)...)
		c.add("gain", name+" channels", uvarint(len(n.Codes))...)
		for k, q := range n.Codes {
			c.add("gain", name+numbered(" code", k), byte(q))
		}
	}
}

func (c *container) addOrigin(p *profile.Profile) {
	const g = "origin"
	c.add(g, "tool", text(p.Tool)...)
	c.add(g, "instruction set", text(p.ISA)...)
	c.add(g, "seed", u64(p.Seed)...)
	c.add(g, "model name", text(p.Network.Name)...)
	c.add(g, "model digest", p.Network.Digest[:]...)
	c.add(g, "data spec", text(p.Data.Spec)...)
	c.add(g, "data digest", p.Data.Digest[:]...)
	c.add(g, "images", uvarint(p.Data.Images)...)
	c.add(g, "edge set", text(p.EdgeSet)...)
	c.add(g, "skipped", uvarint(len(p.Skip))...)
	for i, s := range p.Skip {
		c.add(g, numbered("skipped", i), text(s)...)
	}
}

func (c *container) addPreprocess(p *profile.Preprocess, version byte) {
	const g = "preprocess"
	c.add(g, "resize", append(uvarint(p.Resize.Height), uvarint(p.Resize.Width)...)...)
	c.add(g, "crop", append(uvarint(p.Crop.Height), uvarint(p.Crop.Width)...)...)
	c.add(g, "divisor", f32(p.Divisor)...)
	c.add(g, "mean", floats(p.Mean)...)
	c.add(g, "std", floats(p.Std)...)
	c.add(g, "channels", text(p.Channels)...)
	c.add(g, "layout", text(p.Layout)...)
	if version == 2 {
		c.add(g, "resampling", byte(slices.Index([]profile.Resample{"", "bicubic", "letterbox"}, p.Resample)))
		c.add(g, "as stored", bools([]bool{p.AsStored})...)
	}
	c.add(g, "shape", ints(p.Shape)...)
	labels := p.Ignore
	if version == 2 { // zigzag
		labels = nil
		for _, v := range p.Ignore {
			labels = append(labels, max(2*v, -2*v-1))
		}
	}
	c.add(g, "ignored labels", ints(labels)...)
	c.add(g, "label shift", byte(p.LabelShift))
}

func (c *container) addMethod(p *profile.Profile) {
	const g = "method"
	m := &p.Setting
	c.add(g, "name", text(m.Name)...)
	c.add(g, "n", byte(m.Bits))
	c.add(g, "m", byte(m.ExtraBits))
	c.add(g, "r", f64(m.Ratio)...)
	c.add(g, "ranking", text(m.Ranking)...)
	c.add(g, "flags", bools([]bool{m.Unsigned, m.Global, m.Pow2, m.Channels})...)
	c.add(g, "scale mode", byte(m.Scale))
	c.add(g, "coder", byte(p.Coder))
	c.add(g, "apart", byte(m.Refine))
	c.add(g, "dial", byte(m.Dial))
	c.add(g, "goal", f64(m.Goal)...)
}

func (c *container) addEdges(p *profile.Profile) {
	c.add("edges", "count", uvarint(len(p.Edges))...)
	for i := range p.Edges {
		c.addEdge(&p.Edges[i], numbered("edge", i))
	}
}

func (c *container) addEdge(e *profile.Edge, name string) {
	add := func(field string, b ...byte) { c.add("edges", name+" "+field, b...) }
	add("name", text(e.Name)...)
	add("channels", uvarint(e.Channels)...)
	add("rows", uvarint(e.Rows)...)
	add("columns", uvarint(e.Cols)...)
	add("tile channels", uvarint(e.Tile.Channels)...)
	add("tile rows", uvarint(e.Tile.Rows)...)
	add("flags", bools([]bool{e.ChannelsLast, e.OneSided, e.Unsigned, e.Escape, e.RowSums, e.DC, e.Transform != nil, e.Earlier != nil})...)
	add("n", byte(e.Bits))
	add("m", byte(e.ExtraBits))
	add("scale mode", byte(e.Scale))
	add("level map", byte(e.Map))
	add("coder", byte(e.Coder))
	add("apart", byte(e.Refine))
	if e.ExtraBits > 0 {
		add("important", bools(e.Important)...)
	}
	for k, s := range e.Steps {
		add(numbered("step", k), f32(s)...)
	}
	for k, s := range e.Clip {
		add(numbered("clip", k), f32(s)...)
	}
	if e.Map == profile.Noisy {
		add("amplitude", f32(e.Noise.Amplitude)...)
		add("seed", u64(e.Noise.Seed)...)
	}
	if t := e.Transform; t != nil {
		for k, v := range t.Centre {
			add(numbered("centre", k), f32(v)...)
		}
		for k, v := range t.Matrix {
			add(numbered("matrix", k), f32(v)...)
		}
	}
	coders[e.Coder].fields(e, add)
}

func (c *container) addModels(p *profile.Profile) {
	c.add("models", "count", uvarint(len(p.Frequencies))...)
	for i, m := range p.Frequencies {
		c.add("models", numbered("model", i), modelBytes(m)...)
	}
}

// modelBytes lists the frequencies of a model from the first to the last that is not 0.
func modelBytes(freq []uint16) []byte {
	symbols := freq[:len(freq)-1]
	first, end := 0, len(symbols)
	for end > 0 && symbols[end-1] == 0 {
		end--
	}
	for first < end && symbols[first] == 0 {
		first++
	}
	return modelFields(len(symbols), first, symbols[first:end]...)
}

func modelFields(symbols, first int, freq ...uint16) []byte {
	b := append(append(uvarint(symbols), uvarint(first)...), uvarint(len(freq))...)
	for _, f := range freq {
		b = append(b, uvarint(f)...)
	}
	return b
}

func (c *container) addBias(p *profile.Profile) {
	c.add("bias", "count", uvarint(len(p.Bias))...)
	for i, n := range p.Bias {
		name := numbered("node", i)
		c.add("bias", name+" name", text(n.Node)...)
		c.add("bias", name+" scale", f32(n.Scale)...)
		c.add("bias", name+" channels", uvarint(len(n.Codes))...)
		for k, q := range n.Codes {
			c.add("bias", name+numbered(" code", k), byte(q))
		}
	}
}

func (c *container) addEvidence(e *profile.Evidence) {
	const g = "evidence"
	if e == nil {
		return
	}
	c.add(g, "images", uvarint(e.Images)...)
	c.add(g, "distortion", text(e.Distortion)...)
	for i, v := range []float32{e.MeasuredDistortion, e.MeasuredKL, e.MeasuredAgreement, e.MeasuredBits, e.PredictedBits} {
		c.add(g, numbered("number", i), f32(v)...)
	}
	for i, curve := range e.Curves {
		name := numbered("edge", i)
		c.add(g, name+" chosen", point(e.Chosen[i])...)
		c.add(g, name+" count", uvarint(len(curve))...)
		for k, p := range curve {
			c.add(g, name+numbered(" point", k), point(p)...)
		}
	}
}

func point(p profile.CurvePoint) []byte {
	return append(append(f32(p.Step), f32(p.Distortion)...), f32(p.Bits)...)
}

func floats(v []float32) []byte {
	b := uvarint(len(v))
	for _, x := range v {
		b = append(b, f32(x)...)
	}
	return b
}

func ints(v []int) []byte {
	b := uvarint(len(v))
	for _, x := range v {
		b = append(b, uvarint(x)...)
	}
	return b
}

func bools(v []bool) []byte {
	b := make([]byte, (len(v)+7)/8)
	for i, set := range v {
		if set {
			b[i/8] |= 1 << (i % 8)
		}
	}
	return b
}

func nibbles(v []uint8) []byte {
	b := make([]byte, (len(v)+1)/2)
	for i, x := range v {
		b[i/2] |= x << (i % 2 * 4)
	}
	return b
}
