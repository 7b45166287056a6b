package inspect_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/inspect"
	"github.com/dqa-go/dqa/profile"
)

func TestCompare(t *testing.T) {
	p, _ := made(t, profile.Setting{Name: "direct", Bits: 4, Scale: profile.StaticChannel}, profile.Small)
	if d := inspect.Compare(p, p); !d.Same || len(d.Changes)+len(d.Edges) > 0 || d.Lineage != "" {
		t.Errorf("a profile against itself: %+v", d)
	}
	q := *p
	q.Edges, q.Seed = slices.Clone(p.Edges), 9
	e := &q.Edges[1]
	e.Steps = slices.Clone(e.Steps)
	for c := range e.Steps {
		e.Steps[c] *= 2
	}
	if err := q.SetLineage(&profile.Lineage{Parent: p.Digest(), Level: "steps", Reason: "a lamp\x1b[1m", Data: profile.Data{Spec: "dir:x", Images: 3}}); err != nil {
		t.Fatal(err)
	}
	d := inspect.Compare(p, &q)
	seed := slices.Contains(d.Changes, inspect.Change{What: "seed", Before: "0", After: "9"})
	if d.Same || !seed || len(d.Edges) != 1 || d.Edges[0].Name != e.Name || d.Edges[0].Tables || d.Edges[0].Steps.Mean < 1.99 || d.Edges[0].Steps.Most != 2 {
		t.Errorf("%+v, edges %+v", d, d.Edges)
	}
	if !strings.HasPrefix(d.Lineage, "the second was made of the first, level steps, from 3 images of dir:x: a lamp") || strings.Contains(d.Lineage, "\x1b") {
		t.Errorf("lineage %q", d.Lineage)
	}
	var b strings.Builder
	if err := d.WriteText(&b); err != nil || !strings.Contains(b.String(), "steps times 2.000 (2.000 to 2.000)") ||
		!strings.Contains(b.String(), "1 edges differ, 0 of them in what their coder knows") {
		t.Errorf("%v\n%s", err, b.String())
	}
	q.Edges = q.Edges[:1]
	if d := inspect.Compare(&q, p); len(d.Edges) != 0 || !slices.ContainsFunc(d.Changes, func(c inspect.Change) bool { return c.What == "edge" && c.Before == "" }) {
		t.Errorf("edges that one lacks: %+v", d)
	}
}
