package dqa_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/profile"
)

// bomb is a profile of 262 bytes and a frame of 117 that stand for 4 GiB of tensors.
func bomb(t *testing.T) (*profile.Profile, []byte) {
	t.Helper()
	var files [2][]byte
	for i, name := range []string{"bomb4.dqap", "bomb4.dqaf"} {
		b, err := os.ReadFile(filepath.Join("testdata", "hostile", name))
		if err != nil {
			t.Fatal(err)
		}
		files[i] = b
	}
	p, err := profile.Parse(files[0])
	if err != nil {
		t.Fatal(err)
	}
	return p, files[1]
}

func TestDecodeRefusesBeforeItSpends(t *testing.T) {
	p, frame := bomb(t)
	codec, err := dqa.NewCodec(p)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = codec.NewDecoder().Decode(frame)
	runtime.ReadMemStats(&after)
	if !errors.Is(err, dqa.ErrMemory) {
		t.Errorf("error %v", err)
	}
	if spent := after.TotalAlloc - before.TotalAlloc; spent > 1<<20 {
		t.Errorf("%d bytes were allocated", spent)
	}
}

// The limit is exact: tensors of as many bytes as are left pass.
func TestLimitsAreExact(t *testing.T) {
	p := &profile.Profile{
		Setting: profile.Setting{Name: "direct", Bits: 2},
		Edges: []profile.Edge{{
			Geometry: profile.Geometry{Channels: 1, Rows: 8, Cols: 8, Tile: profile.Tile{Channels: 1,
				Rows: 8}}, Quantizer: profile.Quantizer{Bits: 2},
		}},
	}
	for _, c := range []struct {
		limit int64
		want  error
	}{{4 * 64, nil}, {4*64 - 1, dqa.ErrMemory}} {
		codec, err := dqa.Limits{MaxMemory: c.limit}.NewCodec(p)
		if err != nil {
			t.Fatal(err)
		}
		frame, err := codec.NewEncoder().Append(nil, [][]float32{make([]float32, 64)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := codec.NewDecoder().Decode(frame); !errors.Is(err, c.want) {
			t.Errorf("limit %d: error %v, want %v", c.limit, err, c.want)
		}
	}
	p.Frequencies = [][]uint16{{0, 0, 4096}}
	if _, err := (dqa.Limits{MaxMemory: 1 << 10}).NewCodec(p); !errors.Is(err, dqa.ErrMemory) {
		t.Errorf("tables beyond the limit: %v", err)
	}
}
