package simd

// Histogram adds to counts how often every byte occurs in codes.
func Histogram(counts *[256]uint32, codes []byte) {
	n := len(codes) / Group * Group
	if n == 0 || !histogramVector(counts, codes[:n]) {
		n = 0
	}
	histogram(counts, codes[n:])
}

// histogram counts in four tables: neighbours are often equal, and a count must wait for the last one of its place.
func histogram(counts *[256]uint32, codes []byte) {
	if len(codes) < 256 {
		for _, c := range codes {
			counts[c]++
		}
		return
	}
	var t [3][256]uint32
	for ; len(codes) >= 4; codes = codes[4:] {
		c := codes[:4:4]
		counts[c[0]]++
		t[0][c[1]]++
		t[1][c[2]]++
		t[2][c[3]]++
	}
	for _, c := range codes {
		counts[c]++
	}
	for i := range counts {
		counts[i] += t[0][i] + t[1][i] + t[2][i]
	}
}
