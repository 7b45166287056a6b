package simd

// Complete adds to every value of a row what the row's sum lacks of 1, divided by the length n of a row: the sum is taken in
// float64, value by value from the first on, and what is added is rounded to float32. Values behind the last whole row stay.
func Complete(x []float32, n int) {
	if n < 1 {
		return
	}
	x = x[completeVector(x, n)*n:]
	for ; len(x) >= n; x = x[n:] {
		sum := 0.0
		for _, v := range x[:n] {
			sum += float64(v)
		}
		lacks := float32((1 - sum) / float64(n))
		for i := range n {
			x[i] += lacks
		}
	}
}
