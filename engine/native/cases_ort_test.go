//go:build ort

package native

import (
	"fmt"
	"os"
	"testing"

	"github.com/dqa-go/dqa/engine/ort"
)

// TestCasesOnONNXRuntime runs every operator case on the second engine: the canonical nodes, written out as ONNX, mean
// what they are meant to.
func TestCasesOnONNXRuntime(t *testing.T) {
	if _, err := ort.FindLibrary(""); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("%v: %s", err, ort.HowToGet)
	}
	for i, c := range loadCases(t) {
		t.Run(fmt.Sprintf("%d_%s", i, c.Op), func(t *testing.T) {
			g, x := c.graph(t)
			p, err := ort.Compile(g, nil, "")
			if err != nil {
				t.Fatal(err)
			}
			outputs, err := p.Run(x, nil)
			if err != nil {
				t.Fatal(err)
			}
			for k, out := range outputs {
				want, err := c.Outputs[k].decode()
				if err != nil {
					t.Fatal(err)
				}
				if worst, at := largestDifference(out.Data, want.Floats); !(worst <= caseTolerance) {
					t.Errorf("%v: output %d differs by %.2g of the largest value at %d: got %v, want %v", c.Attrs, k, worst, at, out.Data[at], want.Floats[at])
				}
			}
		})
	}
}
