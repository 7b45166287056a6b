package dqa

import "github.com/dqa-go/dqa/profile"

// Correct is what the engine does to decoded values before their consumers read them, where the profile says so: rows
// that summed to 1 before quantizing (a Softmax) get back what they lack, in equal parts (METHOD section 4.3). It is no
// part of decoding: frames hold, and decoders restore, the values without it.
func Correct(e *profile.Edge, data []float32) {
	if !e.RowSums {
		return
	}
	n := e.RowLength()
	for ; n > 0 && len(data) >= n; data = data[n:] {
		sum := 0.0
		for _, v := range data[:n] {
			sum += float64(v)
		}
		lacks := float32((1 - sum) / float64(n))
		for i := range data[:n] {
			data[i] += lacks
		}
	}
}
