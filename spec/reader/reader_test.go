package reader

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// book is spec/vectors/vectors.json (spec/vectors/README.md).
type book struct {
	Profiles map[string][]byte
	Vectors  []vector
}

type vector struct {
	Name, Cause, What, File, Profile string
	Bytes                            []byte
	BaseOnly                         bool `json:"base_only"`
	Reference                        string
	Lineage                          string
	Edges                            []struct {
		Name   string
		Values []byte
	}
}

func vectors(t testing.TB) book {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "vectors", "vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var b book
	if err := json.Unmarshal(raw, &b); err != nil {
		t.Fatal(err)
	}
	return b
}

func cause(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Cause
	}
	return "ok"
}

func TestVectors(t *testing.T) {
	b := vectors(t)
	if len(b.Vectors) < 200 {
		t.Fatalf("only %d vectors", len(b.Vectors))
	}
	for _, v := range b.Vectors {
		t.Run(v.Name, func(t *testing.T) {
			if v.File == "profile" {
				p, err := ParseProfile(v.Bytes)
				if cause(err) != v.Cause {
					t.Errorf("%v, want %s: %s", err, v.Cause, v.What)
				}
				if err == nil {
					checkSections(t, p, v.Reference, v.Lineage)
				}
				return
			}
			p, err := ParseProfile(b.Profiles[v.Profile])
			if err != nil {
				t.Fatal(err)
			}
			got, err := Decode(p, v.Bytes, v.BaseOnly)
			if cause(err) != v.Cause {
				t.Fatalf("%v, want %s: %s", err, v.Cause, v.What)
			}
			if err != nil {
				return
			}
			if len(got) != len(v.Edges) {
				t.Fatalf("%d edges, want %d", len(got), len(v.Edges))
			}
			for i, e := range v.Edges {
				if got[i].Name != e.Name || !slices.Equal(bytesOf(got[i].Values), e.Values) {
					t.Errorf("edge %q: other values", e.Name)
				}
			}
		})
	}
}

// checkSections compares what sections say that a reader may skip, or why they are refused.
func checkSections(t *testing.T, p *Profile, reference, lineage string) {
	for _, s := range []struct {
		read func() (string, error)
		want string
	}{{p.Reference, reference}, {p.Lineage, lineage}} {
		got, err := s.read()
		if err != nil {
			got = cause(err)
		}
		if got != s.want {
			t.Errorf("%q (%v), want %q", got, err, s.want)
		}
	}
}

func bytesOf(values []float32) (b []byte) {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// The examples of spec/coders.md and spec/fast.md.
func TestExamples(t *testing.T) {
	r := &reader{data: []byte{0xf1, 0x21, 0x07}, cause: Payload}
	if got := huffman(r, 4, 3, []int{1, 3, 3, 4, 4, 4, 5, 5}); !slices.Equal(got, []int{1, 0, 7, 5}) || r.left() > 0 {
		t.Errorf("Huffman: %v", got)
	}
	p := &prefixCode{low: -128, high: 127, center: 1, group: 2, full: 3, k: 1, escape: 2, longest: 7, longestPart: 2,
		symbols: canonical([]int{1, 3, 7, 6, 6, 3, 7, 3, 6, 6, 7, 7, 7, 7, 7, 7}), parts: canonical([]int{1, 2, 2})}
	r = &reader{data: []byte{0x0a, 3, 3, 2, 3, 3, 1, 1, 2, 1, 4}, cause: Payload}
	if got := p.read(r, 9); !slices.Equal(got, []int{1, 1, 0, 2, 1, 1, 3, -5, 1}) || r.left() > 0 {
		t.Errorf("fast: %v", got)
	}
}

// FuzzDecode: whatever the bytes, an Error or tensors.
func FuzzDecode(f *testing.F) {
	b := vectors(f)
	for i, v := range b.Vectors {
		if v.File == "frame" && i%40 == 0 {
			f.Add(b.Profiles[v.Profile], v.Bytes)
		}
	}
	f.Fuzz(func(t *testing.T, profile, frame []byte) {
		// Checksums would hide what lies behind them.
		p, err := ParseProfile(withCRC(profile))
		if err != nil {
			return
		}
		values := 0
		for _, e := range p.edges {
			if values += e.channels * e.rows * e.cols; values > 1<<16 {
				return
			}
		}
		if len(frame) >= 37 {
			copy(frame[5:], p.digest[:16])
			binary.LittleEndian.PutUint32(frame[33:], crc32c(frame[:33]))
		}
		for _, baseOnly := range []bool{false, true} {
			if _, err := Decode(p, frame, baseOnly); err != nil && cause(err) == "ok" {
				t.Fatal(err)
			}
		}
	})
}

func withCRC(b []byte) []byte {
	if len(b) < 9 {
		return b
	}
	b = slices.Clone(b)
	binary.LittleEndian.PutUint32(b[len(b)-4:], crc32c(b[:len(b)-4]))
	return b
}
