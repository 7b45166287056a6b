package dqa_test

import (
	"testing"
	"time"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/internal/huffman"
	"github.com/dqa-go/dqa/profile"
)

// BenchmarkCodec reports encoding (quantize, code, frame) and decoding as ratios to copy() of the same float32 buffer,
// measured in the same run: a ReLU-like edge of 64 channels of 64x64.
func BenchmarkCodec(b *testing.B) {
	for _, s := range []setting{
		{coder: profile.Raw, n: 4}, {coder: profile.Paper, n: 3, m: 3, ratio: .5},
	} {
		p := s.build()
		e := &p.Edges[0]
		e.Channels, e.Rows, e.Cols, e.Tile = 64, 64, 64, profile.TileFor(64, 64, 64) // 1 MiB of float32
		if s.m > 0 {
			e.Important = make([]bool, 64)
			for c := range 32 {
				e.Important[2*c] = true
			}
		}
		p.Edges = p.Edges[:1]
		x := tensors(p, 1)
		train(p, x[0])
		codec := mustCodec(b, p)
		frame, err := codec.NewEncoder().Append(nil, x)
		if err != nil {
			b.Fatal(err)
		}
		base := copyTime(x[0])
		b.Run("encode/"+s.String(), func(b *testing.B) {
			enc := codec.NewEncoder()
			b.SetBytes(int64(4 * len(x[0])))
			for b.Loop() {
				frame, _ = enc.Append(frame[:0], x)
			}
			b.ReportMetric(base/(float64(b.Elapsed())/float64(b.N)), "x_copy")
			b.ReportMetric(8*float64(len(frame))/float64(len(x[0])), "bits/value")
		})
		b.Run("decode/"+s.String(), func(b *testing.B) {
			dec := codec.NewDecoder()
			b.SetBytes(int64(4 * len(x[0])))
			for b.Loop() {
				if err := dec.Open(frame); err != nil {
					b.Fatal(err)
				}
				if err := dec.Edge(x[0], 0); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(base/(float64(b.Elapsed())/float64(b.N)), "x_copy")
		})
	}
}

// train fits the table of the profile's first edge to the codes of x.
func train(p *profile.Profile, x []float32) {
	e := &p.Edges[0]
	if e.NumSymbols() == 0 {
		return
	}
	var codes dqa.Codes
	codes.Quantize(e, x)
	var shift []byte
	for i, w := range codes.Wide {
		if e.IsImportant(i / (e.Rows * e.Cols)) {
			shift = append(shift, byte(w))
		}
	}
	counts := make([]uint64, e.NumSymbols())
	huffman.Count(counts, shift, e.ExtraBits)
	e.Table = huffman.BuildLengths(counts)
}

// copyTime is the time of one copy() of x in nanoseconds, the best of several rounds.
func copyTime(x []float32) float64 {
	dst := make([]float32, len(x))
	best := time.Duration(1 << 62)
	for range 20 {
		start := time.Now()
		for range 50 {
			copy(dst, x)
		}
		best = min(best, time.Since(start)/50)
	}
	return float64(best)
}
