package inspect

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"

	"github.com/dqa-go/dqa/internal/text"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
)

// Diff is what one profile has otherwise than another.
type Diff struct {
	Same    bool       `json:"same"`              // byte for byte
	Lineage string     `json:"lineage,omitempty"` // if one was made of the other: how
	Changes []Change   `json:"changes"`           // of the whole
	Edges   []EdgeDiff `json:"edges"`             // that both have, and have otherwise
}

// Change is one thing, in words.
type Change struct {
	What   string `json:"what"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// EdgeDiff is what an edge has otherwise.
type EdgeDiff struct {
	Name    string   `json:"name"`
	Changes []Change `json:"changes"`
	Steps   *Stretch `json:"steps,omitempty"`
	Tables  bool     `json:"tables"` // what its coder knows
}

// Stretch is what steps were multiplied by: the geometric mean, the least and the most of all slots.
type Stretch struct {
	Mean  float64 `json:"mean"`
	Least float64 `json:"least"`
	Most  float64 `json:"most"`
}

// Compare tells what q has otherwise than p.
func Compare(p, q *profile.Profile) *Diff {
	d := &Diff{Same: p.Digest() == q.Digest(), Lineage: lineage(p, q), Changes: []Change{}, Edges: []EdgeDiff{}}
	note := func(what string, before, after any) {
		if !reflect.DeepEqual(before, after) {
			d.Changes = append(d.Changes, Change{what, text.Visible(fmt.Sprint(before)), text.Visible(fmt.Sprint(after))})
		}
	}
	note("model", fmt.Sprintf("%s %x", p.Network.Name, p.Network.Digest[:6]), fmt.Sprintf("%s %x", q.Network.Name, q.Network.Digest[:6]))
	note("setting", session.Describe(p.Setting), session.Describe(q.Setting))
	note("coder", p.Coder, q.Coder)
	note("calibrated on", p.Data.Spec, q.Data.Spec)
	note("contents of what it was calibrated on", fmt.Sprintf("%x", p.Data.Digest[:6]), fmt.Sprintf("%x", q.Data.Digest[:6]))
	note("images", p.Data.Images, q.Data.Images)
	note("seed", p.Seed, q.Seed)
	note("tool", p.Tool, q.Tool)
	note("instruction set", p.ISA, q.ISA)
	note("preprocessing", describePreprocess(p.Preprocess), describePreprocess(q.Preprocess))
	note("edges that stay float32", p.Skip, q.Skip)
	note("edges", len(p.Edges), len(q.Edges))
	note("models of coders", modelsOf(p), modelsOf(q))
	note("biases", len(p.Bias), len(q.Bias))
	note("gains", len(p.Gain), len(q.Gain))
	note("reference of clean images", referenceOf(p), referenceOf(q))
	note("bytes", len(p.Append(nil)), len(q.Append(nil)))
	for i := range q.Edges {
		k := slices.IndexFunc(p.Edges, func(e profile.Edge) bool { return e.Name == q.Edges[i].Name })
		if k < 0 {
			d.Changes = append(d.Changes, Change{"edge", "", text.Visible(q.Edges[i].Name)})
		} else if e := compareEdges(&p.Edges[k], &q.Edges[i], p, q); len(e.Changes) > 0 || e.Steps != nil || e.Tables {
			d.Edges = append(d.Edges, e)
		}
	}
	for i := range p.Edges {
		if !slices.ContainsFunc(q.Edges, func(e profile.Edge) bool { return e.Name == p.Edges[i].Name }) {
			d.Changes = append(d.Changes, Change{"edge", text.Visible(p.Edges[i].Name), ""})
		}
	}
	return d
}

// modelsOf tells models apart by what is in them.
func modelsOf(p *profile.Profile) string {
	sum := uint64(14695981039346656037)
	for _, m := range p.Frequencies {
		for _, f := range m {
			sum = (sum ^ uint64(f)) * 1099511628211
		}
	}
	return fmt.Sprintf("%d (%08x)", len(p.Frequencies), uint32(sum))
}

func referenceOf(p *profile.Profile) string {
	r, err := p.Reference()
	if err != nil {
		return "none"
	}
	return fmt.Sprintf("of %d images", len(r.Rows))
}

// lineage says which of two profiles was made of the other.
func lineage(p, q *profile.Profile) string {
	for _, pair := range []struct {
		parent, child *profile.Profile
		words         string
	}{{p, q, "the second was made of the first"}, {q, p, "the first was made of the second"}} {
		l, err := pair.child.Lineage()
		if err != nil || l.Parent != pair.parent.Digest() {
			continue
		}
		line := fmt.Sprintf("%s, level %s, from %d images of %s", pair.words, l.Level, l.Data.Images, l.Data.Spec)
		if l.Reason != "" {
			line += ": " + l.Reason
		}
		return text.Visible(line)
	}
	return ""
}

func compareEdges(a, b *profile.Edge, p, q *profile.Profile) EdgeDiff {
	d := EdgeDiff{Name: text.Visible(b.Name), Changes: []Change{}}
	note := func(what string, before, after any) {
		if !reflect.DeepEqual(before, after) {
			d.Changes = append(d.Changes, Change{what, fmt.Sprint(before), fmt.Sprint(after)})
		}
	}
	shape := func(e *profile.Edge) string { return fmt.Sprintf("%dx%dx%d", e.Channels, e.Rows, e.Cols) }
	note("shape", shape(a), shape(b))
	note("bits", fmt.Sprintf("%d+%d", a.Bits, a.ExtraBits), fmt.Sprintf("%d+%d", b.Bits, b.ExtraBits))
	note("scale", a.Scale, b.Scale)
	note("level map", a.Map, b.Map)
	note("unsigned", a.Unsigned, b.Unsigned)
	note("escape", a.Escape, b.Escape)
	note("means", a.DC, b.DC)
	note("transform", a.Transform != nil, b.Transform != nil)
	note("coder", a.Coder, b.Coder)
	note("tile", fmt.Sprintf("%dx%d", a.Tile.Channels, a.Tile.Rows), fmt.Sprintf("%dx%d", b.Tile.Channels, b.Tile.Rows))
	if !slices.Equal(a.Important, b.Important) {
		note("important channels", fmt.Sprint(a.NumImportant()), fmt.Sprintf("%d, others", b.NumImportant()))
	}
	if len(a.Steps) == len(b.Steps) && !slices.Equal(a.Steps, b.Steps) {
		d.Steps = stretch(a.Steps, b.Steps)
	}
	d.Tables = !slices.Equal(a.Table, b.Table) || !reflect.DeepEqual(a.Prefix, b.Prefix) || !reflect.DeepEqual(a.Taps, b.Taps)
	models := func(m, n uint8) bool { return slices.Equal(p.Frequencies[m], q.Frequencies[n]) }
	d.Tables = d.Tables || !slices.EqualFunc(a.Models, b.Models, models)
	if x, y := a.Earlier, b.Earlier; x == nil || y == nil {
		d.Tables = d.Tables || x != y
	} else {
		d.Tables = d.Tables || x.Edge != y.Edge || !reflect.DeepEqual(x.Taps, y.Taps) || !reflect.DeepEqual(x.Weights, y.Weights) ||
			!slices.EqualFunc(x.Models, y.Models, models)
	}
	return d
}

func stretch(before, after []float32) *Stretch {
	s, sum, n := &Stretch{Mean: 1, Least: math.Inf(1)}, 0.0, 0.0
	for i := range before {
		if before[i] > 0 && after[i] > 0 {
			by := float64(after[i]) / float64(before[i])
			s.Least, s.Most = min(s.Least, by), max(s.Most, by)
			sum, n = sum+math.Log(by), n+1
		}
	}
	if n == 0 { // steps came from 0, or went there
		return &Stretch{}
	}
	s.Mean = math.Exp(sum / n)
	return s
}

// WriteText writes it as people read it.
func (d *Diff) WriteText(w io.Writer) error {
	if d.Same {
		_, err := fmt.Fprintln(w, "the same profile, byte for byte")
		return err
	}
	if d.Lineage != "" {
		fmt.Fprintln(w, d.Lineage)
	}
	for _, c := range d.Changes {
		fmt.Fprintf(w, "%s: %s, now %s\n", c.What, cmp.Or(c.Before, "none"), cmp.Or(c.After, "none"))
	}
	tables := 0
	for _, e := range d.Edges {
		if e.Tables {
			tables++
		}
		for _, c := range e.Changes {
			fmt.Fprintf(w, "edge %s: %s %s, now %s\n", e.Name, c.What, c.Before, c.After)
		}
		if s := e.Steps; s != nil {
			fmt.Fprintf(w, "edge %s: steps times %.3f (%.3f to %.3f)\n", e.Name, s.Mean, s.Least, s.Most)
		}
	}
	_, err := fmt.Fprintf(w, "%d edges differ, %d of them in what their coder knows\n", len(d.Edges), tables)
	return err
}
