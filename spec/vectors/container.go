package main

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
)

// kind says how a field's bytes come about.
type kind int

const (
	plain    kind = iota
	checksum      // of all fields of its group before it; of all fields if the group is ""
	length        // of all fields of its group behind it, as uvarint
	baseSize      // where the first refinement begins
)

// field is a field of a file. Fields of a group are checked, or counted, together.
type field struct {
	group, name string
	kind        kind
	bytes       []byte
}

// container is a file, field by field: what depends on other fields is worked out last, so that one field can be wrong
// and all others right.
type container []field

func (c container) index(name string) int {
	i := slices.IndexFunc(c, func(f field) bool { return f.name == name })
	if i < 0 {
		panic("no field " + name)
	}
	return i
}

// with is c with other bytes in a field.
func (c container) with(name string, b ...byte) container {
	d := slices.Clone(c)
	f := &d[d.index(name)]
	f.kind, f.bytes = plain, b
	return d
}

// flipped is c with bits of a field's byte turned over; what is worked out from it is as it was.
func (c container) flipped(name string, at int, mask byte) container {
	d := slices.Clone(c)
	i := d.index(name)
	for k := range d {
		if d[k].kind != plain {
			d[k].bytes, d[k].kind = c.resolved()[k], plain
		}
	}
	d[i].bytes = slices.Clone(d[i].bytes)
	d[i].bytes[at] ^= mask
	return d
}

// behind is c with more bytes at the end of a field.
func (c container) behind(name string, b ...byte) container {
	return c.with(name, append(slices.Clone(c.get(name)), b...)...)
}

// get is what stands in a field.
func (c container) get(name string) []byte { return c.resolved()[c.index(name)] }

// before is the file up to a field.
func (c container) before(name string) []byte {
	return slices.Concat(c.resolved()[:c.index(name)]...)
}

func (c container) bytes() []byte { return slices.Concat(c.resolved()...) }

// resolved are the bytes of all fields.
func (c container) resolved() [][]byte {
	out := make([][]byte, len(c))
	for i, f := range c {
		switch f.kind {
		case plain:
			out[i] = f.bytes
		case length:
			out[i] = uvarint(c.lengthBehind(i))
		default:
			out[i] = make([]byte, 4)
		}
	}
	for i, f := range c {
		if f.kind == baseSize {
			binary.LittleEndian.PutUint32(out[i], uint32(c.base(out)))
		}
	}
	for i, f := range c {
		if f.kind == checksum {
			binary.LittleEndian.PutUint32(out[i], crc(c.covered(out, i)))
		}
	}
	return out
}

func (c container) lengthBehind(i int) int {
	n := 0
	for _, f := range c[i+1:] {
		if f.group == c[i].group {
			n += len(f.bytes)
		}
	}
	return n
}

func (c container) base(out [][]byte) int {
	n := 0
	for i, f := range c {
		if strings.HasPrefix(f.group, "refinement") {
			break
		}
		n += len(out[i])
	}
	return n
}

func (c container) covered(out [][]byte, i int) []byte {
	var b []byte
	for k := range i {
		if c[i].group == "" || c[k].group == c[i].group {
			b = append(b, out[k]...)
		}
	}
	return b
}

// add appends a field.
func (c *container) add(group, name string, b ...byte) {
	if group != "" {
		name = group + " " + name
	}
	*c = append(*c, field{group: group, name: name, bytes: b})
}

func (c *container) addKind(group, name string, k kind) {
	c.add(group, name)
	(*c)[len(*c)-1].kind = k
}

func crc(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

func uvarint[T ~int | ~uint8 | ~uint16 | ~uint64](v T) []byte {
	return binary.AppendUvarint(nil, uint64(v))
}

func u32(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }

func u64(v uint64) []byte { return binary.LittleEndian.AppendUint64(nil, v) }

func text(s string) []byte { return append(uvarint(len(s)), s...) }

func numbered(name string, i int) string { return fmt.Sprint(name, i) }
