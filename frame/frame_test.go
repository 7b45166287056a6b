package frame

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/dqa-go/dqa/internal/wire"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func example() (Header, []Edge) {
	return Header{Profile: [DigestSize]byte{1, 2, 3}, Edges: 2}, []Edge{
		{Scales: []float32{0, .5, 0x1p-126}, Tiles: [][]byte{{1, 2, 3}, {}, bytes.Repeat([]byte{7}, 300)}},
		{Scales: []float32{}, Tiles: [][]byte{{9}}},
	}
}

// refined has a refinement of the second edge.
func refined() (Header, []Edge, []Edge) {
	h, edges := example()
	h.Refinements = 1
	return h, edges, []Edge{{Tiles: [][]byte{{5, 6}, {}}}}
}

func encode(h Header, edges []Edge, refinements ...Edge) []byte {
	var b []byte
	for _, e := range edges {
		b = AppendEdge(b, e)
	}
	h.BaseSize = HeaderSize + len(b)
	for _, e := range refinements {
		b = AppendRefinement(b, e.Tiles)
	}
	return append(AppendHeader(nil, h), b...)
}

func TestParseRestoresWhatWasAppended(t *testing.T) {
	h, edges := example()
	b := encode(h, edges)
	f, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	h.BaseSize = len(b)
	if diff := cmp.Diff(h, f.Header); diff != "" {
		t.Error(diff)
	}
	for i := range edges {
		if diff := cmp.Diff(edges[i].Scales, f.EdgeBlocks[i].Scales, cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
		for k, tile := range edges[i].Tiles {
			got := f.EdgeBlocks[i]
			if !bytes.Equal(got.Tiles[k], tile) || !bytes.Equal(b[got.Offsets[k]:got.Offsets[k]+len(tile)], tile) {
				t.Errorf("edge %d tile %d: %v at %d", i, k, got.Tiles[k], got.Offsets[k])
			}
		}
	}
	want := Sections{Header: HeaderSize - 4, Scales: 12, Index: 1 + 1 + 1 + 1 + 2 + 1 + 1 + 1, Payload: 304, Checksums: 4 * (1 + 1 + 3 + 1 + 1)}
	if f.Sections != want || f.Sections.Total() != len(b) {
		t.Errorf("sections %+v, want %+v; %d of %d bytes", f.Sections, want, f.Sections.Total(), len(b))
	}
}

func TestParseRefinements(t *testing.T) {
	h, edges, refinements := refined()
	b := encode(h, edges, refinements...)
	f, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(refinements[0].Tiles, f.RefineBlocks[0].Tiles); diff != "" || len(f.RefineBlocks) != 1 {
		t.Error(diff)
	}
	if f.Sections.Refinement != 2 || f.Sections.Payload != 304 || f.Sections.Total() != len(b) {
		t.Errorf("sections %+v of %d bytes", f.Sections, len(b))
	}
	f, err = Parse(b[:f.BaseSize])
	if err != nil || f.RefineBlocks != nil || f.Refinements != 1 {
		t.Errorf("cut after the base part: %+v, %v", f, err)
	}
}

func TestParseRefusesEveryDamage(t *testing.T) {
	h, edges, refinements := refined()
	whole := encode(h, edges, refinements...)
	base := len(encode(h, edges))
	var e *wire.Error
	for i := range whole {
		if i == base {
			continue // a frame may be cut there
		}
		if _, err := Parse(whole[:i]); !errors.As(err, &e) {
			t.Fatalf("prefix of %d bytes: %v", i, err)
		}
		for mask := 1; mask < 256; mask++ {
			b := bytes.Clone(whole)
			b[i] ^= byte(mask)
			if _, err := Parse(b); !errors.As(err, &e) {
				t.Fatalf("byte %d ^ %#x: %v", i, mask, err)
			}
		}
	}
	if _, err := Parse(append(bytes.Clone(whole), 0)); !errors.Is(err, wire.ErrTrailing) {
		t.Errorf("trailing byte: %v", err)
	}
	if _, err := Parse(append(encode(example()), 0)); !errors.Is(err, wire.ErrTrailing) {
		t.Errorf("trailing byte without refinements: %v", err)
	}
}

// header makes a valid header, so that what follows it is reached.
func header(edges int) []byte { return AppendHeader(nil, Header{Edges: edges, BaseSize: HeaderSize}) }

func record(fields ...byte) []byte { return wire.AppendCRC(append([]byte(nil), fields...), 0) }

func scale(v float32) []byte { return binary.LittleEndian.AppendUint32([]byte{1}, math.Float32bits(v)) }

// One cause each.
func TestParseRefusesLies(t *testing.T) {
	other := header(0)
	other[4] = 9
	cases := map[string]struct {
		src   []byte
		cause error
	}{
		"version":                     {wire.AppendCRC(other[:HeaderSize-4], 0), wire.ErrVersion},
		"magic":                       {[]byte("DQAX and more"), wire.ErrMagic},
		"too many edges":              {header(MaxEdges + 1), wire.ErrLimit},
		"more refinements than edges": {AppendHeader(nil, Header{Edges: 1, Refinements: 2}), wire.ErrLimit},
		"base part ends elsewhere":    {AppendHeader(nil, Header{BaseSize: 7}), wire.ErrValue},
		"refinement beyond the end":   {append(AppendHeader(nil, Header{Edges: 1, Refinements: 1, BaseSize: HeaderSize + 6}), append(record(0, 0), record(1, 9)...)...), wire.ErrTruncated},
		"edges that do not come":      {header(3), wire.ErrTruncated},
		"scales beyond the end":       {append(header(1), record(200, 1)...), wire.ErrTruncated},
		"tiles beyond the end":        {append(header(1), record(0, 100)...), wire.ErrTruncated},
		"tile longer than file":       {append(header(1), append(record(0, 1, 100), make([]byte, 8)...)...), wire.ErrTruncated},
		"too many scales":             {append(header(1), record(0xff, 0xff, 0xff, 1)...), wire.ErrLimit},
		"scale negative":              {append(header(1), record(append(scale(-1), 0)...)...), wire.ErrValue},
		"scale minus zero":            {append(header(1), record(append(scale(float32(math.Copysign(0, -1))), 0)...)...), wire.ErrValue},
		"scale subnormal":             {append(header(1), record(append(scale(1e-40), 0)...)...), wire.ErrValue},
		"scale infinite":              {append(header(1), record(append(scale(float32(math.Inf(1))), 0)...)...), wire.ErrValue},
		"scale not a number":          {append(header(1), record(append(scale(float32(math.NaN())), 0)...)...), wire.ErrValue},
	}
	for name, c := range cases {
		var e *wire.Error
		if _, err := Parse(c.src); !errors.As(err, &e) || !errors.Is(err, c.cause) || e.Section == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(encode(example()))
	h, edges, refinements := refined()
	f.Add(encode(h, edges, refinements...))
	f.Add(append(header(1), record(0, 0)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) >= HeaderSize { // a right header checksum lets the fuzzer reach the rest
			b = bytes.Clone(b)
			binary.LittleEndian.PutUint32(b[HeaderSize-4:], wire.CRC(b[:HeaderSize-4]))
		}
		fr, err := Parse(b)
		if err != nil {
			var e *wire.Error
			if !errors.As(err, &e) {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		if fr.Sections.Total() != len(b) || !bytes.Equal(encode(fr.Header, fr.EdgeBlocks, fr.RefineBlocks...), b) {
			t.Fatal("accepted, yet encodes to other bytes")
		}
	})
}

// A frame's memory serves the next one, larger or smaller, and nothing of the last one stays.
func TestParseAgain(t *testing.T) {
	h, edges := example()
	large := encode(h, edges)
	rh, redges, refinements := refined()
	small := encode(rh, redges, refinements...)
	var f Frame
	for _, b := range [][]byte{large, small, large[:len(large)-1], large, small} {
		fresh, wantErr := Parse(b)
		err := f.Parse(b)
		if fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Fatalf("again %v, at first %v", err, wantErr)
		}
		if err != nil {
			continue
		}
		if diff := cmp.Diff(fresh, &f, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(Edge{})); diff != "" {
			t.Error(diff)
		}
	}
	if n := testing.AllocsPerRun(10, func() { _ = f.Parse(large) }); n > 1 { // the reader
		t.Errorf("%v allocations", n)
	}
}
