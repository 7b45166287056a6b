//go:build (!amd64 && !arm64) || noasm

package simd

func quantizePackVector(codes, errors []byte, x []float32, l Levels, n, m int) (done, finite bool) {
	return false, false
}

func unpackDequantizeVector(x []float32, codes, errors []byte, step float32, n, m int, signed bool) bool {
	return false
}

func quantizeVector(dst []byte, x []float32, l Levels) (done, finite, within bool) {
	return false, false, false
}

func dequantizeVector(x []float32, codes []byte, step float32, signed bool) bool { return false }

func packVector(dst, codes []byte, first, bits int) bool { return false }

func unpackVector(codes, src []byte, bits int, signed bool) bool { return false }

func absMaxVector(x []float32) (top uint32, done bool) { return 0, false }

func maxVector(x []float32) (top int32, done bool) { return 0, false }
