package cpu

import "testing"

func TestLower(t *testing.T) {
	before := ISA()
	restore := Lower(Generic)
	if ISA() != Generic || Has(AVX2) || !Has(Generic) {
		t.Fatalf("after Lower(generic): ISA %q, Has(avx2) %v, Has(generic) %v", ISA(), Has(AVX2), Has(Generic))
	}
	Lower(AVX2)
	if ISA() != Generic {
		t.Fatalf("Lower(avx2) raised the instruction set to %q", ISA())
	}
	restore()
	if ISA() != before {
		t.Fatalf("restored %q, want %q", ISA(), before)
	}
}

func TestUnknownNameIsIgnored(t *testing.T) {
	before := ISA()
	defer Lower("pentium")()
	if ISA() != before {
		t.Fatalf("an unknown name changed %q to %q", before, ISA())
	}
	if Has("") || Has("pentium") {
		t.Fatal("Has accepts unknown names")
	}
}
