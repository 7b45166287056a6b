package bench_test

import (
	"bytes"
	"compress/zlib"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/bench"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
	"github.com/dqa-go/dqa/tables"
	"github.com/klauspost/compress/zstd"
)

var (
	model      = flag.String("model", "", "ONNX file")
	preprocess = flag.String("preprocess", "", "YAML file")
	file       = flag.String("profile", "", "profile: steps and edges; without one steps are chosen by -bits")
	train      = flag.String("train", "", "images that coders are taught with")
	test       = flag.String("test", "", "images that are coded")
	images     = flag.Int("images", 16, "of each, at most")
	whole      = flag.Bool("whole", false, "tiles of all rows")
	entropy    = flag.Float64("bits", 2, "without a profile: entropy of the codes of every edge, by channel")
	edges      = flag.Bool("edges", false, "tell it edge by edge")
	save       = flag.String("save", "", "file for the profile with the coder smallest2")
)

// Real networks' codes take fewest bits in the coder smallest2, fewer than in general-purpose compressors. It is measured where
// flags name a network; docs/results/coder2.md has what came of it.
func TestCodersOnNetwork(t *testing.T) {
	if *model == "" {
		t.Skip("no -model")
	}
	net, p, err := open()
	if err != nil {
		t.Fatal(err)
	}
	var tensors [2]bench.Tensors
	for i, spec := range []string{*train, *test} {
		data, err := net.Data(spec)
		if err != nil {
			t.Fatal(err)
		}
		if tensors[i], err = net.Tensors(t.Context(), data, *images, p); err != nil {
			t.Fatal(err)
		}
	}
	if p == nil {
		p = withSteps(tensors[0])
	}
	bits, err := compare(p, tensors[0], tensors[1])
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range bits {
		if b < bits["smallest2"] {
			t.Errorf("%s takes %.4f bits, smallest2 %.4f", name, b, bits["smallest2"])
		}
	}
}

func open() (*session.Network, *profile.Profile, error) {
	pre, err := dataset.LoadPreprocess(*preprocess)
	if err != nil {
		return nil, nil, err
	}
	net, err := session.Open(*model, session.Options{Preprocess: &pre, Engine: session.Native})
	if err != nil {
		return nil, nil, err
	}
	if *file == "" {
		return net, nil, nil
	}
	b, err := os.ReadFile(*file)
	if err != nil {
		return nil, nil, err
	}
	p, err := profile.Parse(b)
	return net, p, err
}

// withSteps gives every edge the step at which the codes of its channels have an entropy of so many bits.
func withSteps(t bench.Tensors) *profile.Profile {
	p := &profile.Profile{Setting: profile.Setting{Name: "graded", Bits: profile.MaxBits}, Edges: slices.Clone(t.Edges)}
	var codes dqa.Codes
	for i := range p.Edges {
		e := &p.Edges[i]
		e.Bits, e.Scale, e.Unsigned, e.Escape = profile.MaxBits, profile.StaticTensor, e.OneSided, true
		low, high := -12.0, 8.0
		for range 14 {
			step := float32(math.Exp2((low + high) / 2))
			e.Steps = []float32{step, step}
			counts := tables.NewHistogram(e, profile.Small)
			for _, image := range t.Images[:min(4, len(t.Images))] {
				codes.Quantize(e, image[i])
				counts.Add(codes.Wide)
			}
			if counts.Entropy() > *entropy {
				low = (low + high) / 2
			} else {
				high = (low + high) / 2
			}
		}
	}
	return p
}

// compare prints bits per value.
func compare(p *profile.Profile, train, test bench.Tensors) (bits map[string]float64, err error) {
	bits = map[string]float64{}
	for i := range p.Edges {
		e := &p.Edges[i]
		e.Coding = profile.Coding{Coder: profile.Raw, Refine: e.Refine}
		if *whole {
			e.Tile = profile.Tile{Channels: min(e.Channels, max(1, (256<<10)/(e.Rows*e.Cols))), Rows: e.Rows}
		}
	}
	counts, err := tables.Count(p.Edges, train.Images)
	if err != nil {
		return nil, err
	}
	values := int64(len(test.Images)) * p.Elements()
	fmt.Printf("%d edges, %d images, %d values each\n", len(p.Edges), len(test.Images), p.Elements())
	var each [][]int
	for _, coder := range []profile.Coder{profile.Small, profile.Smallest, profile.Smallest2} {
		q := *p
		q.Edges = slices.Clone(p.Edges)
		counts.Teach(&q, coder)
		sum, size, by, err := frames(&q, test)
		if err != nil {
			return nil, err
		}
		bits[coder.String()] = 8 * float64(sum) / float64(values)
		each = append(each, by)
		fmt.Printf("%-10s %.4f bits per value; profile %d bytes\n", coder, bits[coder.String()], size)
		if coder == profile.Smallest2 {
			if err := alone(&q, test, values); err != nil {
				return nil, err
			}
		}
	}
	for i := range p.Edges {
		if e := &p.Edges[i]; *edges {
			n := float64(len(test.Images) * e.Elements())
			fmt.Printf("%4d %-32.32s %4dx%dx%d", i, e.Name, e.Channels, e.Rows, e.Cols)
			for _, by := range each {
				fmt.Printf(" %.3f", 8*float64(by[i])/n)
			}
			fmt.Println()
		}
	}
	return bits, general(bits, p, test, values)
}

// alone prints what a profile's frames take without earlier edges, and saves it.
func alone(p *profile.Profile, test bench.Tensors, values int64) error {
	q, beside := *p, 0
	q.Edges = slices.Clone(p.Edges)
	for i := range q.Edges {
		if q.Edges[i].Earlier != nil {
			beside++
		}
		q.Edges[i].Earlier = nil
	}
	sum, _, _, err := frames(&q, test)
	if err != nil {
		return err
	}
	fmt.Printf("  without  %.4f bits per value; %d edges were beside earlier ones\n", 8*float64(sum)/float64(values), beside)
	if *save == "" {
		return nil
	}
	return os.WriteFile(*save, p.Append(nil), 0o666)
}

// frames are the bytes of all frames, of the profile, and of payloads by edge.
func frames(p *profile.Profile, test bench.Tensors) (sum, size int, by []int, err error) {
	codec, err := dqa.NewCodec(p)
	if err != nil {
		return 0, 0, nil, err
	}
	enc, dec := codec.NewEncoder(), codec.NewDecoder()
	by = make([]int, len(p.Edges))
	for _, x := range test.Images {
		last := 0
		for i := range x {
			if err := enc.Store(i, x[i]); err != nil {
				return 0, 0, nil, err
			}
			by[i] += enc.FrameSize() - last
			last = enc.FrameSize()
		}
		b, err := enc.AppendFrame(nil)
		if err != nil {
			return 0, 0, nil, err
		}
		sum += len(b)
		if err := dec.Open(b); err != nil {
			return 0, 0, nil, err
		}
		var codes dqa.Codes
		for i := range x {
			got, want := make([]float32, len(x[i])), slices.Clone(x[i])
			if err := dec.Edge(got, i); err != nil {
				return 0, 0, nil, err
			}
			codes.Quantize(&p.Edges[i], want)
			codes.Dequantize(&p.Edges[i], want)
			if !slices.Equal(got, want) {
				return 0, 0, nil, fmt.Errorf("edge %d: other values", i)
			}
		}
	}
	return sum, codec.ProfileBytes(), by, nil
}

// general are general-purpose compressors.
func general(bits map[string]float64, p *profile.Profile, test bench.Tensors, values int64) error {
	best, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression))
	if err != nil {
		return err
	}
	var codes dqa.Codes
	deflated, zstandard := 0, 0
	for _, x := range test.Images {
		var raw []byte
		for i := range x {
			codes.Quantize(&p.Edges[i], x[i])
			for _, c := range codes.Wide {
				raw = append(raw, byte(c))
			}
		}
		var out bytes.Buffer
		w, err := zlib.NewWriterLevel(&out, zlib.BestCompression)
		if err != nil {
			return err
		}
		if _, err := w.Write(raw); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		deflated += out.Len()
		zstandard += len(best.EncodeAll(raw, nil))
	}
	bits["zlib -9"], bits["zstd best"] = 8*float64(deflated)/float64(values), 8*float64(zstandard)/float64(values)
	fmt.Printf("zlib -9    %.4f\nzstd best  %.4f\n", bits["zlib -9"], bits["zstd best"])
	return nil
}
