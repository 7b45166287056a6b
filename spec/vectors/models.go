package main

import (
	"cmp"
	"slices"

	"github.com/dqa-go/dqa/internal/prefix"
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

// fit gives an edge the tables, parameters or models that its codes want, unless it has some.
func fit(p *profile.Profile, e *profile.Edge, img image) {
	all := tile{0, e.Channels, 0, e.Rows}.cut(e, img.bases(e))
	switch e.Coder {
	case profile.Paper:
		if e.NumImportant() > 0 && e.Table == nil {
			_, errors := split(e, all)
			e.Table = tableOf(errors, e.ExtraBits)
		}
	case profile.Fast:
		if e.Prefix == nil {
			e.Prefix = prefixOf(e, joined(all))
		}
	case profile.Small, profile.Smallest:
		if e.Models == nil {
			fitModels(p, e, all)
			fitClasses(p, e, img.wide)
		}
	}
}

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

// tableOf are lengths of words for shift errors like these.
func tableOf(errors []int, m int) []uint8 {
	g := errorsPerSymbol(m)
	counts := make([]int, 1<<(g*m))
	symbols := make([]int, (len(errors)+g-1)/g)
	for i, e := range errors {
		symbols[i/g] |= e << (i % g * m)
	}
	for _, s := range symbols {
		counts[s]++
	}
	if len(counts) == 8 {
		return byRank(counts, 1, 3, 3, 4, 4, 4, 5, 5)
	}
	return byRank(counts, 2, 2, 3, 3, 4, 4, 5, 5, 7, 7, 7, 7, 7, 7, 7, 7)
}

// prefixOf are parameters for codes, of which those beyond a byte do not count: one of a few, by their number.
func prefixOf(e *profile.Edge, codes []int) *prefix.Params {
	low, high := codeRange(e)
	p := &prefix.Params{Low: int16(low), High: int16(high)}
	variant := (len(codes) + e.Bits) % 4
	p.Group = uint8(2 + variant%2*2)
	if low < 0 {
		p.Center = int8([]int{0, 1, -1, 0}[variant])
	}
	p.LowBits = []uint8{0, 1, 2, 0}[variant]
	p.Words = [][7]uint8{{1, 1, 1, 1, 1, 1, 2}, {1, 2}, {0, 2, 4}, {1, 1, 1, 2}}[variant]
	counts, h := make([]int, 16), headLimit(p)
	for i := 0; i+int(p.Group) <= len(codes); i += int(p.Group) {
		symbol := 0
		for k, c := range codes[i : i+int(p.Group)] {
			symbol |= min(foldCode(p, c), h) << (k * 4 / int(p.Group))
		}
		counts[symbol&15]++
	}
	copy(p.Lengths[:], byRank(counts, 1, 3, 3, 3, 6, 6, 6, 6, 7, 7, 7, 7, 7, 7, 7, 7))
	return p
}

// fitModels gives channels a model by what bits they have and whether their number is odd, or contexts one of three.
func fitModels(p *profile.Profile, e *profile.Edge, channels []channelCodes) {
	const slots = 16
	n, slot := e.Channels, func(ch, context int) int { return ch }
	if e.Coder == profile.Smallest {
		n = slots
		if e.ExtraBits > 0 {
			n = 2 * slots
		}
		slot = func(ch, context int) int {
			if e.IsImportant(ch) {
				return slots + context
			}
			return context
		}
	}
	bits, group := make([]int, n), func(slot int) int { return slot % 2 }
	counts := map[[2]int][]uint64{}
	if e.Coder == profile.Smallest {
		group = func(slot int) int { return min(slot%slots/3, 2) }
	}
	for k := range bits {
		bits[k] = e.Bits - e.Refine
		if e.Coder == profile.Small && e.IsImportant(k) || k >= slots && e.Coder == profile.Smallest {
			bits[k] += e.ExtraBits
		}
		counts[[2]int{bits[k], group(k)}] = make([]uint64, 1<<bits[k]+1)
	}
	for _, c := range channels {
		for i, v := range c.codes {
			k := slot(c.channel, context(c.codes, e.Cols, i))
			count(counts[[2]int{bits[k], group(k)}], v, e.Unsigned)
		}
	}
	numbers := map[[2]int]uint8{}
	for k := range bits {
		key := [2]int{bits[k], group(k)}
		if _, ok := numbers[key]; !ok {
			numbers[key] = addModel(p, counts[key])
		}
		e.Models = append(e.Models, numbers[key])
	}
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
