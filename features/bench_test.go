package features

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"testing"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/internal/cpu"
)

// BenchmarkStore packs and unpacks 256 MiB of float32, and reads a row cold: the store is opened, a shard's index read, a chunk
// decoded. GB/cpu-s is float32 per second of one core, whatever else the machine and its disk do.
func BenchmarkStore(b *testing.B) {
	for _, shape := range [][]int{{131072, 512}, {1024, 64, 32, 32}} {
		x := &matrix{shape: shape, data: newMatrix(1, append([]int{shape[0] / 16}, shape[1:]...)...).data}
		for range 4 {
			x.data = append(x.data, x.data...)
		}
		for _, coder := range []string{"fast", "small", "smallest", "smallest2"} {
			b.Run(fmt.Sprintf("rank=%d/coder=%s", len(shape), coder), func(b *testing.B) { benchmarkStore(b, x, coder) })
		}
	}
}

func benchmarkStore(b *testing.B, x *matrix, coder string) {
	ctx := context.Background()
	f, err := Fit(ctx, x, Options{Objective: Objective{Bits, 2}, CoderName: coder, MaxValues: 1 << 20})
	if err != nil {
		b.Fatal(err)
	}
	dir, n := b.TempDir(), 0
	path := func(i int) string { return filepath.Join(dir, fmt.Sprint(i)) }
	open := func() *Store {
		s, err := OpenStore(path(0), nil, dqa.Limits{})
		if err != nil {
			b.Fatal(err)
		}
		return s
	}
	perCore := func(b *testing.B, f func()) {
		start := cpu.Time()
		for b.Loop() {
			f()
		}
		b.ReportMetric(4e-9*float64(len(x.data)*b.N)/(cpu.Time()-start).Seconds(), "GB/cpu-s")
	}
	b.Run("pack", func(b *testing.B) {
		perCore(b, func() {
			if _, err := Pack(ctx, path(n), x, f.Profile, PackOptions{}); err != nil {
				b.Fatal(err)
			}
			n++
		})
	})
	b.Run("unpack", func(b *testing.B) {
		perCore(b, func() {
			s := open()
			defer s.Close()
			if err := s.Unpack(ctx, io.Discard, 0, x.shape[0], nil); err != nil {
				b.Fatal(err)
			}
		})
	})
	b.Run("row", func(b *testing.B) {
		row, start := make([]float32, len(x.data)/x.shape[0]), cpu.Time()
		for i := 0; b.Loop(); i++ {
			s := open()
			if err := s.ReadRows(row, i*7919%x.shape[0]); err != nil {
				b.Fatal(err)
			}
			s.Close()
		}
		b.ReportMetric(1e6*(cpu.Time()-start).Seconds()/float64(b.N), "cpu-us/op")
	})
}
