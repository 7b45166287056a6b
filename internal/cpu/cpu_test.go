package cpu

import "testing"

func TestLower(t *testing.T) {
	before := ISA()
	if sets := Sets(); sets[len(sets)-1] != before || sets[0] != Generic {
		t.Fatalf("sets %q, in use %s", sets, before)
	}
	restore := Lower(Generic)
	if ISA() != Generic || Has(AVX2) || !Has(Generic) || len(Sets()) != 1 {
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

// What other packages' tests run on here: CI shows it (docs/TESTING.md, "What is not proven").
func TestSetsOfThisMachine(t *testing.T) {
	n := 0
	for _, isa := range order {
		if Has(isa) {
			t.Log("kernels are tested on", isa)
			n++
		} else {
			t.Log("kernels are NOT tested on", isa)
		}
	}
	if n == 0 || !Has(Generic) {
		t.Error("not even portable Go")
	}
}
