package dataset

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
)

// chunk appends one chunk to a PNG file: the encoder of the standard library writes no narrow gray.
func chunk(b []byte, name string, data []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(data)))
	start := len(b)
	b = append(append(b, name...), data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[start:]))
}

func zlibStored(data []byte) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	w.Write(data)
	w.Close()
	return b.Bytes()
}

// hugePNG claims 100000 x 100000 pixels.
func hugePNG() []byte {
	head := []byte{0, 1, 0x86, 0xa0, 0, 1, 0x86, 0xa0, 8, 0, 0, 0, 0}
	return chunk(chunk([]byte("\x89PNG\r\n\x1a\n"), "IHDR", head), "IDAT", nil)
}
