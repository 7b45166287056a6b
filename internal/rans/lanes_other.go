//go:build !amd64 || noasm

package rans

func decodeVectors([]stream) int { return 0 }

func encodeVectors([]stream) bool { return false }

func translate(dst, src []uint8, table *[256]uint8) { translateGeneric(dst, src, table) }

func decodeColumns(_ *group, _ *stream, x int) int { return x }
