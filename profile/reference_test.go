package profile

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"github.com/dqa-go/dqa/internal/wire"
)

func watched() *Profile {
	p := &Profile{Setting: Setting{Bits: 4}}
	for i := range 3 {
		p.Edges = append(p.Edges, Edge{
			Name: string(rune('a' + i)), Geometry: Geometry{Channels: 2 + 20*i, Rows: 2, Cols: 3, Tile: Tile{Channels: 1, Rows: 1}},
			Quantizer: Quantizer{Bits: 4},
		})
	}
	return p
}

func aReference() *Reference {
	e := ReferenceEdge{Edge: 0, Groups: []Moments{{-1, 2}, {0, 0}}}
	f := ReferenceEdge{Edge: 2, Groups: make([]Moments, CodeGroups)}
	e.Statistics[CodedBits], f.Classes[3] = Moments{2.5, .25}, 65535
	return &Reference{Edges: []ReferenceEdge{e, f}, Rows: [][]int8{{-128, 0, 127}, {1, 2, 3}}, Run: 2, Coded: 2}
}

func TestReferenceAndLineageComeBack(t *testing.T) {
	p := watched()
	if _, err := p.Reference(); !errors.Is(err, ErrNoSection) {
		t.Errorf("no reference: %v", err)
	}
	if _, err := p.Lineage(); !errors.Is(err, ErrNoSection) {
		t.Errorf("no lineage: %v", err)
	}
	p.Extra = []Extra{{Tag: 200, Data: []byte("other")}}
	lineage := &Lineage{Parent: [32]byte{1}, Reason: "a new lamp", Level: "tables", Data: Data{Spec: "dir:x", Digest: [32]byte{2}, Images: 64}}
	if err := errors.Join(p.SetLineage(lineage), p.SetReference(aReference())); err != nil {
		t.Fatal(err)
	}
	q, err := Parse(p.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	r, err := q.Reference()
	if err != nil || !reflect.DeepEqual(r, aReference()) {
		t.Errorf("%+v, %v", r, err)
	}
	l, err := q.Lineage()
	if err != nil || !reflect.DeepEqual(l, lineage) {
		t.Errorf("%+v, %v", l, err)
	}
	if err := errors.Join(q.SetLineage(nil), q.SetReference(nil)); err != nil || len(q.Extra) != 1 || q.Extra[0].Tag != 200 {
		t.Errorf("left behind: %v, %v", q.Extra, err)
	}
}

func TestReferenceRefuses(t *testing.T) {
	for name, change := range map[string]func(r *Reference){
		"no edges":       func(r *Reference) { r.Edges = nil },
		"order":          func(r *Reference) { r.Edges[1].Edge = 0 },
		"no such edge":   func(r *Reference) { r.Edges[1].Edge = 3 },
		"groups":         func(r *Reference) { r.Edges[0].Groups = r.Edges[0].Groups[:1] },
		"spread":         func(r *Reference) { r.Edges[0].Statistics[Zeros].Spread = -1 },
		"no rows":        func(r *Reference) { r.Rows = nil },
		"empty rows":     func(r *Reference) { r.Rows = [][]int8{{}} },
		"unlike rows":    func(r *Reference) { r.Rows[1] = r.Rows[1][:2] },
		"run":            func(r *Reference) { r.Run = 3 },
		"coded":          func(r *Reference) { r.Coded = 4 },
		"too many":       func(r *Reference) { r.Rows = make([][]int8, MaxReferences+1) },
		"too many edges": func(r *Reference) { r.Edges = make([]ReferenceEdge, MaxWatched+1) },
	} {
		r := aReference()
		change(r)
		if err := watched().SetReference(r); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	p := watched()
	whole := aReference().append(nil)
	for n := range whole {
		p.Extra = []Extra{{Tag: tagReference, Data: whole[:n]}}
		var e *wire.Error
		if _, err := p.Reference(); !errors.As(err, &e) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
		if _, err := Parse(p.Append(nil)); err != nil {
			t.Fatalf("the profile with it: %v", err)
		}
	}
}

func FuzzReference(f *testing.F) {
	f.Add(aReference().append(nil))
	f.Add([]byte{1, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		p := watched()
		p.Extra = []Extra{{Tag: tagReference, Data: b}, {Tag: tagLineage, Data: b}}
		r, err := p.Reference()
		var e *wire.Error
		if err != nil && !errors.As(err, &e) {
			t.Fatal(err)
		}
		if err == nil && !bytes.Equal(r.append(nil), b) {
			t.Fatal("other bytes")
		}
		if _, err := p.Lineage(); err != nil && !errors.As(err, &e) {
			t.Fatal(err)
		}
	})
}
