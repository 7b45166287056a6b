package main

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/dqa-go/dqa/profile"
)

// tapsCoder codes whole codes by models that weighted neighbours choose (spec/smallest2.md).
type tapsCoder struct{ unrefined }

// fit gives an edge weights that are none in particular, unless it has some, and models.
func (tapsCoder) fit(p *profile.Profile, e *profile.Edge, img image) {
	if e.Taps == nil {
		e.Taps = someTaps(e)
	}
	if e.Models != nil {
		return
	}
	counts := make([][]uint64, 4) // relative ones apart from others, coarse and fine levels apart
	for i := range counts {
		counts[i] = make([]uint64, 1<<e.Bits+1)
	}
	group := func(context int) int {
		k := context >> 7
		if e.Taps.Relative[context] {
			k += 2
		}
		return k
	}
	for _, c := range img.channels(e) {
		for i, code := range c.codes {
			context, prediction := tapContext(e, c, i)
			count(counts[group(context)], code-tapStart(e, e.Taps, context, prediction)-len(counts[0])/2, false)
		}
	}
	var numbers []uint8
	for _, n := range counts {
		numbers = append(numbers, addModel(p, n))
	}
	for context := range 256 {
		e.Models = append(e.Models, numbers[group(context)])
	}
}

// someTaps are weights for which all contexts can appear.
func someTaps(e *profile.Edge) *profile.Taps {
	t := &profile.Taps{Base: 3, Unit: 2}
	t.TwoSided = !e.OneSided
	t.Flat = e.Bits%2 == 0
	t.Magnitude = [12]int8{40, 30, -10, 12, 9, 8, -3, 7, 5, -4, 6, 1}
	if t.TwoSided {
		t.Signed = [12]int8{60, 50, -30, 10, 0, -5, 3, 0, 7, 0, 1, -2}
	}
	for c := range e.Channels {
		t.Parts = append(t.Parts, uint8(c*7))
	}
	for i := range t.Relative {
		t.Relative[i] = i%3 == 0
	}
	return t
}

func (tapsCoder) fields(e *profile.Edge, add func(field string, b ...byte)) {
	add("grid", uvarint(e.Taps.Grid)...)
	tapFields(e, e.Taps, add)
	add("models", e.Models...)
	if o := e.Earlier; o != nil {
		add("earlier", uvarint(o.Edge)...)
		beside := func(field string, b ...byte) { add("earlier "+field, b...) }
		tapFields(e, &o.Taps, beside)
		for k, name := range []string{"magnitudes", "codes"} {
			if k == 0 || !e.OneSided {
				beside(name+" around", byte(o.Taps.Cross[k]))
				beside(name, signedBytes(o.Weights[k])...)
			}
		}
		beside("models", o.Models...)
	}
}

func tapFields(e *profile.Edge, t *profile.Taps, add func(field string, b ...byte)) {
	add("w", signedBytes(t.Magnitude[:])...)
	if !e.OneSided {
		add("v", signedBytes(t.Signed[:])...)
	}
	add("flat", bools([]bool{t.Flat})...)
	add("base", byte(t.Base), byte(uint16(t.Base)>>8))
	add("unit", t.Unit)
	add("parts", t.Parts...)
	add("relative", bools(t.Relative[:])...)
}

func signedBytes(v []int8) (b []byte) {
	for _, x := range v {
		b = append(b, byte(x))
	}
	return b
}

func (tapsCoder) payload(w writer, e *profile.Edge, channels []channelCodes) []byte {
	changes, lanes, mode := 0, 1, byte(coded)
	for _, c := range channels {
		for i, code := range c.codes[1:] {
			if code != c.codes[i] {
				changes++
			}
		}
	}
	for 2*lanes <= min(16, len(channels)) && 2*lanes*64 <= changes {
		lanes *= 2
	}
	b := w.whole(e, joined(channels), func() []byte {
		s := tapStream(tapSteps(w.p, e, channels), lanes, (len(channels)-1)%16+1)
		for n := len(s.states); n > 1; n /= 2 {
			mode--
		}
		return s.join()
	})
	if b[0] == coded {
		b[0] = mode
		if channels[0].earlier != nil {
			b[0] = mode - 5
		}
	}
	return b
}

// tapStream codes steps, of which the last group of planes has so many at a position.
func tapStream(steps []ransStep, lanes, planes int) (s ransStream) {
	w, states := newRANS(), []uint64{1 << 15}
	for lanes > 1 && len(s.words) < lanes-1 && s.tail < 1<<16-1 && len(steps) > 0 && steps[len(steps)-1].tail {
		s.tail++
		for range planes {
			t := steps[len(steps)-1]
			t.lane, steps = 0, steps[:len(steps)-1]
			w.step(&s, states, t)
		}
	}
	for lanes-1 > len(s.words) {
		lanes /= 2
	}
	if lanes == 1 {
		s.tail = 0
	}
	for range lanes - 1 {
		last := len(s.words) - 1
		states, s.words = append(states, 1<<16+uint64(s.words[last])), s.words[:last]
	}
	for _, t := range slices.Backward(steps) {
		t.lane %= lanes
		w.step(&s, states, t)
	}
	s.end(states)
	return s
}

// tapSteps lists the codes in order. A plane of a step has the code of its symbol 0.
func tapSteps(p *profile.Profile, e *profile.Edge, channels []channelCodes) (steps []ransStep) {
	for first := 0; first < len(channels); first += 16 {
		group := channels[first:min(first+16, len(channels))]
		for i := range group[0].codes {
			for lane, c := range group {
				context, prediction := tapContext(e, c, i)
				t, models := e.Taps, e.Models
				if c.earlier != nil {
					t, models = &e.Earlier.Taps, e.Earlier.Models
				}
				plane := &ransPlane{low: tapStart(e, t, context, prediction)}
				steps = append(steps, ransStep{lane, c.codes[i], plane, p.Frequencies[models[context]], first+16 >= len(channels)})
			}
		}
	}
	return steps
}

// tapStart is the code of symbol 0.
func tapStart(e *profile.Edge, t *profile.Taps, context, prediction int) int {
	switch {
	case t.Relative[context]:
		return prediction - 1<<(e.Bits-1)
	case e.Unsigned:
		return 0
	}
	return -1 << (e.Bits - 1)
}

// tapContext is the context of code i of a plane, and its prediction.
func tapContext(e *profile.Edge, c channelCodes, i int) (context, prediction int) {
	t, more, sum := e.Taps, 0, 0
	if c.earlier != nil {
		t = &e.Earlier.Taps
		more, sum = tapEarlier(e, c, i)
	}
	var near [12]int
	for k, p := range [12][2]int{{0, -1}, {1, 0}, {1, -1}, {1, 1}, {0, -2}, {2, 0}, {1, -2}, {1, 2}, {2, -1}, {2, 1}, {0, -3}, {3, 0}} {
		if at := i - p[0]*t.Grid + p[1]; t.Grid == 0 {
			near[k] = tapNear(c.codes, i, p[0], p[1], e.Cols)
		} else if at >= 0 {
			near[k] = c.codes[at]
		}
	}
	m, s := int(t.Base), sum
	if t.Unit > 0 {
		m = min(32767, m+int(t.Unit)*int(t.Parts[c.channel]))
	}
	m += more
	for k, v := range near {
		m += int(t.Magnitude[k]) * min(127, max(v, -v))
		s += int(t.Signed[k]) * min(127, max(-127, v))
	}
	m = min(32752, max(0, m))
	median := []int{near[0], near[1], near[0] + near[1] - near[2]}
	slices.Sort(median)
	level := 0
	for _, bound := range []int{2, 3, 5, 8, 11, 16, 21, 29, 39, 52, 69, 90, 119, 156, 205, 256, 320, 448, 576, 768, 1024, 1344, 1792, 2304,
		3008, 3968, 5120, 6720, 8704, 11264, 14848} {
		if m >= bound {
			level++
		}
	}
	z, same := tapSameness(near, t.Flat)
	if !same {
		z = tapClass(near, m, s, t.TwoSided)
	}
	if t.Flat {
		return level/2*16 + z, median[1]
	}
	return level*8 + z, median[1]
}

// tapEarlier is what an earlier edge adds to the expected magnitude of code i, and to the sum of codes.
func tapEarlier(e *profile.Edge, c channelCodes, i int) (m, s int) {
	add := func(at, magnitude, code int) {
		if at >= 0 && at < len(c.earlier) {
			m += magnitude * max(c.earlier[at], -c.earlier[at])
			s += code * c.earlier[at]
		}
	}
	o := e.Earlier
	width, whole := e.Cols, o.Taps.Grid > 0
	if whole {
		width = o.Taps.Grid
	}
	w := o.Of(c.channel)
	add(i, int(w[0]), int(w[1]))
	around := []int{i - width, i + width}
	if whole || i%width > 0 {
		around = append(around, i-1)
	}
	if whole || i%width+1 < width {
		around = append(around, i+1)
	}
	for _, at := range around {
		add(at, int(o.Taps.Cross[0]), int(o.Taps.Cross[1]))
	}
	return m, s
}

// tapNear is what stands so many rows above code i and columns to the right.
func tapNear(codes []int, i, up, right, cols int) int {
	first := i < cols
	j := i%cols + right
	row := i/cols - up
	if row < 0 {
		j--
		if first {
			j = min(j, i-1)
		}
		row = 0
	} else if j < 0 && row > 0 {
		return codes[(row-1)*cols]
	}
	if j < 0 {
		return 0
	}
	return codes[row*cols+min(j, cols-1)]
}

func tapClass(near [12]int, m, s int, twoSided bool) (z int) {
	if twoSided {
		for _, b := range []int{3932, 13107, 26214} {
			if max(s, -s) > ((m+15)*b+16384)>>15 {
				z++
			}
		}
		if s < 0 {
			z = -z
		}
		return 3 + z
	}
	d := min(63, slices.Max(near[:4])-slices.Min(near[:4]))
	for _, u := range []int{427, 183, 116, 80, 58, 43} {
		if u*d >= m+51 {
			z++
		}
	}
	return z
}

// tapSameness is the class by which neighbours are the same, if one is.
func tapSameness(near [12]int, flat bool) (z int, ok bool) {
	w, n, nw, ww := near[0], near[1], near[2], near[4]
	second := func(first int, both bool) (int, bool) {
		if both {
			return first + 1, true
		}
		return first, true
	}
	switch {
	case slices.Max(near[:4]) == slices.Min(near[:4]) && (w == 0 || !flat):
		return 7, w != 0
	case !flat:
		return 0, false
	case slices.Max(near[:4]) == slices.Min(near[:4]):
		count := 0
		for _, v := range near[4:] {
			if v == w {
				count++
			}
		}
		return 7 + max(0, count-5) - max(0, count-6) + max(0, count-7), true
	case w == nw && n == w:
		return 14, true
	case w == nw:
		return second(10, ww == near[6])
	case n == nw:
		return second(12, ww == w)
	}
	return 15, w == n
}

// tapsVectors are frames of the coder smallest2, and what is no such frame or profile.
func tapsVectors(s *set) {
	rng := rand.New(rand.NewPCG(3, 4))
	for k, g := range []profile.Geometry{
		{Channels: 3, Rows: 9, Cols: 11, Tile: profile.Tile{Channels: 2, Rows: 5}},
		{Channels: 20, Rows: 24, Cols: 24, Tile: profile.Tile{Channels: 20, Rows: 24}},
		{Channels: 9, Rows: 30, Cols: 1, ChannelsLast: true, Tile: profile.Tile{Channels: 9, Rows: 30}},
		{Channels: 4, Rows: 40, Cols: 1, ChannelsLast: true, Tile: profile.Tile{Channels: 3, Rows: 17}},
		{Channels: 1, Rows: 1, Cols: 1, Tile: profile.Tile{Channels: 1, Rows: 1}},
		{Channels: 2, Rows: 40, Cols: 2, Tile: profile.Tile{Channels: 2, Rows: 40}},
	} {
		for i, sign := range signs {
			e := profile.Edge{
				Name: "edge", Geometry: g, Coding: profile.Coding{Coder: profile.Smallest2},
				Quantizer: profile.Quantizer{
					Bits: 3 + (k+i)%6, OneSided: sign.oneSided, Unsigned: sign.unsigned, Escape: true,
					Scale: profile.StaticTensor, Steps: []float32{.5, .5},
				},
			}
			if k == 3 {
				e.Taps = someTaps(&e)
				e.Taps.Grid, e.Taps.Parts, e.Taps.Unit = 4+i, nil, 0
			}
			x := tapValues(rng, &e)
			p := newProfile([]profile.Edge{e}, [][]float32{x})
			s.encoded(fmt.Sprintf("smallest2-%d-%s", k, sign.name), "coder smallest2", p, [][]float32{x})
			s.parsed(fmt.Sprintf("profile2-smallest2-%d-%s", k, sign.name), "coder smallest2", p)
		}
	}
	badTaps(s)
	earlierVectors(s)
}

// tapValues repeat themselves here and there.
func tapValues(rng *rand.Rand, e *profile.Edge) []float32 {
	x := make([]float32, e.Elements())
	for c := range e.Channels {
		for i := range e.PlaneSize() {
			v := float32(rng.NormFloat64()) * float32(1+c%3)
			if e.OneSided {
				v = max(0, v)
			}
			switch r := rng.IntN(40); {
			case r == 0:
				v *= 40
			case r < 12 && i > 0:
				v = x[place(e, c, i-1)]
			case r < 25 && i >= e.Cols:
				v = x[place(e, c, i-e.Cols)]
			}
			x[place(e, c, i)] = v
		}
	}
	return x
}

func badTaps(s *set) {
	e := profile.Edge{
		Name: "edge", Geometry: profile.Geometry{Channels: 3, Rows: 8, Cols: 1, Tile: profile.Tile{Channels: 3, Rows: 8}},
		Quantizer: profile.Quantizer{Bits: 4}, Coding: profile.Coding{Coder: profile.Smallest2},
	}
	x := tapValues(rand.New(rand.NewPCG(1, 1)), &e)
	p := newProfile([]profile.Edge{e}, [][]float32{x})
	good := profileFile(p)
	const edge = "edges edge0 "
	for _, c := range []struct {
		name, cause, what string
		field             string
		bytes             []byte
	}{
		{"grid-3", causeHeader, "a grid 3 wide", "grid", []byte{3}},
		{"grid-1025", causeLimit, "a grid 1,025 wide", "grid", uvarint(1025)},
		{"weights", causeHeader, "weights that sum to 256", "w", append([]byte{0x80, 0x7f, 1}, make([]byte, 9)...)},
		{"signed-weights", causeHeader, "weights of codes that sum to 256", "v", append([]byte{0x80, 0x80}, make([]byte, 10)...)},
		{"flat", causeHeader, "unused bits beside flat", "flat", []byte{2}},
		{"parts", causeHeader, "offsets of two channels of three", "parts", []byte{0, 0}},
		{"models", causeHeader, "a model that is not there", "models", slices.Repeat([]byte{9}, 256)},
		{"version", causeHeader, "coder smallest2 in a profile with the version of another", "coder", []byte{6}},
		{"extra", causeHeader, "extra bits", "m", []byte{1}},
	} {
		s.refusedProfile("bad-smallest2-"+c.name, c.cause, c.what, good.with(edge+c.field, c.bytes...).bytes())
	}
	frame := newWriter(p).frame(quantizeAll(p, [][]float32{x}))
	w := newWriter(p)
	w.mode = coded
	payload := tapsCoder{}.payload(w, &p.Edges[0], quantize(&p.Edges[0], x).channels(&p.Edges[0]))
	for _, c := range []badPayload{
		{"lanes", "more lanes than planes", append([]byte{253}, payload[1:]...)},
		{"mode", "a mode that is none", append([]byte{250}, payload[1:]...)},
		{"short", "a word is missing", payload[:len(payload)-2]},
		{"odd", "a byte is missing", payload[:len(payload)-1]},
		{"long", "a word too many", append(slices.Clone(payload), 1, 2)},
		{"state", "another last state", append([]byte{255, payload[1] ^ 1}, payload[2:]...)},
	} {
		s.refused("bad-smallest2-"+c.name, causePayload, c.what, p, frame.withPayload("edge0", 0, c.payload).bytes())
	}
	badTails(s)
}

type badPayload struct {
	name, what string
	payload    []byte
}

// badTails are of a stream of two lanes.
func badTails(s *set) {
	e := profile.Edge{
		Name: "edge", Geometry: profile.Geometry{Channels: 2, Rows: 30, Cols: 20, Tile: profile.Tile{Channels: 2, Rows: 30}},
		Quantizer: profile.Quantizer{Bits: 4, Scale: profile.StaticTensor, Steps: []float32{.5, .5}},
		Coding:    profile.Coding{Coder: profile.Smallest2},
	}
	x := tapValues(rand.New(rand.NewPCG(1, 2)), &e)
	p := newProfile([]profile.Edge{e}, [][]float32{x})
	frame := newWriter(p).frame(quantizeAll(p, [][]float32{x}))
	w := newWriter(p)
	w.mode = coded
	channels := quantize(&p.Edges[0], x).channels(&p.Edges[0])
	payload := tapsCoder{}.payload(w, &p.Edges[0], channels)
	if payload[0] != 254 {
		panic("not two lanes")
	}
	steps := tapSteps(p, &p.Edges[0], channels)
	tail := func(length uint16) []byte {
		return append(append(slices.Clone(payload[:9]), byte(length), byte(length>>8)), payload[11:]...)
	}
	two := newRANS().code(lanesOf(steps, 2), 2)
	two.tail = 1
	for _, c := range []badPayload{
		{"tail-0", "a tail of nothing", tail(0)},
		{"tail-601", "a tail longer than a plane", tail(601)},
		{"tail-long", "another tail than was written", tail(600)},
		{"tail-state", "a lane that ends without a word", append([]byte{254}, two.join()...)},
		{"tail-none", "too short for a tail", payload[:9]},
	} {
		s.refused("bad-smallest2-"+c.name, causePayload, c.what, p, frame.withPayload("edge0", 0, c.payload).bytes())
	}
}

func lanesOf(steps []ransStep, lanes int) []ransStep {
	steps = slices.Clone(steps)
	for i := range steps {
		steps[i].lane %= lanes
	}
	return steps
}
