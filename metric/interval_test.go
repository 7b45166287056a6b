package metric

import (
	"math"
	"testing"
)

func within(t *testing.T, what string, got, want, by float64) {
	t.Helper()
	if !near(got, want, by) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// The interval of a paired difference is Agresti and Min's: no change among few images is no certainty.
func TestPairedDrop(t *testing.T) {
	none := pairedDrop(0, 0, 100)
	within(t, "no change", none.Value, 0, 0)
	within(t, "its upper end", none.High, 100*1.959964*math.Sqrt(1)/102, 1e-6)
	within(t, "its lower end", none.Low, -none.High, 1e-12)
	some := pairedDrop(10, 4, 1000)
	within(t, "loss", some.Value, .6, 1e-12)
	within(t, "middle", (some.Low+some.High)/2, 100*6./1002, 1e-9)
	within(t, "half", (some.High-some.Low)/2, 100*1.959964*math.Sqrt(15-36./1002)/1002, 1e-9)
	if v := pairedDrop(0, 0, 0); v.Value == v.Value {
		t.Error(v)
	}
}

// Wilson's interval of 8 of 10 is that of the textbooks.
func TestProportion(t *testing.T) {
	p := Proportion(8, 10)
	within(t, "share", p.Value, 80, 0)
	within(t, "low", p.Low, 49.02, .01)
	within(t, "high", p.High, 94.33, .01)
	if p := Proportion(0, 50); p.Low != 0 || p.High < 5 {
		t.Error(p)
	}
}

func TestMean(t *testing.T) {
	m, se := Mean([]float64{1, 2, 3, 4})
	within(t, "mean", m.Value, 2.5, 1e-12)
	within(t, "standard error", se, math.Sqrt(5./3/4), 1e-12)
	if m, se := Mean([]float64{7}); m.Value != 7 || se != 0 {
		t.Error(m, se)
	}
}
