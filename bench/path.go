package bench

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/profile"
)

// path is one way from float32 to bytes and back.
type path struct {
	name, what string
	coder      coder
	entropy    float64
}

// coder codes all edges of one image. Its memory is reused; it belongs to one goroutine.
type coder interface {
	encode(dst []byte, image [][]float32) ([]byte, error)
	decode(image [][]float32, src []byte) error
}

func allPaths(t Tensors, bits float64, peers bool) ([]path, error) {
	d, err := paper(t) // first: it tells whether tensors are what their edges say
	if err != nil {
		return nil, err
	}
	g, err := graded(t, bits)
	if err != nil {
		return nil, err
	}
	var all []path
	add := func(name, what string, p *plan, c profile.Coder) error {
		f, err := newFrames(p.profile(c))
		all = append(all, path{name, what, f, p.counts.Entropy()})
		return err
	}
	for _, p := range []struct {
		name, what string
		plan       *plan
		coder      profile.Coder
	}{
		{"dqa/raw", "3+3 bits as bit planes", d, profile.Raw},
		{"dqa/paper", "3+3 bits, shift errors Huffman-coded", d, profile.Paper},
		{"graded/fast", "whole codes by a vector prefix code", g, profile.Fast},
		{"graded/small", "whole codes by rANS", g, profile.Small},
		{"graded/smallest", "whole codes by rANS and their neighbours", g, profile.Smallest},
		{"graded/smallest2", "whole codes by rANS and their weighted neighbours", g, profile.Smallest2},
	} {
		if err := add(p.name, p.what, p.plan, p.coder); err != nil {
			return nil, err
		}
	}
	for _, c := range compressors() {
		all = append(all, path{"graded/" + c.name, "the same codes as bytes", &bytewise{edges: g.edges, compressor: c}, g.counts.Entropy()})
	}
	for _, s := range specials() {
		if !peers {
			break
		}
		for _, half := range []bool{false, true} {
			name, what := "graded/"+s.name, "the same codes as bytes, an edge at a time"
			if half {
				name, what = "float16/"+s.name, "float16 values"
			}
			c := &edgewise{bytewise: bytewise{edges: g.edges}, special: s, half: half}
			all = append(all, path{name, what, c, g.counts.Entropy()})
		}
	}
	return all, nil
}

// frames codes whole frames, limits and checksums included.
type frames struct {
	enc *dqa.Encoder
	dec *dqa.Decoder
}

func newFrames(p *profile.Profile) (*frames, error) {
	codec, err := dqa.NewCodec(p)
	if err != nil {
		return nil, err
	}
	return &frames{codec.NewEncoder(), codec.NewDecoder()}, nil
}

func (f *frames) encode(dst []byte, image [][]float32) ([]byte, error) {
	return f.enc.Append(dst, image)
}

func (f *frames) decode(image [][]float32, src []byte) error {
	if err := f.dec.Open(src); err != nil {
		return err
	}
	return f.dec.All(image)
}

// work is the data of one place: images in turn until they fill it.
type work struct {
	from, to [][][]float32
	coded    [][]byte
	values   int
}

func newWork(images [][][]float32, place Place) *work {
	w := &work{}
	for i := 0; i == 0 || 4*w.values+4*size(images[i%len(images)]) <= place.Bytes; i++ {
		var from, to [][]float32
		for _, x := range images[i%len(images)] {
			from, to = append(from, slices.Clone(x)), append(to, make([]float32, len(x)))
		}
		w.from, w.to, w.coded = append(w.from, from), append(w.to, to), append(w.coded, nil)
		w.values += size(from)
	}
	return w
}

func size(image [][]float32) (n int) {
	for _, x := range image {
		n += len(x)
	}
	return n
}

func (w *work) copy() error {
	for i, image := range w.from {
		for e, x := range image {
			copy(w.to[i][e], x)
		}
	}
	return nil
}

func (w *work) encode(c coder) (err error) {
	for i, image := range w.from {
		if w.coded[i], err = c.encode(w.coded[i][:0], image); err != nil {
			return err
		}
	}
	return nil
}

func (w *work) decode(c coder) error {
	for i, src := range w.coded {
		if err := c.decode(w.to[i], src); err != nil {
			return err
		}
	}
	return nil
}

// measure times copying, encoding and decoding in turn, round by round, and takes medians.
func (p *path) measure(ctx context.Context, images [][][]float32, place Place, rounds int) (Row, error) {
	w := newWork(images, place)
	var copies, encodes, decodes []float64
	for round := -1; round < rounds; round++ { // the first one warms up
		if err := ctx.Err(); err != nil {
			return Row{}, err
		}
		var took [3]float64
		for k, do := range []func() error{w.copy, func() error { return w.encode(p.coder) }, func() error { return w.decode(p.coder) }} {
			var err error
			if took[k], err = timed(do); err != nil {
				return Row{}, err
			}
		}
		if round >= 0 {
			copies, encodes, decodes = append(copies, took[0]), append(encodes, took[1]), append(decodes, took[2])
		}
	}
	bytes := 0
	for _, b := range w.coded {
		bytes += len(b)
	}
	base := median(copies)
	return Row{
		Path: p.name, What: p.what, Where: place.Name, Encode: base / median(encodes), Decode: base / median(decodes),
		Bits: 8 * float64(bytes) / float64(w.values), Entropy: p.entropy,
	}, nil
}

// least is how long one timing lasts at least: clocks and schedulers are coarse.
const least = 2 * time.Millisecond

// timed is the time of one call, the mean of as many as it takes.
func timed(do func() error) (float64, error) {
	start := time.Now()
	for n := 1; ; n++ {
		if err := do(); err != nil {
			return 0, err
		}
		if t := time.Since(start); t >= least {
			return float64(t) / float64(n), nil
		}
	}
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(v))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
