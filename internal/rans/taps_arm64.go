//go:build !noasm

package rans

import "github.com/dqa-go/dqa/internal/cpu"

// NEON finds contexts and sums what is weighted; entries and states, which are looked up, are the portable code's.

// sumAbove sums what lies above columns x to end.
func sumAbove(g *tapGroup, x, end int) {
	if !cpu.Has(cpu.NEON) {
		g.sumAboveGeneric(x, end)
		return
	}
	sumAboveNEON(g, x, end)
}

// addEarlier adds what the earlier edge says of columns x to end.
func addEarlier(g *tapGroup, x, end int) {
	if !cpu.Has(cpu.NEON) {
		g.addEarlierGeneric(x, end)
		return
	}
	addEarlierNEON(g, x, end)
}

// find finds the contexts of column x.
func find(g *tapGroup, x int) {
	if !cpu.Has(cpu.NEON) || !g.narrow {
		g.findGeneric(x)
		return
	}
	findNEON(g, x, &g.found, tapVectors)
}

func indexColumns(g *tapGroup, x, end int, index []uint32) { g.indexColumnsGeneric(x, end, index) }

func (g *tapGroup) loadEarlierVectors([]int16, int, int) int { return 0 }

func (g *tapGroup) loadVectors(_, _ int) int { return 0 }

func (g *tapGroup) storeVectors(_, _ int) (columns int) { return 0 }

func encodeTapSteps(_ []*tapGroup, k int) int { return k }

func decodeTapColumns(_ []*tapGroup, k int) int { return k }

//go:noescape
func sumAboveNEON(group *tapGroup, x, end int)

//go:noescape
func addEarlierNEON(group *tapGroup, x, end int)

//go:noescape
func findNEON(group *tapGroup, x int, found *found, tables *tapTables)
