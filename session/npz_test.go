package session

import (
	"archive/zip"
	"bytes"
	"os"
	"slices"
	"testing"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/profile"
	"github.com/google/go-cmp/cmp"
)

func TestArrayKeys(t *testing.T) {
	var arrays []Array
	for _, name := range []string{"a", "a", "a_1", "b/c", "a", ""} {
		arrays = append(arrays, Array{Name: name})
	}
	if d := cmp.Diff([]string{"a", "a_2", "a_1", "b/c", "a_4", ""}, arrayKeys(arrays)); d != "" {
		t.Error(d)
	}
}

// A damaged profile may give two edges one name: both become arrays, as dqa decode writes them.
func TestDecodeOfEqualNames(t *testing.T) {
	b, err := os.ReadFile("../testdata/hostile/dup.dqap")
	if err != nil {
		t.Fatal(err)
	}
	p, err := profile.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	codec, err := dqa.NewCodec(p)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	var edges [][]float32
	for i := range p.Edges {
		names = append(names, p.Edges[i].Name)
		edges = append(edges, make([]float32, p.Edges[i].Elements()))
	}
	slices.Sort(names)
	if len(slices.Compact(slices.Clone(names))) == len(names) {
		t.Fatalf("no name is there twice: %q", names)
	}
	frame, err := codec.NewEncoder().Append(nil, edges)
	if err != nil {
		t.Fatal(err)
	}
	d, err := Decode(p, frame, DecodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	all, err := DecodeAll(p, 2, func(int) ([]byte, error) { return frame, nil }, DecodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, arrays := range [][]Array{d.Edges, all.Edges} {
		var archive bytes.Buffer
		if err := WriteNPZ(&archive, arrays); err != nil {
			t.Fatal(err)
		}
		r, err := zip.NewReader(bytes.NewReader(archive.Bytes()), int64(archive.Len()))
		if err != nil {
			t.Fatal(err)
		}
		keys := map[string]bool{}
		for _, f := range r.File {
			keys[f.Name] = true
		}
		if len(keys) != len(p.Edges) {
			t.Errorf("%d keys of %d edges: %v", len(keys), len(p.Edges), keys)
		}
	}
}
