//go:build amd64 && !noasm

package cpu

import "testing"

func TestHasAVX512(t *testing.T) {
	for _, isa := range order {
		restore := Lower(isa)
		if HasAVX512() != Has(AVX512) {
			t.Errorf("lowered to %s: %v, Has says %v", isa, HasAVX512(), Has(AVX512))
		}
		restore()
	}
}
