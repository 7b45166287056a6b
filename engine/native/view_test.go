package native

import "testing"

// TestCopyAxesOfAScalar: a tensor without axes has one value.
func TestCopyAxesOfAScalar(t *testing.T) {
	dst := []float32{0, 7}
	copyAxes(dst, []float32{3, 4}, nil, nil, nil)
	if dst[0] != 3 || dst[1] != 7 {
		t.Errorf("copied %v", dst)
	}
}
