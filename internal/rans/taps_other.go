//go:build (!amd64 && !arm64) || noasm

package rans

func sumAbove(g *tapGroup, x, end int) { g.sumAboveGeneric(x, end) }

func addEarlier(g *tapGroup, x, end int) { g.addEarlierGeneric(x, end) }

func (g *tapGroup) loadEarlierVectors([]int16, int, int) int { return 0 }

func find(g *tapGroup, x int) { g.findGeneric(x) }

func indexColumns(g *tapGroup, x, end int, index []uint32) { g.indexColumnsGeneric(x, end, index) }

func (g *tapGroup) loadVectors(_, _ int) int { return 0 }

func (g *tapGroup) storeVectors(_, _ int) (columns int) { return 0 }

func encodeTapSteps(_ []*tapGroup, k int) int { return k }

func decodeTapColumns(_ []*tapGroup, k int) int { return k }
