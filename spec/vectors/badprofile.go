package main

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
)

// change is another content of one field of a profile.
type change struct {
	field, name, cause, what string
	bytes                    []byte
}

func badProfileVectors(s *set) {
	f, lean := profileFile(richProfile()), profileFile(leanProfile())
	add := func(f container, lists ...[]change) {
		for _, c := range slices.Concat(lists...) {
			s.refusedProfile("profile-"+c.name, c.cause, c.what, f.with(c.field, c.bytes...).bytes())
		}
	}
	add(f, sectionChanges(f), originChanges(), preprocessChanges(), graderChanges())
	add(lean, methodChanges(), shapeChanges(), numberChanges(), coderChanges(lean), modelChanges(lean))
	for _, b := range badProfileFiles(f) {
		s.refusedProfile("profile-"+b.name, b.cause, b.what, b.bytes)
	}
}

// Numbers that a positive normal number is not, and what they are called.
var badFloats = []struct {
	name string
	v    float32
}{
	{"negative", -1}, {"minus-0", float32(math.Copysign(0, -1))}, {"subnormal", 1e-40},
	{"infinite", float32(math.Inf(1))}, {"nan", float32(math.NaN())},
}

func sectionChanges(f container) []change {
	list := []change{
		{"magic", "magic", causeHeader, "the magic number ends with another letter", []byte("DQAQ")},
		{"magic", "magic-of-frame", causeHeader, "the magic number is that of a frame", []byte("DQAF")},
		{"version", "version-0", causeHeader, "version 0", []byte{0}},
		{"version", "version-2", causeHeader, "version 2", []byte{2}},
	}
	for tag, name := range sections {
		n := f.lengthBehind(f.index(name + " length"))
		list = append(list,
			change{name + " tag", "tag-" + name, causeHeader, "the tag of section " + name + " is the next one's",
				[]byte{byte(tag + 2)}},
			change{name + " length", "long-" + name, causeHeader, "section " + name + " is a byte shorter than its length",
				uvarint(n + 1)},
			change{name + " length", "short-" + name, causeHeader, "section " + name + " is a byte longer than its length",
				uvarint(n - 1)})
	}
	n := f.lengthBehind(f.index("bias length"))
	return append(list,
		change{"evidence tag", "tag-0", causeHeader, "the tag of the last section is 0", []byte{0}},
		change{"bias length", "length-padded-uvarint", causeHeader, "a section's length takes a byte more than it needs",
			[]byte{byte(n) | 0x80, 0}},
		change{"models length", "length-65-bits", causeHeader, "a section's length does not fit 64 bits",
			append(bytes.Repeat([]byte{0xff}, 9), 2)})
}

var sections = []string{"origin", "preprocess", "method", "edges", "models", "bias", "evidence"}

func originChanges() []change {
	long := text(strings.Repeat("x", 4097))
	list := []change{{"origin tool", "origin-long-tool", causeLimit, "the tool's version has 4,097 bytes", long}}
	return append(list,
		change{"origin images", "origin-images", causeLimit, "2^31 images", uvarint[uint64](1 << 31)},
		change{"origin images", "origin-images-padded",
			causeHeader, "the number of images takes two bytes where one suffices", []byte{0x81, 0}},
		change{"origin skipped", "origin-skipped", causeLimit, "65,537 skipped edges are announced", uvarint(65537)},
		change{"origin skipped", "origin-skipped-missing", causeHeader, "three skipped edges are announced, there are two",
			uvarint(3)})
}

func preprocessChanges() []change {
	return []change{
		{"preprocess mean", "mean-count", causeLimit, "1,025 means are announced", uvarint(1025)},
		{"preprocess std", "std-count", causeLimit, "1,025 standard deviations are announced", uvarint(1025)},
		{"preprocess std", "std-0", causeHeader, "a standard deviation is 0", floats([]float32{.5, 0, .5})},
		{"preprocess std", "std-minus-0", causeHeader, "a standard deviation is 0 with a minus sign",
			floats([]float32{.5, float32(math.Copysign(0, -1)), .5})},
		{"preprocess label shift", "label-shift-2", causeHeader, "labels are shifted by 2", []byte{2}},
		{"preprocess label shift", "label-shift-minus-2", causeHeader, "labels are shifted by -2", []byte{0xfe}},
	}
}

func methodChanges() []change {
	var list []change
	add := func(field, name, what string, b ...byte) {
		list = append(list, change{"method " + field, "method-" + name, causeHeader, what, b})
	}
	add("n", "n-1", "n is 1", 1)
	add("n", "n-9", "n is 9", 9)
	add("m", "m-5", "m is 5", 5)
	add("r", "r-negative", "r is below 0", f64(-.25)...)
	add("r", "r-above-1", "r is the number after 1", f64(math.Nextafter(1, 2))...)
	add("r", "r-nan", "r is not a number", f64(math.NaN())...)
	for bit := 4; bit < 8; bit++ {
		add("flags", numbered("flag-", bit), "an unused bit of the flags is set", 1<<bit)
	}
	add("scale mode", "scale-mode-4", "scale mode 4", 4)
	add("coder", "coder-5", "coder 5", 5)
	add("apart", "apart-5", "5 low bits apart", 5)
	add("dial", "dial-5", "dial 5", 5)
	add("goal", "goal-negative", "the goal is below 0", f64(-1)...)
	add("goal", "goal-nan", "the goal is not a number", f64(math.NaN())...)
	return list
}

// graderChanges are those of what only graded profiles have.
func graderChanges() []change {
	list := []change{
		{"bias count", "bias-count", causeLimit, "65,537 nodes are announced", uvarint(65537)},
		{"bias node1 scale", "bias-scale-0", causeHeader, "the scale of a node's biases is 0", f32(0)},
		{"bias node1 channels", "bias-channels", causeHeader, "a node has one bias, two are announced", uvarint(2)},
		{"evidence edge1 count", "evidence-count", causeLimit, "a curve of 65 points is announced", uvarint(65)},
		{"evidence edge6 point0", "evidence-point-missing", causeHeader, "the last curve lacks its point", nil},
	}
	for _, f := range badFloats {
		list = append(list, change{"bias node0 scale", "bias-scale-" + f.name, causeHeader,
			"the scale of a node's biases is " + f.name, f32(f.v)})
	}
	return list
}

// badProfileFiles are wrong as a whole.
func badProfileFiles(f container) []broken {
	whole := f.bytes()
	sealed := func(b []byte) []byte { return append(slices.Clone(b), u32(crc(b))...) }
	list := []broken{
		{"empty", causeHeader, "there are no bytes", []byte{}},
		{"cut-in-magic", causeHeader, "the file ends within the magic number", whole[:2]},
		{"cut-before-version", causeHeader, "the file ends before the version", whole[:4]},
		{"cut-behind-version", causeHeader, "the file ends behind the version: there is no room for a checksum", whole[:5]},
		{"crc", causeChecksum, "a bit of the checksum is turned over", f.flipped("crc", 0, 1).bytes()},
		{"flipped-seed", causeChecksum, "a bit of the seed is turned over", f.flipped("origin seed", 3, 8).bytes()},
		{"flipped-step", causeChecksum, "a bit of a step is turned over", f.flipped(smallestEdge+"step1", 0, 1).bytes()},
		{"cut-unsealed", causeChecksum, "the last 20 bytes are missing, so that the last four are no checksum",
			whole[:len(whole)-20]},
		{"trailing-byte", causeHeader, "a byte lies between the last section and the checksum",
			sealed(append(f.before("crc"), 0))},
		{"second-evidence", causeHeader, "the last section comes twice",
			sealed(slices.Concat(f.before("crc"), whole[len(f.before("evidence tag")):len(whole)-4]))},
		{"sections-swapped", causeHeader, "the sections models and bias have changed places", sealed(slices.Concat(
			f.before("models tag"), f.part("bias tag", "evidence tag"), f.part("models tag", "bias tag"), f.part("evidence tag",
				"crc")))},
	}
	for _, name := range sections {
		list = append(list, broken{"without-" + name, causeHeader, "section " + name + " is missing",
			sealed(f.without(name))})
		list = append(list, broken{"cut-before-" + name, causeHeader, "the file ends before section " + name,
			sealed(f.before(name + " tag"))})
		longer := f.with(name+" length", uvarint(f.lengthBehind(f.index(name+" length"))+1)...)
		i := longer.index(next(name))
		b := slices.Concat(longer.before(next(name)), []byte{0}, slices.Concat(longer.resolved()[i:len(longer)-1]...))
		list = append(list, broken{"padded-" + name, causeHeader,
			fmt.Sprintf("section %s has a byte behind its last field", name), sealed(b)})
	}
	return list
}

// part is the bytes from one field on, up to another.
func (c container) part(from, to string) []byte {
	return slices.Concat(c.resolved()[c.index(from):c.index(to)]...)
}

// without is the file without a section and the checksum.
func (c container) without(section string) []byte {
	return append(c.before(section+" tag"), c.part(next(section), "crc")...)
}

// next is the field behind a section.
func next(section string) string {
	if i := slices.Index(sections, section) + 1; i < len(sections) {
		return sections[i] + " tag"
	}
	return "crc"
}
