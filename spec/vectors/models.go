package main

import (
	"cmp"
	"slices"

	"github.com/dqa-go/dqa/profile"
)

// newProfile is a valid profile of these edges; what their coders need is fitted to an image.
func newProfile(edges []profile.Edge, x [][]float32) *profile.Profile {
	p := bareProfile(edges)
	for i := range edges {
		e := &edges[i]
		if e.ExtraBits > 0 && e.Important == nil {
			e.Important = make([]bool, e.Channels)
		}
		fit(p, e, quantize(e, x[i]))
	}
	return p
}

// bareProfile lacks what coders need.
func bareProfile(edges []profile.Edge) *profile.Profile {
	p := &profile.Profile{
		Tool: "vectors", ISA: "generic", Seed: 1, EdgeSet: "stored",
		Network: profile.Network{Name: "net.onnx", Digest: [32]byte{1}},
		Data:    profile.Data{Spec: "data", Digest: [32]byte{2}, Images: 1},
		Setting: profile.Setting{Name: "dqa", Bits: 4, Ratio: .5, Ranking: "energy"},
		Edges:   edges,
	}
	if len(edges) > 0 {
		e := &edges[0]
		p.Setting.Bits, p.Setting.ExtraBits, p.Setting.Scale, p.Coder = e.Bits, e.ExtraBits, e.Scale, e.Coder
	}
	return p
}

// fit gives an edge what its coder has to know of codes, unless it has it.
func fit(p *profile.Profile, e *profile.Edge, img image) { coders[e.Coder].fit(p, e, img) }

// byRank gives the most frequent symbols the shortest words.
func byRank(counts []int, lengths ...uint8) []uint8 {
	order := make([]int, len(counts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(counts[b], counts[a]) })
	out := make([]uint8, len(counts))
	for i, s := range order {
		out[s] = lengths[i]
	}
	return out
}

// count counts a code in an alphabet of len(counts)-1 symbols.
func count(counts []uint64, code int, unsigned bool) {
	n := len(counts) - 1
	if !unsigned {
		code += n / 2
	}
	if code < 0 || code > n {
		code = n
	}
	counts[code]++
}

// addModel adds a model of counts, the last one being that of escapes: every other one such that intervals lie on the
// grid of spec/coders.md.
func addModel(p *profile.Profile, counts []uint64) uint8 {
	unit := []int{1, 32}[len(p.Frequencies)%2]
	p.Frequencies = append(p.Frequencies, frequencies(counts, unit))
	return uint8(len(p.Frequencies) - 1)
}

// frequencies in proportion to counts, multiples of unit but for the greatest.
func frequencies(counts []uint64, unit int) []uint16 {
	freq, total, escape := make([]uint16, len(counts)), 1, len(counts)-1
	for _, c := range counts {
		total += int(c)
	}
	left, top := 4096, escape
	for s, c := range counts {
		if c > 0 || s == escape {
			freq[s] = uint16(max(1, int(c)*3000/total/unit) * unit)
			left -= int(freq[s])
		}
		if freq[s] > freq[top] {
			top = s
		}
	}
	if left < 0 {
		panic("too many symbols")
	}
	freq[top] += uint16(left)
	return freq
}

// fitClasses gives an edge models of its low bits.
func fitClasses(p *profile.Profile, e *profile.Edge, wide []int) {
	if e.Refine == 0 {
		return
	}
	for _, members := range classes(e, wide) {
		if e.Refine == 1 {
			e.Models = append(e.Models, addModel(p, []uint64{3, 2, 1}))
			continue
		}
		counts := make([]uint64, 1<<e.Refine+1)
		for _, v := range members {
			counts[v]++
		}
		e.Models = append(e.Models, addModel(p, counts))
	}
}
