package dqa_test

import (
	"testing"
	"time"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/entropy"
	"github.com/dqa-go/dqa/profile"
)

// BenchmarkCodec reports encoding (quantize, code, frame) and decoding as ratios to copy() of the same float32 buffer,
// measured in the same run: a ReLU-like edge of 64 channels of 64x64.
func BenchmarkCodec(b *testing.B) {
	for _, s := range []setting{
		{coder: profile.Raw, n: 4}, {coder: profile.HuffmanErrors, n: 3, m: 3, ratio: .5}, {coder: profile.Huffman, n: 3, m: 3, ratio: .5},
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

// train fits the tables of the profile's first edge to the codes of x.
func train(p *profile.Profile, x []float32) {
	e := &p.Edges[0]
	var codes dqa.Codes
	codes.Quantize(e, x)
	plane := e.Rows * e.Cols
	counts := [2][]uint64{make([]uint64, 1<<e.Bits), make([]uint64, 1<<(e.Bits+e.ExtraBits))}
	shift := make([]uint64, 1<<e.ExtraBits)
	for i, w := range codes.Wide {
		c := i / plane
		if e.IsImportant(c) {
			shift[int(w)&(len(shift)-1)]++
			counts[1][int(w)+len(counts[1])/2]++
		} else {
			counts[0][int(w)+len(counts[0])/2]++
		}
	}
	switch p.Coder {
	case profile.HuffmanErrors:
		e.Tables = [][]uint8{entropy.BuildLengths(shift, profile.MaxCodeLen)}
	case profile.Huffman:
		e.Tables = [][]uint8{entropy.BuildLengths(counts[0], profile.MaxCodeLen), entropy.BuildLengths(counts[1], profile.MaxCodeLen)}
	}
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
