package simd

// Transpose turns over a matrix of rows of cols values: dst[c*dstStride+r] = src[r*srcStride+c]. It panics if either slice
// is too short. They must not overlap.
func Transpose(dst, src []float32, rows, cols, dstStride, srcStride int) {
	if rows == 0 || cols == 0 {
		return
	}
	src, dst = src[:(rows-1)*srcStride+cols], dst[:(cols-1)*dstStride+rows]
	if srcStride < cols && rows > 1 || dstStride < rows && cols > 1 {
		panic("simd: rows of a matrix overlap")
	}
	r, c := transposeVector(dst, src, rows, cols, dstStride, srcStride)
	if r == 0 || c == 0 {
		r, c = 0, 0
	}
	transposeRest(dst, src, 0, c, r, cols, dstStride, srcStride)
	transposeRest(dst, src, r, 0, rows, cols, dstStride, srcStride)
}

// transposeRest turns over rows [r0, r1) and columns [c0, c1).
func transposeRest(dst, src []float32, r0, c0, r1, c1, dstStride, srcStride int) {
	for r := r0; r < r1 && c0 < c1; r++ {
		at := c0*dstStride + r
		for _, v := range src[r*srcStride+c0 : r*srcStride+c1] {
			dst[at] = v
			at += dstStride
		}
	}
}

// strip is how many squares of a strip are done before those beside them, which lie in the same lines of the cache.
const strip = 8

// squares turns over n squares of values, the next one of which is dstStep and srcStep values away.
type squares func(dst, src *float32, dstStride, srcStride, dstStep, srcStep, n int)

// strips turns over the whole squares of side values with kernel, which does n of them in a strip: along rows, or along
// columns, whichever there are more of. It returns how many rows and columns those have.
func strips(dst, src []float32, rows, cols, dstStride, srcStride, side int, kernel squares) (r, c int) {
	r, c = rows/side, cols/side
	if r >= c {
		for at := 0; at < r; at += strip {
			for k := range c {
				to, from := k*side*dstStride+at*side, at*side*srcStride+k*side
				kernel(&dst[to], &src[from], dstStride, srcStride, side, side*srcStride, min(strip, r-at))
			}
		}
	} else {
		for at := 0; at < c; at += strip {
			for k := range r {
				to, from := at*side*dstStride+k*side, k*side*srcStride+at*side
				kernel(&dst[to], &src[from], dstStride, srcStride, side*dstStride, side, min(strip, c-at))
			}
		}
	}
	return r * side, c * side
}
