package outbox

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// A segment is a file of records, one behind the other:
//
//	3 bytes  "DQO"
//	1        kind: a frame, or that a frame is done
//	8        identity of the opening that the frame was appended in
//	8        sequence number of the frame
//	4        length of the payload, which only frames have
//	         payload
//	4        CRC-32C of all before
//
// Integers are little-endian. A record that is damaged is passed over: the next one begins where its three letters and its checksum are
// right.
const (
	marker     = "DQO"
	headSize   = len(marker) + 1 + idSize + 8 + 4
	recordSize = headSize + 4 // of a record without payload
	idSize     = 8
)

const (
	kindFrame = 'F'
	kindDone  = 'D'
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// record is one as it lies in a segment's bytes.
type record struct {
	kind    byte
	id      [idSize]byte
	seq     uint64
	at, len int // of the payload
}

func appendRecord(dst []byte, kind byte, id [idSize]byte, seq uint64, payload []byte) []byte {
	start := len(dst)
	dst = append(dst, marker...)
	dst = append(dst, kind)
	dst = append(dst, id[:]...)
	dst = binary.LittleEndian.AppendUint64(dst, seq)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(payload)))
	dst = append(dst, payload...)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

// parseRecord reads the record that begins at b[at]; end is where the next one begins.
func parseRecord(b []byte, at int) (r record, end int, ok bool) {
	h := b[at:]
	if len(h) < recordSize || string(h[:len(marker)]) != marker {
		return r, 0, false
	}
	r.kind = h[len(marker)]
	copy(r.id[:], h[len(marker)+1:])
	r.seq = binary.LittleEndian.Uint64(h[headSize-12:])
	n := int(binary.LittleEndian.Uint32(h[headSize-4:]))
	if n > len(h)-recordSize || r.kind != kindFrame && (r.kind != kindDone || n > 0) || r.seq == 0 {
		return r, 0, false
	}
	r.at, r.len = at+headSize, n
	end = headSize + n
	return r, at + end + 4, crc32.Checksum(h[:end], castagnoli) == binary.LittleEndian.Uint32(h[end:])
}

// maxTries bounds how often a next record is looked for in one segment: each try may cost a checksum over all of it.
const maxTries = 1000

// scan lists the records of a segment; clean is where the last one ends.
func scan(b []byte) (list []record, clean int) {
	tries := 0
	for at := 0; at < len(b); {
		r, end, ok := parseRecord(b, at)
		if ok {
			list = append(list, r)
			at, clean = end, end
			continue
		}
		next := bytes.Index(b[at+1:], []byte(marker))
		if tries++; next < 0 || tries > maxTries {
			break
		}
		at += 1 + next
	}
	return list, clean
}
