package reference

import (
	"math"
	"testing"

	"github.com/dqa-go/dqa/tensor"
)

func TestCompare(t *testing.T) {
	want := Output{Shape: []int{1, 4}, Mean: 1, L2: 5.477225575051661, Max: 4, ArgMax: 3, Samples: [][2]float64{{0, -3}, {2, 1}}}
	for name, c := range map[string]struct {
		data   []float32
		within bool
	}{
		"equal":      {[]float32{-3, 2, 1, 4}, true},
		"rounding":   {[]float32{-3.0001, 2, 1, 4}, true},
		"sample":     {[]float32{-3, 2, 1.1, 4}, false},
		"other max":  {[]float32{-3, 4, 1, 2}, false},
		"not sample": {[]float32{-3, 2.5, 1, 4}, false},
	} {
		d, err := want.Compare(&tensor.Tensor{Shape: []int{1, 4}, Data: c.data})
		if err != nil || d.Within() != c.within {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
	}
	// A sigmoid that is 1e-7 everywhere: what engines compute differs in the last place of 1.
	tiny := Output{Shape: []int{1, 2}, Mean: 1e-7, L2: 1.4142135623730951e-7, Max: 1e-7, ArgMax: 0,
		Samples: [][2]float64{{0, 1e-7}, {1, 1e-7}}}
	for v, within := range map[float32]bool{1.6e-7: true, 1e-5: false} {
		d, err := tiny.Compare(&tensor.Tensor{Shape: []int{1, 2}, Data: []float32{1e-7, v}})
		if err != nil || d.Within() != within {
			t.Errorf("%v beside 1e-7: %+v, %v", v, d, err)
		}
	}
	if d, err := tiny.Compare(&tensor.Tensor{Shape: []int{1, 2}, Data: []float32{1e-7, float32(math.NaN())}}); err != nil || d.Within() {
		t.Errorf("NaN: %+v, %v", d, err)
	}
	if _, err := want.Compare(tensor.New(1, 5)); err == nil {
		t.Error("another shape is accepted")
	}
	want.Samples = [][2]float64{{9, 0}}
	if _, err := want.Compare(tensor.New(1, 4)); err == nil {
		t.Error("a sample beyond the output is accepted")
	}
}

func TestInputIsTheFormula(t *testing.T) {
	x := Input([]int{1, 3})
	for i, want := range []float32{-1, float32(7919%2003)/1001.5 - 1, float32(2*7919%2003)/1001.5 - 1} {
		if d := x.Data[i] - want; d > 1e-6 || d < -1e-6 {
			t.Errorf("x[%d] = %v, want %v", i, x.Data[i], want)
		}
	}
}
