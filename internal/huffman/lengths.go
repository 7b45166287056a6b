package huffman

import (
	"cmp"
	"slices"
)

// BuildLengths returns the lengths of an optimal prefix code with words of at most MaxLen bits for an alphabet of
// len(counts) symbols, 2 to MaxSymbols. Every count is raised by one, so that symbols that calibration never saw have a
// word, too. Equal counts are told apart by the symbol: the result is determined.
func BuildLengths(counts []uint64) []uint8 { return limitedLengths(counts, MaxLen) }

// limitedLengths is the package-merge algorithm (Larmore and Hirschberg, "A fast algorithm for optimal length-limited
// Huffman codes", JACM 37, 1990).
func limitedLengths(counts []uint64, maxLen int) []uint8 {
	n := len(counts)
	if n < 2 || n > 1<<maxLen {
		panic("huffman: alphabet does not fit the length of words")
	}
	leaves := make([]*node, n)
	for s, c := range counts {
		leaves[s] = &node{weight: c + 1, symbol: s}
	}
	slices.SortStableFunc(leaves, func(a, b *node) int { return cmp.Compare(a.weight, b.weight) })
	list := leaves
	for range maxLen - 1 {
		list = merge(leaves, packages(list))
	}
	lengths := make([]uint8, n)
	for _, p := range list[:2*n-2] {
		p.count(lengths)
	}
	return lengths
}

// node is a symbol, or a package of two nodes.
type node struct {
	weight uint64
	symbol int
	a, b   *node // nil for a symbol
}

// packages joins neighbours; an odd last one is dropped.
func packages(list []*node) []*node {
	pairs := make([]*node, len(list)/2)
	for i := range pairs {
		a, b := list[2*i], list[2*i+1]
		pairs[i] = &node{weight: a.weight + b.weight, a: a, b: b}
	}
	return pairs
}

// merge joins two sorted lists; of equal weights symbols come first.
func merge(leaves, pairs []*node) []*node {
	out := make([]*node, 0, len(leaves)+len(pairs))
	for len(leaves) > 0 && len(pairs) > 0 {
		if leaves[0].weight <= pairs[0].weight {
			out, leaves = append(out, leaves[0]), leaves[1:]
		} else {
			out, pairs = append(out, pairs[0]), pairs[1:]
		}
	}
	return append(append(out, leaves...), pairs...)
}

// count adds one to the length of every symbol in the package; packages are at most maxLen deep.
func (p *node) count(lengths []uint8) {
	if p.a == nil {
		lengths[p.symbol]++
		return
	}
	p.a.count(lengths)
	p.b.count(lengths)
}
