package zarr

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
)

// A shard is its chunks one behind the other and an index: offset and length of each, little-endian, and a CRC-32C of the
// index. A chunk that is all fill value is left out.

const (
	entry   = 16 // bytes of the index for a chunk
	absent  = math.MaxUint64
	sumSize = 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

func indexSize(chunks int) int { return chunks*entry + sumSize }

// appendShard appends a shard of the chunks, of which nil ones are absent; they are perShard, or fewer in the last shard.
func appendShard(dst []byte, chunks [][]byte, perShard int) []byte {
	start, size := len(dst), indexSize(perShard)
	for _, c := range chunks {
		size += len(c)
	}
	dst = slices.Grow(dst, size)
	for _, c := range chunks {
		dst = append(dst, c...)
	}
	index, at := len(dst), start
	for i := range perShard {
		offset, length := uint64(absent), uint64(absent)
		if i < len(chunks) && chunks[i] != nil {
			offset, length = uint64(at-start), uint64(len(chunks[i]))
			at += len(chunks[i])
		}
		dst = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(dst, offset), length)
	}
	return binary.LittleEndian.AppendUint32(dst, checksum(dst[index:]))
}

// span is where a chunk lies.
type span struct{ offset, length int64 }

// parseIndex reads the index of a shard of size bytes.
func parseIndex(b []byte, size int64) ([]span, error) {
	n := len(b) - sumSize
	if binary.LittleEndian.Uint32(b[n:]) != checksum(b[:n]) {
		return nil, fmt.Errorf("%w: its index has another checksum", ErrDamaged)
	}
	spans := make([]span, n/entry)
	for i := range spans {
		offset, length := binary.LittleEndian.Uint64(b[i*entry:]), binary.LittleEndian.Uint64(b[i*entry+8:])
		switch {
		case offset == absent && length == absent:
			spans[i] = span{-1, 0}
		case length > maxChunk || offset > uint64(size) || length > uint64(size)-offset:
			return nil, fmt.Errorf("%w: chunk %d lies at %d, %d bytes, in a shard of %d", ErrDamaged, i, offset, length, size)
		default:
			spans[i] = span{int64(offset), int64(length)}
		}
	}
	return spans, nil
}
