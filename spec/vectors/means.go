package main

import (
	"math"

	"github.com/dqa-go/dqa/profile"
)

// findMeans follows spec/frame.md, "Means of channels": what the mean of every channel of every tile lacks.
func (img *image) findMeans(e *profile.Edge, x []float32) {
	restored := img.values(e, false)
	for _, t := range tilesOf(e) {
		var means []int
		for ch := t.c0; ch < t.c1; ch++ {
			sum, n := 0.0, (t.r1-t.r0)*e.Cols
			for i := range n {
				at := place(e, ch, t.r0*e.Cols+i)
				if d := float64(x[at]) - float64(restored[at]); math.Abs(d) <= math.MaxFloat32 {
					sum += d
				}
			}
			d := 0.0
			if step := float64(img.step(e, ch)); step > 0 {
				d = math.RoundToEven(16 * sum / (float64(n) * step))
			}
			means = append(means, int(min(15, max(-16, d))))
		}
		img.means = append(img.means, means)
	}
}

// addMeans adds them to restored values.
func (img *image) addMeans(e *profile.Edge, out []float32) {
	for k, t := range tilesOf(e) {
		for ch := t.c0; ch < t.c1 && img.means != nil; ch++ {
			if d := img.means[k][ch-t.c0]; d != 0 {
				for i := t.r0 * e.Cols; i < t.r1*e.Cols; i++ {
					out[place(e, ch, i)] += float32(float32(d) * float32(img.step(e, ch)/16))
				}
			}
		}
	}
}

func (img *image) step(e *profile.Edge, ch int) float32 {
	if e.Scale.Static() {
		return e.Steps[e.ScaleSlot(ch)]
	}
	return img.scales[e.ScaleSlot(ch)]
}

// version2Vectors are profiles that version 1 has no place for, and their frames.
func version2Vectors(s *set) {
	meanVectors(s)
	for _, c := range []struct {
		name, what string
		change     func(p *profile.Profile)
	}{
		{"gain", "gains of two nodes, one without channels", func(*profile.Profile) {}},
		{"preprocess", "another resampling, pictures as they are stored, negative labels", func(p *profile.Profile) {
			p.Preprocess.Resample, p.Preprocess.AsStored = profile.Letterbox, true
			p.Preprocess.Ignore = []int{-1, 255, -1 << 28, 0, 1 << 28}
		}},
		{"extra", "sections that a reader may skip", func(p *profile.Profile) {
			p.Gain = nil
			p.Extra = []profile.Extra{{Tag: 128}, {Tag: 200, Data: []byte("statistics")}, {Tag: 255, Data: []byte{0}}}
		}},
		{"means", "means of channels without gains", func(p *profile.Profile) { p.Gain, p.Edges[0].DC = nil, true }},
	} {
		p := gainProfile()
		c.change(p)
		s.parsed("profile2-"+c.name, c.what, p)
	}
	sectionVectors(s)
	badVersion2(s)
}

func gainProfile() *profile.Profile {
	p := richProfile()
	p.Gain = []profile.Gain{{Node: "conv1", Codes: []int8{-128, 0, 127}}, {Node: "conv2"}}
	return p
}

func badVersion2(s *set) {
	good := profileFile(gainProfile())
	bad := func(name, cause, what string, c container) {
		s.refusedProfile("bad-profile2-"+name, cause, what, c.bytes())
	}
	bare := gainProfile()
	bare.Gain[1].Codes, bare.Gain = nil, bare.Gain[1:]
	bad("needless", causeHeader, "nothing in it needs version 2",
		profileFile(bare).with("gain nodes", 0).with("gain node0 name").with("gain node0 channels"))
	bad("version-3", causeHeader, "version 3", good.with("version", 3))
	bad("in-1", causeHeader, "version 1, but with a section gain", good.with("version", 1))
	bad("resampling", causeHeader, "resampling 3", good.with("preprocess resampling", 3))
	bad("as-stored", causeHeader, "unused bits beside as stored", good.with("preprocess as stored", 2))
	bad("gains", causeLimit, "more than 65,536 nodes with gains", good.with("gain nodes", uvarint(1<<16+1)...))
	p := gainProfile()
	p.Extra = []profile.Extra{{Tag: 128, Data: []byte{1}}, {Tag: 129}}
	extra := profileFile(p)
	bad("extra-order", causeHeader, "skippable sections that do not rise", extra.with("extra129 tag", 128))
	bad("extra-low", causeHeader, "a section with a tag below 128 that is not known", extra.with("extra128 tag", 127))
	bad("extra-long", causeHeader, "a skippable section longer than the file", extra.with("extra129 length", 200, 1))
	bad("flags", causeHeader, "an edge's flag that is not known", good.with(rawEdge+"flags", 128))
	bad("means-apart", causeHeader, "means of channels beside bits apart", good.with(smallestEdge+"flags", 32))
}

// meanVectors are frames with means of channels.
func meanVectors(s *set) {
	for k, coder := range allCoders {
		for i, g := range []profile.Geometry{
			{Channels: 5, Rows: 6, Cols: 7, Tile: profile.Tile{Channels: 2, Rows: 4}},
			{Channels: 70, Rows: 3, Cols: 1, ChannelsLast: true, Tile: profile.Tile{Channels: 70, Rows: 3}},
		} {
			if i > 0 && k > 0 {
				continue
			}
			e := profile.Edge{Name: "edge", Geometry: g, Quantizer: profile.Quantizer{Bits: 3, DC: true}}
			e.Coder, e.Scale = coder, profile.ScaleMode(k%2)
			x := make([]float32, e.Elements())
			for j := range x {
				x[j] = float32(j*j%17-8)/3 + float32(j%5)/7
			}
			x[3] = float32(math.Inf(1))
			p := newProfile([]profile.Edge{e}, [][]float32{x})
			s.encoded("means-"+coder.String()+[]string{"", "-last"}[i], "means of channels", p, [][]float32{x})
		}
	}
	badMeans(s)
}

func badMeans(s *set) {
	e := profile.Edge{
		Name: "edge", Geometry: profile.Geometry{Channels: 3, Rows: 2, Cols: 4, Tile: profile.Tile{Channels: 3, Rows: 2}},
		Quantizer: profile.Quantizer{Bits: 4, DC: true},
	}
	x := make([]float32, e.Elements())
	for i := range x {
		x[i] = float32(i%7) - 2.5
	}
	p := newProfile([]profile.Edge{e}, [][]float32{x})
	good := newWriter(p).frame(quantizeAll(p, [][]float32{x}))
	payload := good.payload("edge0", 0)
	last := len(payload) - 1
	for _, c := range []struct {
		name, what string
		payload    []byte
	}{
		{"short", "a payload without room for means", payload[:4]},
		{"cut", "a byte of the means is missing", payload[:last]},
		{"long", "a byte behind the means", append(payload[:last:last], payload[last], 0)},
		{"unused", "unused bits of the means are set", append(payload[:last:last], payload[last]|0x80)},
	} {
		s.refused("bad-means-"+c.name, causePayload, c.what, p, good.withPayload("edge0", 0, c.payload).bytes())
	}
}
