package prefix

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

const benchTile = 16 << 10

// entropyOf is the entropy of a histogram in bits.
func entropyOf(counts *[256]uint64) float64 {
	var n, h float64
	for _, c := range counts {
		n += float64(c)
	}
	for _, c := range counts {
		if c > 0 {
			h -= float64(c) / n * math.Log2(float64(c)/n)
		}
	}
	return h
}

// BenchmarkCoder codes Laplacian codes, one-sided and two-sided.
func BenchmarkCoder(b *testing.B) {
	for _, scale := range []float64{0.8, 1.5, 3, 6} {
		for _, low := range []int16{0, -128} {
			codes := laplacian(rand.New(rand.NewPCG(1, 2)), 1<<18, scale, low, low+255, 0)
			counts := NewCounts(low, low+255, 0)
			counts.Add(codes)
			name := fmt.Sprintf("from %d/%.2f bits", low, entropyOf(&counts.values))
			b.Run(name, func(b *testing.B) { benchmarkCoder(b, codes, counts.Build()) })
		}
	}
}

// benchmarkCoder codes tiles as often as 1 MiB (cache) and 64 MiB (memory) of float32 have them, and reports bits per
// value and the speed relative to copying the float32.
func benchmarkCoder(b *testing.B, codes []byte, p Params) {
	code, err := NewCode(p)
	if err != nil {
		b.Fatal(err)
	}
	for _, size := range []struct {
		name   string
		values int
	}{{"cache", 1 << 18}, {"memory", 1 << 24}} {
		b.Run(size.name, func(b *testing.B) { benchmarkSize(b, codes, code, size.values) })
	}
}

func benchmarkSize(b *testing.B, codes []byte, code *Code, values int) {
	all := make([]byte, 0, values)
	for len(all) < values {
		all = append(all, codes[:min(len(codes), values-len(all))]...)
	}
	from, to := make([]float32, values), make([]float32, values)
	var coder Coder
	var stream []byte
	out := make([]byte, benchTile)
	tiles := values / benchTile
	var copies, encodes, decodes []time.Duration
	for b.Loop() {
		copies = append(copies, measure(func() { copy(to, from) }))
		encodes = append(encodes, measure(func() {
			stream = stream[:0]
			for tile := range slices.Chunk(all, benchTile) {
				stream = coder.Append(stream, tile, code)
			}
		}))
		decodes = append(decodes, measure(func() {
			rest := stream
			for range tiles {
				var err error
				if rest, err = coder.Decode(out, rest, code); err != nil {
					b.Fatal(err)
				}
			}
		}))
	}
	b.ReportMetric(median(copies)/median(encodes), "enc_x_copy")
	b.ReportMetric(median(copies)/median(decodes), "dec_x_copy")
	b.ReportMetric(8*float64(len(stream))/float64(values), "bits/value")
	b.ReportMetric(0, "ns/op")
}

func measure(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

func median(d []time.Duration) float64 {
	slices.Sort(d)
	return float64(d[len(d)/2])
}

// BenchmarkBuild is what calibration takes per edge.
func BenchmarkBuild(b *testing.B) {
	counts := NewCounts(-128, 127, 0)
	counts.Add(laplacian(rand.New(rand.NewPCG(1, 2)), 1<<18, 4, -128, 127, 0))
	for b.Loop() {
		counts.Build()
	}
}

// BenchmarkAdd is what counting takes, in ns per code.
func BenchmarkAdd(b *testing.B) {
	codes := laplacian(rand.New(rand.NewPCG(1, 2)), 1<<16, 4, -128, 127, 0)
	counts := NewCounts(-128, 127, 0)
	for b.Loop() {
		counts.Add(codes)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(codes)), "ns/code")
}
