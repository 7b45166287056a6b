package reader

import (
	"fmt"
	"math"
	"strings"
)

// Reference is what the section reference says, in one line; nothing if there is none.
func (p *Profile) Reference() (line string, err error) {
	defer recovered(&err)
	data, ok := p.extras[160]
	if !ok {
		return "", nil
	}
	r := &reader{data: data, cause: Header}
	var edges []string
	last, classes := -1, 0
	for range r.count(128, "edges of a reference") {
		k := r.uvarint()
		need(k < uint64(len(p.edges)) && int(k) > last, Header, "edge of a reference")
		last = int(k)
		edges = append(edges, fmt.Sprint(last))
		r.moments(6)
		for range 16 {
			classes += r.u16()
		}
		groups := r.u8()
		need(groups == min(p.edges[last].channels, 16), Header, "groups of channels")
		r.moments(groups)
	}
	need(len(edges) > 0, Header, "no edges of a reference")
	images, run := r.count(512, "images of a reference"), r.count(512, "images in a row")
	streams, coded := r.count(64, "streams"), r.count(64, "streams of coded bits")
	need(images > 0 && run > 0 && run <= images && streams > 0 && coded <= streams, Header, "rows")
	sum := 0
	for _, b := range r.bytes(images * streams) {
		sum += int(int8(b))
	}
	r.end()
	return fmt.Sprintf("edges %s, classes %d, %d images in runs of %d, %d of %d streams, sum %d",
		strings.Join(edges, " "), classes, images, run, coded, streams, sum), nil
}

// moments are means and deviations.
func (r *reader) moments(n int) {
	for range n {
		mean, spread := r.f32(), r.f32()
		need(finite(mean) && finite(spread) && spread >= 0, Header, "mean or deviation")
	}
}

// Lineage is what the section lineage says, in one line; nothing if there is none.
func (p *Profile) Lineage() (line string, err error) {
	defer recovered(&err)
	data, ok := p.extras[161]
	if !ok {
		return "", nil
	}
	r := &reader{data: data, cause: Header}
	parent, reason, level, spec, digest := r.bytes(32), r.string(), r.string(), r.string(), r.bytes(32)
	images := r.count(math.MaxInt32, "images")
	r.end()
	return fmt.Sprintf("%x %s %s %s %x %d", parent, reason, level, spec, digest, images), nil
}
