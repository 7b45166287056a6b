package text

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestVisible(t *testing.T) {
	for s, want := range map[string]string{
		"conv1/Relu:0": "conv1/Relu:0", "größe ×2": "größe ×2", "": "",
		"\x1b[2J\x07": `\x1b[2J\x07`, "a\ndqa: error: b": `a\ndqa: error: b`, "\u009b31m": `\x9b31m`, "\u202etxt": `\u202etxt`,
		"\xff": `\xff`, "\ufffd": "\ufffd", "\U000e0041": `\U000e0041`,
	} {
		if got := Visible(s); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

func TestAllVisible(t *testing.T) {
	type inner struct{ Name string }
	type outer struct {
		Names  []string
		ByName map[string]*inner
		Any    any
		None   *inner
		N      int
	}
	in := &outer{[]string{"\a"}, map[string]*inner{"\b": {"\f"}}, inner{"\v"}, nil, 3}
	want := &outer{[]string{`\x07`}, map[string]*inner{`\x08`: {`\x0c`}}, inner{`\x0b`}, nil, 3}
	if d := cmp.Diff(want, AllVisible(in)); d != "" {
		t.Error(d)
	}
	if in.Names[0] != "\a" {
		t.Error("the original has changed")
	}
}
