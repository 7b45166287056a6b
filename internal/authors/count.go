package authors

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz/lzma"
)

// counts are how often each error occurs in a channel of a batch.
type counts [1 << ExtraBits]int64

// bits is what their Huffman code of the channel takes with its tree: per symbol that occurs 3 bits for the length of its
// word, the word, and 3 bits for the symbol. A single symbol has a word of one bit.
func (c counts) bits() (sum int64) {
	type tree struct {
		weight  int64
		symbols []int
	}
	var trees []tree
	for s, n := range c {
		if n > 0 {
			trees = append(trees, tree{n, []int{s}})
		}
	}
	var length [len(c)]int64
	if len(trees) == 1 {
		length[trees[0].symbols[0]] = 1
	}
	for len(trees) > 1 {
		slices.SortStableFunc(trees, func(a, b tree) int { return int(min(1, max(-1, a.weight-b.weight))) })
		joined := tree{trees[0].weight + trees[1].weight, slices.Concat(trees[0].symbols, trees[1].symbols)}
		for _, s := range joined.symbols {
			length[s]++
		}
		trees = append(trees[2:], joined)
	}
	for s, n := range c {
		sum += n * length[s]
		if n > 0 {
			sum += 3 + length[s] + ExtraBits
		}
	}
	return sum
}

// packer packs errors, the first in the lowest bits.
type packer struct {
	out  []byte
	acc  uint32
	have uint
}

func (p *packer) reset() { p.out, p.acc, p.have = p.out[:0], 0, 0 }

func (p *packer) add(e uint8) {
	p.acc |= uint32(e) << p.have
	for p.have += ExtraBits; p.have >= 8; p.have -= 8 {
		p.out = append(p.out, byte(p.acc))
		p.acc >>= 8
	}
}

// bytes are those of all errors so far, none of which may follow.
func (p *packer) bytes() []byte {
	if p.have > 0 {
		p.out = append(p.out, byte(p.acc))
	}
	return p.out
}

// Compressor is a general-purpose one at its highest level.
type Compressor struct {
	Name string
	open func(w io.Writer, size int) (io.WriteCloser, error)
}

// Compressors are those that they compare with. Ours of zstd has no level 22, nor has that of lzma the options of -9e.
var Compressors = []Compressor{
	{"deflate", func(w io.Writer, _ int) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) }},
	{"lzma", func(w io.Writer, size int) (io.WriteCloser, error) { // a dictionary of no more than the data: it is cleared
		return lzma.WriterConfig{DictCap: max(lzma.MinDictCap, min(size, 1<<23)), Matcher: lzma.BinaryTree}.NewWriter(w)
	}},
	{"zstd", func(w io.Writer, _ int) (io.WriteCloser, error) {
		return zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	}},
}

// size is that of b compressed.
func (c Compressor) size(b []byte) (int, error) {
	var out bytes.Buffer
	w, err := c.open(&out, len(b))
	if err == nil {
		_, err = w.Write(b)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w", c.Name, err)
	}
	return out.Len(), nil
}
