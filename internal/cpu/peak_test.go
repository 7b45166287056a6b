package cpu

import "testing"

func TestPeak(t *testing.T) {
	for _, isa := range []string{Generic, AVX2, AVX512} {
		p := Peak(isa)
		t.Logf("%s: %.1f GFLOP/s", isa, p/1e9)
		if p < 0 || p > 0 && !Has(isa) || isa == Generic && p != 0 {
			t.Errorf("%s: %g", isa, p)
		}
	}
}
