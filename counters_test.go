package dqa_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"
	"unsafe"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/profile"
)

// counted encodes tensors, decodes the frame, and gives what both sides counted.
func counted(t *testing.T, p *profile.Profile, x [][]float32) (encoded, decoded *dqa.Counters, frame []byte) {
	t.Helper()
	codec := mustCodec(t, p)
	encoded, decoded = codec.NewCounters(), codec.NewCounters()
	frame, err := codec.NewEncoder(dqa.WithCounters(encoded)).Append(nil, x)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := codec.NewDecoder(dqa.WithCounters(decoded), dqa.WithWorkers(2)).Decode(frame); err != nil {
		t.Fatal(err)
	}
	return encoded, decoded, frame
}

func TestCountersOfBothSidesAgree(t *testing.T) {
	for _, s := range someSettings() {
		p := s.build()
		encoded, decoded, frame := counted(t, p, tensors(p, 7))
		if !reflect.DeepEqual(encoded, decoded) {
			t.Errorf("%v: the decoder counts otherwise:\n%+v\n%+v", s, encoded, decoded)
		}
		want := len(p.Edges)
		if s.levels == profile.Noisy {
			want = 0
		}
		if len(encoded.Edges) != want {
			t.Errorf("%v: %d edges watched, %d wanted", s, len(encoded.Edges), want)
		}
		sum := uint64(0)
		for _, k := range encoded.Edges {
			sum += k.Bits
		}
		if sum >= 8*uint64(len(frame)) || want > 0 && sum < 4*uint64(len(frame)) {
			t.Errorf("%v: %d bits counted in a frame of %d bytes", s, sum, len(frame))
		}
	}
}

// All values of these edges are one, so that what is counted is known.
func TestCountersAreOfTheCodes(t *testing.T) {
	s := setting{coder: profile.Smallest, scale: profile.StaticTensor, unsigned: true, n: 3}
	p := s.build()
	e := &p.Edges[2]
	x := tensors(p, 3)
	for i := range x[2] {
		x[2][i] = 2 * e.Steps[0]
	}
	for i := range x[0] { // unsigned, six channels; beyond three bits
		x[0][i] = 9 * p.Edges[0].Steps[0]
	}
	encoded, _, _ := counted(t, p, x)
	k := encoded.Edges[2]
	n := uint64(dqa.Samples(e))
	if k.Images != 1 || k.Sampled != n || k.Classes[2] != n || k.Zeros() != 0 || k.Size != 2*n || k.Escapes != 0 ||
		k.Groups[0] != (dqa.GroupCounts{Sampled: n, Sum: int64(2 * n)}) {
		t.Errorf("codes of 2 counted as %+v", k)
	}
	k = encoded.Edges[0]
	if n := uint64(dqa.Samples(&p.Edges[0])); k.Escapes != n || k.Classes[7] != n || k.Size != 9*n {
		t.Errorf("escaped codes of 9 counted as %+v", k)
	}
	sum, samples := int64(0), uint64(0)
	for _, g := range k.Groups {
		sum, samples = sum+g.Sum, samples+g.Sampled
	}
	if sum != int64(k.Size) || samples != k.Sampled {
		t.Errorf("groups of channels have %d in %d samples, the edge %d in %d", sum, samples, k.Size, k.Sampled)
	}
	encoded.Reset()
	if want := mustCodec(t, p).NewCounters(); !reflect.DeepEqual(encoded, want) {
		t.Errorf("after Reset %+v", encoded)
	}
}

func TestClassesCoverAllCodes(t *testing.T) {
	signed, unsigned := &profile.Edge{}, &profile.Edge{}
	unsigned.Unsigned = true
	for k := range dqa.Classes {
		if a, b := dqa.ClassSize(signed, k), dqa.ClassSize(unsigned, k); b < 1 || k == 0 && a != b || k > 0 && a != 2*b {
			t.Errorf("class %d has %d codes, unsigned %d", k, a, b)
		}
	}
}

func TestCountersTakeBoundedMemoryAndAllocateNothing(t *testing.T) {
	const most = 64 << 10
	if size := dqa.MaxWatched * int(unsafe.Sizeof(dqa.EdgeCounts{})); size > most {
		t.Errorf("counters take %d bytes, %d allowed", size, most)
	}
	p := setting{coder: profile.Small, scale: profile.StaticTensor, unsigned: true, n: 4}.build()
	for i := len(p.Edges); i < 3*dqa.MaxWatched; i++ {
		e := p.Edges[2]
		e.Name = fmt.Sprint("more ", i)
		p.Edges = append(p.Edges, e)
	}
	codec := mustCodec(t, p)
	counters := codec.NewCounters()
	if n := len(counters.Edges); n != dqa.MaxWatched {
		t.Fatalf("%d edges watched", n)
	}
	if last := counters.Edges[dqa.MaxWatched-1].Edge; last < 2*dqa.MaxWatched {
		t.Errorf("edges up to %d are watched of %d", last, len(p.Edges))
	}
	enc, dec := codec.NewEncoder(dqa.WithCounters(counters)), codec.NewDecoder(dqa.WithCounters(codec.NewCounters()))
	x := tensors(p, 1)
	frame, err := enc.Append(nil, x)
	if err == nil {
		frame, err = enc.Append(frame[:0], x) // scratch memory has grown
	}
	if err != nil {
		t.Fatal(err)
	}
	if allocs := testing.AllocsPerRun(10, func() { frame, _ = enc.Append(frame[:0], x) }); allocs > 0 {
		t.Errorf("encoding: %v allocations per image", allocs)
	}
	if err := dec.Open(frame); err != nil {
		t.Fatal(err)
	}
	if allocs := testing.AllocsPerRun(10, func() {
		if dec.All(x) != nil {
			t.Fatal("not decoded")
		}
	}); allocs > 0 {
		t.Errorf("decoding: %v allocations per image", allocs)
	}
}

// BenchmarkCounters reports what counting takes, in percent of encoding without: the best of alternating rounds each.
func BenchmarkCounters(b *testing.B) {
	for _, coder := range []profile.Coder{profile.Raw, profile.Fast, profile.Small, profile.Smallest} {
		s := setting{coder: coder, scale: profile.StaticTensor, unsigned: true, n: 4}
		p := s.build()
		e := &p.Edges[0]
		e.Channels, e.Rows, e.Cols, e.Tile = 64, 32, 32, profile.TileFor(64, 32, 32)
		for e.Coder.Modelled() && len(e.Models) < e.NumModels() {
			e.Models = append(e.Models, e.Models[0])
		}
		p.Edges = p.Edges[:1]
		x := tensors(p, 1)
		codec := mustCodec(b, p)
		b.Run(coder.String(), func(b *testing.B) {
			enc, counters := codec.NewEncoder(), codec.NewCounters()
			var frame []byte
			encode, count := time.Duration(1<<62), time.Duration(1<<62)
			for b.Loop() {
				start := time.Now()
				frame, _ = enc.Append(frame[:0], x)
				encode = min(encode, time.Since(start))
				start = time.Now()
				counters.Edges[0].Count(e, x[0], e.Steps)
				count = min(count, time.Since(start))
			}
			b.ReportMetric(100*float64(count)/float64(encode), "%")
			b.ReportMetric(float64(count)/float64(dqa.Samples(e)), "ns/sample")
		})
	}
}
