//go:build amd64 && !noasm

package cpu

import "testing"

func TestHasQuick(t *testing.T) {
	for _, isa := range order {
		restore := Lower(isa)
		if HasAVX512() != Has(AVX512) {
			t.Errorf("lowered to %s: %v, Has says %v", isa, HasAVX512(), Has(AVX512))
		}
		if HasAVX2() != Has(AVX2) {
			t.Errorf("lowered to %s: %v, Has says %v", isa, HasAVX2(), Has(AVX2))
		}
		restore()
	}
}
