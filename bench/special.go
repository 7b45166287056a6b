package bench

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"math"

	"github.com/klauspost/compress/zstd"
)

// words say what the bytes of an edge are.
type words struct {
	width  int // bytes of one, little-endian
	cols   int // of a line of the tensor; with channels last the channels
	signed bool
}

// special is a compressor that looks at words or lines, or takes its time. It codes an edge at a time.
type special struct {
	name       string
	compress   func(dst, src []byte, w words) ([]byte, error)
	decompress func(dst, src []byte, w words) error
}

// specials are what people use for tensors like these besides the fast compressors for bytes.
func specials() []special {
	return []special{zstdBest(), deflateBest(), {"png", appendPNG, readPNG}, {"zvc", appendZVC, readZVC}, {"ebpc", appendEBPC, readEBPC}}
}

// edgewise stores every edge by one of them, with its length before it: codes as bytes, or float16 values.
type edgewise struct {
	bytewise
	special
	half bool
}

func (e *edgewise) encode(dst []byte, image [][]float32) (_ []byte, err error) {
	for i, x := range image {
		b := &e.bytewise
		b.raw = b.raw[:0]
		if e.half {
			for _, v := range x {
				b.raw = binary.LittleEndian.AppendUint16(b.raw, toHalf(v))
			}
		} else {
			b.quantize(&b.edges[i], x)
		}
		if b.packed, err = e.special.compress(b.packed[:0], b.raw, e.words(i)); err != nil {
			return nil, fmt.Errorf("%s: %w", e.special.name, err)
		}
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(b.packed)))
		dst = append(dst, b.packed...)
	}
	return dst, nil
}

func (e *edgewise) decode(image [][]float32, src []byte) error {
	for i, x := range image {
		w, n := e.words(i), int(binary.LittleEndian.Uint32(src))
		raw := make([]byte, len(x)*w.width)
		if err := e.special.decompress(raw, src[4:4+n], w); err != nil {
			return fmt.Errorf("%s: %w", e.special.name, err)
		}
		src = src[4+n:]
		if !e.half {
			e.dequantize(&e.edges[i], x, raw)
			continue
		}
		for k := range x {
			x[k] = fromHalf(binary.LittleEndian.Uint16(raw[2*k:]))
		}
	}
	return nil
}

func (e *edgewise) words(i int) words {
	edge := &e.edges[i]
	w := words{width: 1, cols: edge.Cols, signed: !edge.Unsigned}
	if edge.ChannelsLast {
		w.cols = edge.Channels
	}
	if e.half {
		w.width, w.signed = 2, false // sign and magnitude
	}
	return w
}

func zstdBest() special {
	c := zstdCoder()
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1),
		zstd.WithEncoderCRC(false))
	if err != nil {
		panic(err) // constant options
	}
	return special{"zstd-best", func(dst, src []byte, _ words) ([]byte, error) { return enc.EncodeAll(src, dst), nil },
		func(dst, src []byte, _ words) error { return c.decompress(dst, src) }}
}

func deflateBest() special {
	c := deflateCoder(flate.BestCompression)
	return special{"deflate-9", func(dst, src []byte, _ words) ([]byte, error) { return c.compress(dst, src) },
		func(dst, src []byte, _ words) error { return c.decompress(dst, src) }}
}

// appendPNG writes a grey picture, of 16 bits for words of two bytes, the channels below each other.
func appendPNG(dst, src []byte, w words) ([]byte, error) {
	rows := len(src) / (w.width * w.cols)
	var img image.Image = &image.Gray{Pix: src, Stride: w.cols, Rect: image.Rect(0, 0, w.cols, rows)}
	if w.width == 2 {
		wide := image.NewGray16(image.Rect(0, 0, w.cols, rows))
		for i := 0; i < len(src); i += 2 {
			wide.Pix[i], wide.Pix[i+1] = src[i+1], src[i]
		}
		img = wide
	}
	out := bytes.NewBuffer(dst)
	err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(out, img)
	return out.Bytes(), err
}

func readPNG(dst, src []byte, _ words) error {
	img, err := png.Decode(bytes.NewReader(src))
	if err != nil {
		return err
	}
	switch img := img.(type) {
	case *image.Gray:
		copy(dst, img.Pix)
	case *image.Gray16:
		for i := 0; i < len(dst); i += 2 {
			dst[i], dst[i+1] = img.Pix[i+1], img.Pix[i]
		}
	default:
		return errSize
	}
	return nil
}

// appendZVC is zero-value compression: a bit per word says whether it is zero; the others follow as they are (Rhu, O'Connor,
// Chatterjee, Pool, Kwon, Keckler, HPCA 2018).
func appendZVC(dst, src []byte, w words) ([]byte, error) {
	n := len(src) / w.width
	mask := len(dst)
	dst = append(dst, make([]byte, (n+7)/8)...)
	for i := range n {
		if word := src[i*w.width : (i+1)*w.width]; w.of(word) != 0 {
			dst[mask+i/8] |= 1 << (i % 8)
			dst = append(dst, word...)
		}
	}
	return dst, nil
}

func readZVC(dst, src []byte, w words) error {
	n := len(dst) / w.width
	mask, rest := src[:(n+7)/8], src[(n+7)/8:]
	clear(dst)
	for i := range n {
		if mask[i/8]>>(i%8)&1 == 1 {
			rest = rest[copy(dst[i*w.width:(i+1)*w.width], rest):]
		}
	}
	return nil
}

// of is the word as a number.
func (w words) of(b []byte) int {
	if w.width == 1 {
		return int(b[0])
	}
	return int(binary.LittleEndian.Uint16(b))
}

func (w words) put(b []byte, v int) {
	b[0] = byte(v)
	if w.width == 2 {
		b[1] = byte(v >> 8)
	}
}

func deflateCoder(level int) compressor {
	var out bytes.Buffer
	enc, err := flate.NewWriter(&out, level)
	if err != nil {
		panic(err) // a constant level
	}
	dec := flate.NewReader(bytes.NewReader(nil))
	return compressor{"deflate", func(dst, src []byte) ([]byte, error) {
		out.Reset()
		enc.Reset(&out)
		_, err := enc.Write(src)
		err = errors.Join(err, enc.Close())
		return append(dst, out.Bytes()...), err
	}, func(dst, src []byte) error {
		if err := dec.(flate.Resetter).Reset(bytes.NewReader(src), nil); err != nil {
			return err
		}
		_, err := io.ReadFull(dec, dst)
		return err
	}}
}

// toHalf rounds to float16, ties to even.
func toHalf(v float32) uint16 {
	b := math.Float32bits(v)
	sign, magnitude := uint16(b>>16&0x8000), b&^(1<<31)
	switch {
	case magnitude > 0x7f800000: // NaN
		return sign | 0x7e00
	case magnitude >= 0x477ff000: // from 65520 on
		return sign | 0x7c00
	case magnitude >= 0x38800000: // normal: from 2^-14 on
		rounded := magnitude + 0xfff + magnitude>>13&1
		return sign | uint16((rounded-(127-15)<<23)>>13)
	}
	return sign | uint16(math.RoundToEven(float64(math.Float32frombits(magnitude))*(1<<24)))
}

func fromHalf(h uint16) float32 {
	fraction, exponent := float64(h&0x3ff), int(h>>10&31)
	v := math.Ldexp(fraction, -24)
	switch {
	case exponent == 31 && fraction > 0:
		v = math.NaN()
	case exponent == 31:
		v = math.Inf(1)
	case exponent > 0:
		v = math.Ldexp(fraction+1024, exponent-25)
	}
	return float32(math.Copysign(v, 1-float64(h>>15)*2))
}
