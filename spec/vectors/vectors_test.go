package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/frame"
	"github.com/dqa-go/dqa/internal/cpu"
	"github.com/dqa-go/dqa/profile"
)

func committed(t *testing.T) ([]byte, document) {
	t.Helper()
	b, err := os.ReadFile("vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var d document
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	return b, d
}

// The formats are frozen: whoever changes what this program writes must not commit it.
func TestCommittedVectorsAreWhatIsMade(t *testing.T) {
	want, _ := committed(t)
	doc, err := build()
	if err != nil {
		t.Fatal(err)
	}
	got, err := doc.marshal()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("go run ./spec/vectors writes %d other bytes, %d are committed", len(got), len(want))
	}
}

func TestVectorsAreManyAndOfEveryCause(t *testing.T) {
	_, d := committed(t)
	names, causes, used := map[string]bool{}, map[string]int{}, map[string]bool{}
	for _, v := range d.Vectors {
		if names[v.Name] || v.Name == "" || v.Name != strings.ToLower(v.Name) || strings.ContainsAny(v.Name,
			" _") || v.What == "" {
			t.Errorf("%q: named twice, or not as it should be; what: %q", v.Name, v.What)
		}
		names[v.Name] = true
		causes[v.Cause]++
		used[v.Profile] = true
		if (v.File == fileFrame) != (v.Profile != "") || (v.Edges != nil) != (v.Cause == causeOK && v.File == fileFrame) {
			t.Errorf("%s: it is a %s with profile %q and %d edges", v.Name, v.File, v.Profile, len(v.Edges))
		}
	}
	if d.Version != 1 || len(d.Vectors) < 200 {
		t.Errorf("version %d, %d vectors", d.Version, len(d.Vectors))
	}
	for cause, least := range map[string]int{causeOK: 100, causeHeader: 50, causeLimit: 10, causeChecksum: 10,
		causeProfile: 3, causePayload: 50} {
		if causes[cause] < least {
			t.Errorf("%d vectors of cause %s", causes[cause], cause)
		}
		delete(causes, cause)
	}
	if len(causes) > 0 {
		t.Errorf("other causes: %v", causes)
	}
	for name := range d.Profiles {
		if !used[name] {
			t.Errorf("profile %s is not used", name)
		}
	}
}

// The product must agree with every vector on every instruction set.
func TestProductPasses(t *testing.T) {
	_, d := committed(t)
	for _, isa := range []string{cpu.AVX512, cpu.AVX2, cpu.Generic} {
		restore := cpu.Lower(isa)
		for _, v := range d.Vectors {
			if err := verify(v, d.Profiles); err != nil {
				t.Errorf("%s: %v", cpu.ISA(), err)
			}
		}
		restore()
	}
}

// A reader that believes everything would pass no refusal, one that refuses everything no frame: the runner tells both.
func TestVerifyTellsWhatIsWrong(t *testing.T) {
	_, d := committed(t)
	for _, v := range d.Vectors {
		other := v
		other.Cause = causeProfile
		if v.Cause == causeProfile {
			other.Cause = causeOK
		}
		if verify(other, d.Profiles) == nil {
			t.Fatalf("%s passes as %s", v.Name, other.Cause)
		}
		if len(v.Edges) > 0 {
			other.Cause, other.Edges = causeOK, append([]edge(nil), v.Edges...)
			other.Edges[0].Values = bytes.Clone(v.Edges[0].Values)
			other.Edges[0].Values[0] ^= 1
			if verify(other, d.Profiles) == nil {
				t.Fatalf("%s passes with another value", v.Name)
			}
		}
	}
}

// Among what must be decoded are tiles of every coder that are coded, and such that are not.
func TestFramesHaveTilesOfAllModes(t *testing.T) {
	_, d := committed(t)
	modes := map[profile.Coder]map[byte]int{}
	for _, v := range d.Vectors {
		if v.Cause != causeOK || v.File != fileFrame {
			continue
		}
		p, err := profile.Parse(d.Profiles[v.Profile])
		if err != nil {
			t.Fatal(err)
		}
		f, err := frame.Parse(v.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range f.EdgeBlocks {
			for _, b := range e.Tiles {
				if c := p.Edges[i].Coder; c.Whole() {
					if modes[c] == nil {
						modes[c] = map[byte]int{}
					}
					modes[c][b[0]]++
				}
			}
		}
	}
	for _, c := range []profile.Coder{profile.Fast, profile.Small, profile.Smallest} {
		if modes[c][coded] < 50 {
			t.Errorf("coder %v: %d tiles are coded", c, modes[c][coded])
		}
		for w := range byte(17) {
			if modes[c][w] == 0 && c != profile.Smallest {
				t.Errorf("coder %v: no plain codes of %d bits", c, w)
			}
		}
	}
}

// The examples of the pages.
func TestExamplesOfThePages(t *testing.T) {
	for name, c := range map[string]struct {
		got  []byte
		want string
	}{
		"coders.md, Huffman codes": {codeErrors([]int{1, 0, 7, 5}, 3, []uint8{1, 3, 3, 4, 4, 4, 5, 5}, 256).join(),
			"f121 07"},
		"fast.md": {prefixCodes(&pairs, []int{1, 1, 0, 2, 1, 1, 3, -5, 1}).join(),
			"0a030302030301 01 0201 04"},
	} {
		if want, _ := hex.DecodeString(strings.ReplaceAll(c.want, " ", "")); !bytes.Equal(c.got, want) {
			t.Errorf("%s: %x, the page says %s", name, c.got, c.want)
		}
	}
}

// Bytes are base64 as JSON readers of other languages expect it, and tensors are whole.
func TestFileIsPlainJSON(t *testing.T) {
	b, _ := committed(t)
	var d struct {
		Vectors []struct {
			Name  string
			Bytes *string
			Edges []struct{ Values string }
		}
	}
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	for _, v := range d.Vectors {
		if v.Bytes == nil {
			t.Errorf("%s: no bytes", v.Name)
			continue
		}
		if _, err := base64.StdEncoding.DecodeString(*v.Bytes); err != nil {
			t.Errorf("%s: %v", v.Name, err)
		}
		for _, e := range v.Edges {
			if x, err := base64.StdEncoding.DecodeString(e.Values); err != nil || len(x) == 0 || len(x)%4 != 0 {
				t.Errorf("%s: a tensor of %d bytes, %v", v.Name, len(x), err)
			}
		}
	}
}
