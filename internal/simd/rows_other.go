//go:build !amd64 || noasm

package simd

func quantizeRowsVector([]byte, []float32, Rows, Levels) (done, finite, within bool) {
	return false, false, false
}

func dequantizeRowsVector([]float32, Rows, []byte, float32, bool) bool { return false }
