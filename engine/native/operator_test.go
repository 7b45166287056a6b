package native

import (
	"math"
	"testing"
)

func TestSubnormalFactorsAreZero(t *testing.T) {
	smallest, inf := math.Float32frombits(1), float32(math.Inf(1))
	negative, normal := -0x1.fffffcp-127, float32(0x1p-126)
	x := []float32{1, smallest, 0, -smallest, normal, float32(negative), -inf, -normal}
	want := []float32{1, 0, 0, 0, normal, 0, -inf, -normal}
	for i, v := range withoutSubnormals(x) {
		if v != want[i] {
			t.Errorf("%v became %v, want %v", x[i], v, want[i])
		}
	}
	if x[1] != smallest {
		t.Error("the graph's constant was changed")
	}
	if same := withoutSubnormals(x[:1]); &same[0] != &x[0] {
		t.Error("copied without need")
	}
	if v := withoutSubnormals([]float32{float32(math.NaN()), smallest})[0]; v == v {
		t.Errorf("NaN became %v", v)
	}
}
