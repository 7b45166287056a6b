//go:build !amd64 || noasm

package rans

func decodeVectors([]stream) int { return 0 }

func encodeVectors([]stream) bool { return false }

func translate(dst, src []uint8, table *[256]uint8) { translateGeneric(dst, src, table) }

func sumAbove(g *tapGroup, x, end int) { g.sumAboveGeneric(x, end) }

func addEarlier(g *tapGroup, x, end int) { g.addEarlierGeneric(x, end) }

func (g *tapGroup) loadEarlierVectors([]int16, int, int) int { return 0 }

func indexColumns(g *tapGroup, x, end int, index []uint32) { g.indexColumnsGeneric(x, end, index) }

func (g *tapGroup) loadVectors(_, _ int) int { return 0 }

func (g *tapGroup) storeVectors(_, _ int) (lanes, columns int) { return 0, 0 }

func encodeTapSteps(_ []tapGroup, _, k, _ int) int { return k }

func decodeTapColumns(_ []tapGroup, _, k, _ int) int { return k }

func decodeColumns(_ *group, _ *stream, x int) int { return x }
