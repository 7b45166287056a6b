package main

// planes are bit planes of the low bits of values in groups of 64 (spec/coders.md).
func planes(values []int, bits int) []byte {
	var out []byte
	for len(values) > 0 {
		group := values[:min(64, len(values))]
		for bit := range bits {
			out = append(out, plane(group, bit)...)
		}
		values = values[len(group):]
	}
	return out
}

// plane is one bit of every value.
func plane(values []int, bit int) []byte {
	out := make([]byte, (len(values)+7)/8)
	for i, v := range values {
		out[i/8] |= byte(v>>bit&1) << (i % 8)
	}
	return out
}

// plainCodes are codes of w bits, as the coders of whole codes store them where they do not code.
func plainCodes(codes []int, w int) []byte {
	out := planes(codes, min(w, 8))
	if w > 8 {
		high := make([]int, len(codes))
		for i, c := range codes {
			high[i] = c >> 8
		}
		out = append(out, planes(high, w-8)...)
	}
	return out
}

// plainWidth is the number of bits that hold every code.
func plainWidth(codes []int, unsigned bool) int {
	for w := 0; ; w++ {
		fits := true
		for _, c := range codes {
			low, high := 0, 1<<w-1
			if !unsigned && w > 0 {
				low, high = -1<<(w-1), 1<<(w-1)-1
			}
			fits = fits && c >= low && c <= high
		}
		if fits {
			return w
		}
	}
}
