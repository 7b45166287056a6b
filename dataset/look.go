package dataset

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
)

// What stands in a picture's file besides its pixels: the orientation that a camera wrote, and how much work decoding is.

// A progressive JPEG codes the whole picture again in every scan, and an empty scan takes a few bytes.
const (
	maxScans    = 256
	maxScanWork = 1 << 29 // scans x pixels
)

// maxEXIF bounds a block of EXIF that is looked at; in a JPEG it cannot be longer.
const maxEXIF = 1 << 16

func lookJPEG(r io.ReadSeeker, c image.Config) (orientation int, extra int64, err error) {
	j, err := scanJPEG(r)
	if err != nil {
		return 0, 0, err
	}
	if j.scans > maxScans || j.progressive && int64(j.scans)*int64(c.Height)*int64(c.Width) > maxScanWork {
		return 0, 0, fmt.Errorf("%d scans of %dx%d pixels, more than are decoded", j.scans, c.Height, c.Width)
	}
	if j.progressive { // coefficients of 4 bytes for every component
		channels, _ := pixelOf(c.ColorModel)
		if c.ColorModel == color.CMYKModel {
			channels = 4
		}
		extra = 4 * int64(channels) * int64(c.Height+64) * int64(c.Width+64)
	}
	return j.orientation, extra, nil
}

type jpegScan struct {
	scans, orientation int
	progressive        bool
}

// scanJPEG walks over all markers of the file.
func scanJPEG(r io.ReadSeeker) (j jpegScan, err error) {
	j.orientation = 1
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return j, err
	}
	br := bufio.NewReaderSize(r, 1<<16)
	for {
		marker, err := nextMarker(br)
		switch {
		case err != nil:
			return j, unlessEnd(err)
		case marker == 0xd9:
			return j, nil
		case marker == 0xc2:
			j.progressive = true
		case marker == 0xda:
			if j.scans++; j.scans > maxScans {
				return j, nil
			}
		case marker == 0x01 || marker >= 0xd0 && marker <= 0xd8: // no length
			continue
		}
		var length [2]byte
		if _, err := io.ReadFull(br, length[:]); err != nil {
			return j, unlessEnd(err)
		}
		n := int(binary.BigEndian.Uint16(length[:])) - 2
		if n < 0 {
			return j, errors.New("a segment shorter than its length")
		}
		if marker == 0xe1 && j.orientation == 1 {
			block := make([]byte, n)
			if _, err := io.ReadFull(br, block); err != nil {
				return j, unlessEnd(err)
			}
			if len(block) > 6 && string(block[:4]) == "Exif" {
				j.orientation = exifOrientation(block[6:])
			}
			continue
		}
		if _, err := br.Discard(n); err != nil {
			return j, unlessEnd(err)
		}
	}
}

// nextMarker skips to the byte behind the next 0xff that is neither stuffed nor fill.
func nextMarker(br *bufio.Reader) (byte, error) {
	for {
		if _, err := br.ReadSlice(0xff); err == bufio.ErrBufferFull {
			continue
		} else if err != nil {
			return 0, err
		}
		b, err := br.ReadByte()
		for err == nil && b == 0xff {
			b, err = br.ReadByte()
		}
		if err != nil {
			return 0, err
		}
		if b != 0 {
			return b, nil
		}
	}
}

func lookPNG(r io.ReadSeeker, c image.Config) (orientation int, extra int64, err error) {
	var head [33]byte // signature 8, chunk IHDR 25
	if err := readFrom(r, 0, head[:]); err != nil {
		return 0, 0, err
	}
	if head[28] != 0 { // interlaced: every pass is a picture of its own, the last one half of it
		_, bytes := pixelOf(c.ColorModel)
		extra = bytes * int64(c.Height) * int64(c.Width) / 2
	}
	const most = 1 << 12 // chunks that are looked at
	block, err := findChunk(r, int64(len(head)), most, 4, binary.BigEndian, "eXIf", "IEND")
	return exifOrientation(block), extra, err
}

// unlessEnd is nil where a file is only cut off: the decoder says what is missing.
func unlessEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

func lookWebP(r io.ReadSeeker, c image.Config) (orientation int, extra int64, err error) {
	_, bytes := pixelOf(c.ColorModel)
	const most = 64
	block, err := findChunk(r, 12, most, 0, binary.LittleEndian, "EXIF", "")
	if len(block) > 6 && string(block[:4]) == "Exif" {
		block = block[6:]
	}
	return exifOrientation(block), 2 * bytes * int64(c.Height) * int64(c.Width), err // lossless: once as words, once as bytes
}

// findChunk looks for one chunk of a PNG (length, name, data, checksum) or RIFF file (name, length, data, even).
func findChunk(r io.ReadSeeker, at int64, most, behind int, order binary.ByteOrder, name, end string) ([]byte, error) {
	for range most {
		var head [8]byte
		if err := readFrom(r, at, head[:]); err != nil {
			return nil, unlessEnd(err)
		}
		length, got := int64(order.Uint32(head[:])), string(head[4:])
		if order == binary.LittleEndian {
			length, got = int64(order.Uint32(head[4:])), string(head[:4])
			length += length & 1
		}
		if got == name && length <= maxEXIF {
			block := make([]byte, length)
			return block, readFrom(r, at+8, block)
		}
		if got == end {
			return nil, nil
		}
		at += 8 + length + int64(behind)
	}
	return nil, nil
}

func readFrom(r io.ReadSeeker, at int64, b []byte) error {
	if _, err := r.Seek(at, io.SeekStart); err != nil {
		return err
	}
	_, err := io.ReadFull(r, b)
	return err
}

func lookBMP(io.ReadSeeker, image.Config) (int, int64, error) { return 1, 0, nil }

func lookTIFF(r io.ReadSeeker, c image.Config) (orientation int, extra int64, err error) {
	_, bytes := pixelOf(c.ColorModel)
	orientation, err = tiffOrientation(func(at int64, b []byte) error { return readFrom(r, at, b) })
	return orientation, bytes * int64(c.Height) * int64(c.Width), err
}

// exifOrientation reads a block of EXIF, which is a TIFF file without pixels; 1 where it says nothing.
func exifOrientation(block []byte) int {
	orientation, _ := tiffOrientation(func(at int64, b []byte) error { // reading a block cannot fail, but end
		if at < 0 || at > int64(len(block)) || copy(b, block[at:]) < len(b) {
			return io.ErrUnexpectedEOF
		}
		return nil
	})
	return orientation
}

// tiffOrientation looks for tag 274 among the entries of the first directory.
func tiffOrientation(read func(at int64, b []byte) error) (int, error) {
	var head [8]byte
	if err := read(0, head[:]); err != nil {
		return 1, unlessEnd(err)
	}
	var order binary.ByteOrder = binary.LittleEndian
	if head[0] == 'M' {
		order = binary.BigEndian
	}
	at := int64(order.Uint32(head[4:]))
	var count [2]byte
	if err := read(at, count[:]); err != nil {
		return 1, unlessEnd(err)
	}
	for i := range int64(order.Uint16(count[:])) {
		var entry [12]byte
		if err := read(at+2+12*i, entry[:]); err != nil {
			return 1, unlessEnd(err)
		}
		if order.Uint16(entry[:]) == 274 {
			if v := int(order.Uint16(entry[8:])); v >= 1 && v <= 8 {
				return v, nil
			}
			return 1, nil
		}
	}
	return 1, nil
}
