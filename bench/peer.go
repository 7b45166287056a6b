package bench

import (
	"compress/flate"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/internal/quant"
	"github.com/dqa-go/dqa/profile"
	"github.com/klauspost/compress/fse"
	"github.com/klauspost/compress/huff0"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// compressor is a general one for bytes; decompress knows the size. Both reuse memory.
type compressor struct {
	name       string
	compress   func(dst, src []byte) ([]byte, error)
	decompress func(dst, src []byte) error
}

// bytewise stores every edge's codes as bytes by a general-purpose compressor, in blocks, each with its length before
// it and no checksum; codes beyond a byte are clamped.
type bytewise struct {
	edges []profile.Edge
	compressor
	codes  dqa.Codes
	raw    []byte
	packed []byte
}

// blockSize is that of huff0 and fse at most; the others gain next to nothing by more.
const blockSize = 1 << 16

func (b *bytewise) encode(dst []byte, image [][]float32) ([]byte, error) {
	b.raw = b.raw[:0]
	for i, x := range image {
		b.quantize(&b.edges[i], x)
	}
	for from := 0; from < len(b.raw); from += blockSize {
		var err error
		b.packed, err = b.compress(b.packed[:0], b.raw[from:min(from+blockSize, len(b.raw))])
		if err != nil {
			return nil, err
		}
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(b.packed)))
		dst = append(dst, b.packed...)
	}
	return dst, nil
}

// quantize appends the codes of an edge: where its channels lie one after the other, as fast as our own coders do.
func (b *bytewise) quantize(e *profile.Edge, x []float32) {
	if e.ChannelsLast {
		b.codes.Quantize(e, x)
		for _, c := range b.codes.Wide {
			b.raw = append(b.raw, clamped(c, e.Unsigned))
		}
		return
	}
	plane, from := e.Rows*e.Cols, len(b.raw)
	b.raw = slices.Grow(b.raw, len(x))[:from+len(x)]
	for c := range e.Channels {
		quant.QuantizeBytes(b.raw[from+c*plane:][:plane], x[c*plane:(c+1)*plane], quant.StepScale(e.Steps[e.ScaleSlot(c)]), e.ByteLevels(c))
	}
}

// dequantize is the inverse.
func (b *bytewise) dequantize(e *profile.Edge, x []float32, raw []byte) {
	if !e.ChannelsLast {
		plane := e.Rows * e.Cols
		for c := range e.Channels {
			quant.DequantizeBytes(x[c*plane:(c+1)*plane], raw[c*plane:], e.Steps[e.ScaleSlot(c)], !e.Unsigned)
		}
		return
	}
	b.codes.Wide = b.codes.Wide[:0]
	for _, c := range raw {
		code := int16(c)
		if !e.Unsigned {
			code = int16(int8(c))
		}
		b.codes.Wide = append(b.codes.Wide, code)
	}
	b.codes.Dequantize(e, x)
}

// clamped is the code as a byte; two's complement where it is signed.
func clamped(c int16, unsigned bool) byte {
	if unsigned {
		return byte(min(c, 255))
	}
	return byte(int8(max(-128, min(127, c))))
}

func (b *bytewise) decode(image [][]float32, src []byte) error {
	n := size(image)
	if cap(b.raw) < n {
		b.raw = make([]byte, n)
	}
	b.raw = b.raw[:n]
	for from := 0; from < n; from += blockSize {
		k := int(binary.LittleEndian.Uint32(src))
		if err := b.decompress(b.raw[from:min(from+blockSize, n)], src[4:4+k]); err != nil {
			return err
		}
		src = src[4+k:]
	}
	raw := b.raw
	for i, x := range image {
		b.dequantize(&b.edges[i], x, raw[:len(x)])
		raw = raw[len(x):]
	}
	return nil
}

var errSize = errors.New("decompressed to another size")

func compressors() []compressor {
	return []compressor{huff0Coder(), fseCoder(), zstdCoder(), deflateCoder(flate.DefaultCompression), lz4Coder()}
}

// stored marks a block that a compressor refuses: it is kept as it is.
const (
	stored = iota
	packed
	repeated // one byte, over and over
)

func huff0Coder() compressor {
	enc, dec := huff0.Scratch{Reuse: huff0.ReusePolicyNone}, huff0.Scratch{}
	return compressor{"huff0", func(dst, src []byte) ([]byte, error) {
		out, _, err := huff0.Compress4X(src, &enc)
		return blockOf(dst, src, out, err, errors.Is(err, huff0.ErrIncompressible), errors.Is(err, huff0.ErrUseRLE))
	}, func(dst, src []byte) error {
		return unblock(dst, src, func(src []byte) ([]byte, error) {
			s, rest, err := huff0.ReadTable(src, &dec)
			if err != nil {
				return nil, err
			}
			return s.Decoder().Decompress4X(dst[:0:len(dst)], rest)
		})
	}}
}

func fseCoder() compressor {
	var enc, dec fse.Scratch
	return compressor{"fse", func(dst, src []byte) ([]byte, error) {
		out, err := fse.Compress(src, &enc)
		return blockOf(dst, src, out, err, errors.Is(err, fse.ErrIncompressible), errors.Is(err, fse.ErrUseRLE))
	}, func(dst, src []byte) error {
		return unblock(dst, src, func(src []byte) ([]byte, error) {
			dec.Out, dec.DecompressLimit = dec.Out[:0], len(dst)
			out, err := fse.Decompress(src, &dec)
			if err == nil && len(out) == len(dst) {
				copy(dst, out)
			}
			return out, err
		})
	}}
}

// blockOf appends what a compressor made of src, or src itself.
func blockOf(dst, src, out []byte, err error, refused, same bool) ([]byte, error) {
	switch {
	case same || len(src) == 1:
		return append(dst, repeated, src[0]), nil
	case refused:
		return append(append(dst, stored), src...), nil
	case err != nil:
		return nil, err
	}
	return append(append(dst, packed), out...), nil
}

func unblock(dst, src []byte, decompress func([]byte) ([]byte, error)) error {
	switch src[0] {
	case stored:
		copy(dst, src[1:])
	case repeated:
		for i := range dst {
			dst[i] = src[1]
		}
	default:
		out, err := decompress(src[1:])
		if err == nil && len(out) != len(dst) {
			err = errSize
		}
		return err
	}
	return nil
}

func zstdCoder() compressor {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
	if err != nil {
		panic(err) // constant options
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		panic(err)
	}
	return compressor{"zstd", func(dst, src []byte) ([]byte, error) { return enc.EncodeAll(src, dst), nil }, func(dst, src []byte) error {
		out, err := dec.DecodeAll(src, dst[:0])
		if err == nil && len(out) != len(dst) {
			err = errSize
		}
		return err
	}}
}

func lz4Coder() compressor {
	var enc lz4.Compressor
	return compressor{"lz4", func(dst, src []byte) ([]byte, error) {
		from := len(dst)
		dst = append(dst, make([]byte, lz4.CompressBlockBound(len(src)))...)
		n, err := enc.CompressBlock(src, dst[from:])
		return dst[:from+n], err
	}, func(dst, src []byte) error {
		n, err := lz4.UncompressBlock(src, dst)
		if err == nil && n != len(dst) {
			err = errSize
		}
		return err
	}}
}
