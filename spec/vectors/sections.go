package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dqa-go/dqa/profile"
)

// sectionVectors are profiles with sections that a reader may skip, good ones and bad ones: the profile is good with any.
func sectionVectors(s *set) {
	var lines [2]string
	good := [2][]byte{referenceSection(&lines[0]), lineageSection(&lines[1])}
	add := func(name, what string, reference, lineage []byte, says ...string) {
		p := richProfile()
		for k, data := range [][]byte{reference, lineage} {
			if data != nil {
				p.Extra = append(p.Extra, profile.Extra{Tag: uint8(160 + k), Data: data})
			}
		}
		s.parsed("profile2-"+name, what, p)
		v := &s.doc.Vectors[len(s.doc.Vectors)-1]
		v.Reference, v.Lineage = says[0], says[1]
		s.agree(v, p)
	}
	add("sections", "a reference and a lineage", good[0], good[1], lines[0], lines[1])
	add("reference", "a reference of one edge", good[0], nil, lines[0], "")
	add("reference-empty", "a reference without edges", []byte{0, 1, 1, 1, 0, 5}, nil, causeHeader, "")
	add("reference-edges", "a reference of 129 edges", []byte{129, 1}, nil, causeLimit, "")
	add("reference-edge", "a reference of an edge that is not there", append([]byte{1, 99}, good[0][2:]...), nil, causeHeader, "")
	add("reference-short", "a reference without its last byte", good[0][:len(good[0])-1], nil, causeHeader, "")
	add("reference-long", "a byte behind a reference", append(slices.Clone(good[0]), 0), nil, causeHeader, "")
	nan := slices.Clone(good[0])
	copy(nan[2:], []byte{0, 0, 0xc0, 0x7f})
	add("reference-nan", "a mean that is not a number", nan, nil, causeHeader, "")
	negative := slices.Clone(good[0])
	negative[9] |= 0x80
	add("reference-negative", "a negative deviation", negative, nil, causeHeader, "")
	add("lineage-short", "a lineage without its last byte", nil, good[1][:len(good[1])-1], "", causeHeader)
	add("lineage-long", "a byte behind a lineage", nil, append(slices.Clone(good[1]), 0), "", causeHeader)
}

// referenceSection is of edge 0 of richProfile.
func referenceSection(line *string) []byte {
	b := []byte{1, 0}
	for k := range 6 {
		b = append(append(b, f32(float32(k)-2)...), f32(.5)...)
	}
	classes := 0
	for k := range 16 {
		b = append(b, byte(k), byte(15-k))
		classes += k + (15-k)<<8
	}
	groups := min(richProfile().Edges[0].Channels, 16)
	b = append(b, byte(groups))
	for range groups {
		b = append(append(b, f32(-1)...), f32(0)...)
	}
	b = append(b, 3, 2, 2, 1)
	sum := 0
	for _, v := range []int{-128, 127, 0, 1, -1, 5} {
		b, sum = append(b, byte(v)), sum+v
	}
	*line = fmt.Sprintf("edges 0, classes %d, 3 images in runs of 2, 1 of 2 streams, sum %d", classes, sum)
	return b
}

func lineageSection(line *string) []byte {
	b := slices.Repeat([]byte{0xab}, 32)
	for _, word := range []string{"a new lamp", "tables", "dir:photos"} {
		b = append(b, text(word)...)
	}
	b = append(append(b, slices.Repeat([]byte{0x12}, 32)...), uvarint(64)...)
	*line = strings.Repeat("ab", 32) + " a new lamp tables dir:photos " + strings.Repeat("12", 32) + " 64"
	return b
}

// agree compares with what the product reads.
func (s *set) agree(v *vector, p *profile.Profile) {
	_, err := p.Reference()
	_, other := p.Lineage()
	for _, c := range []struct {
		line string
		err  error
	}{{v.Reference, err}, {v.Lineage, other}} {
		if good := strings.Contains(c.line, " "); good != (c.err == nil) {
			s.fail("%s: the product says %v, the vector %q", v.Name, c.err, c.line)
		}
	}
}
