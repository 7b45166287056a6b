package onnx

import (
	"math"
	"testing"

	"github.com/dqa-go/dqa/engine/native"
	"github.com/dqa-go/dqa/tensor"
)

// TestComputedIndicesOutside: an index outside its axis picks nothing, also where another row lies there.
func TestComputedIndicesOutside(t *testing.T) {
	nan := float32(math.NaN())
	index := []float32{0, 2, -1, -3, 3, -4, 1e38, -1e38, nan}
	rows := [][]float32{{10, 11, 12}, {20, 21, 22}}
	want := []int{0, 2, 2, 0, -1, -1, -1, -1, -1}
	table := []float32{10, 11, 12, 20, 21, 22}
	n := int64(len(index))
	for name, m := range map[string]*protoModel{
		"Gather": net(13, n).floats("t", []int64{2, 3}, table...).node("Cast", "x", "i", "to", 7).ints("s", n).node("Reshape", "i s", "j").
			node("Gather", "t j", "y", "axis", 1).outputs("y"),
		"GatherElements": net(13, n).floats("t", []int64{2, 3}, table...).node("Cast", "x", "i", "to", 7).node("Concat", "i i", "j", "axis", 0).
			node("GatherElements", "t j", "y", "axis", 1).outputs("y"),
	} {
		p, err := native.Compile(m.parse(t), nil)
		if err != nil {
			t.Fatal(err)
		}
		x := tensor.New(1, len(index))
		copy(x.Data, index)
		out, err := p.Run(x, nil)
		if err != nil {
			t.Fatal(err)
		}
		for k, got := range out[0].Data {
			w := nan
			if at := want[k%len(index)]; at >= 0 {
				w = rows[k/len(index)][at]
			}
			if got != w && !(got != got && w != w) {
				t.Errorf("%s: index %g of row %d picks %g, want %g", name, index[k%len(index)], k/len(index), got, w)
			}
		}
	}
}
