package profile

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/internal/wire"
)

// Sums and products of what a file says may be beyond 32 bits, which is all that an int has on weak devices (CI runs these
// on 386 and arm).

func TestElementsBeyond32Bits(t *testing.T) {
	p := &Profile{}
	for range 16 {
		p.Edges = append(p.Edges, Edge{Geometry: Geometry{Channels: 1, Rows: 1 << 14, Cols: 1 << 14}})
	}
	if n := p.Elements(); n != 1<<32 {
		t.Errorf("%d values, not 2^32", n)
	}
}

func TestFrequenciesBeyond32Bits(t *testing.T) {
	p := coded()
	p.Frequencies = [][]uint16{{0, 0, 4096}}
	p.Edges = nil
	whole := p.Append(nil)
	model := []byte{2, 0, 0} // symbols, first, frequencies: none
	at := strings.LastIndex(string(whole), string(model))
	far := []byte{2, 0xff, 0xff, 0xff, 0xff, 7, 0xff, 0xff, 0xff, 0xff, 7} // 2^31-1 frequencies from symbol 2^31-1 on
	b := slices.Concat(whole[:at], far, whole[at+len(model):])
	section := slices.Index(b[at-3:], tagModels) + at - 3
	b[section+1] += byte(len(far) - len(model))
	_, err := Parse(reseal(b))
	if !errors.Is(err, wire.ErrValue) || !strings.Contains(err.Error(), "frequencies from symbol") {
		t.Errorf("%d frequencies from symbol %d on: %v", math.MaxInt32, math.MaxInt32, err)
	}
}
