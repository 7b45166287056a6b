package main

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/profile"
)

// product runs a vector through the product and tells the cause that it refuses with, or the values.
func product(v vector, profiles map[string][]byte) (cause string, values [][]float32, err error) {
	if v.File == fileProfile {
		if _, err = profile.Parse(v.Bytes); err != nil {
			return causeOf(err), nil, err
		}
		return causeOK, nil, nil
	}
	p, err := profile.Parse(profiles[v.Profile])
	if err != nil {
		return "bad profile", nil, err
	}
	codec, err := dqa.NewCodec(p)
	if err != nil {
		return "bad profile", nil, err
	}
	d := codec.NewDecoder(dqa.WithBaseOnly(v.BaseOnly))
	if err := d.Open(v.Bytes); err != nil {
		return causeOf(err), nil, err
	}
	for i := range p.Edges {
		e := &p.Edges[i]
		whole := make([]float32, e.Elements())
		err := d.Edge(whole, i)
		if apart, other := byTiles(d, e, i); (err == nil) != (other == nil) || err == nil && !same(whole, apart) {
			return "decoding whole and by tiles differ", nil, fmt.Errorf("whole: %v; by tiles: %v", err, other)
		}
		if err != nil {
			return causePayload, nil, err // of what was opened, only payloads can be wrong
		}
		values = append(values, whole)
	}
	return causeOK, values, nil
}

// byTiles decodes an edge tile by tile, the last one first.
func byTiles(d *dqa.Decoder, e *profile.Edge, i int) ([]float32, error) {
	out := make([]float32, e.Elements())
	all := tilesOf(e)
	for k := len(all) - 1; k >= 0; k-- {
		t := all[k]
		part := make([]float32, (t.c1-t.c0)*(t.r1-t.r0)*e.Cols)
		if err := d.Tile(part, i, k); err != nil {
			return nil, err
		}
		for ch := t.c0; ch < t.c1; ch++ {
			for at := t.r0 * e.Cols; at < t.r1*e.Cols; at++ {
				out[place(e, ch, at)] = part[0]
				part = part[1:]
			}
		}
	}
	return out, nil
}

// causeOf is the cause of an error outside of payloads.
func causeOf(err error) string {
	for _, c := range []struct {
		err   error
		cause string
	}{
		{dqa.ErrLimit, causeLimit}, {dqa.ErrChecksum, causeChecksum}, {dqa.ErrProfile, causeProfile},
		{dqa.ErrMagic, causeHeader}, {dqa.ErrVersion, causeHeader}, {dqa.ErrTruncated, causeHeader},
		{dqa.ErrTrailing, causeHeader}, {dqa.ErrValue, causeHeader},
	} {
		if errors.Is(err, c.err) {
			return c.cause
		}
	}
	return "no cause"
}

// verify tells in what the product differs from a vector.
func verify(v vector, profiles map[string][]byte) error {
	cause, values, err := product(v, profiles)
	if cause != v.Cause {
		return fmt.Errorf("%s: the product says %s (%v), it is %s", v.Name, cause, err, v.Cause)
	}
	if v.Cause != causeOK || v.File != fileFrame {
		return nil
	}
	if len(values) != len(v.Edges) {
		return fmt.Errorf("%s: %d edges, there are %d", v.Name, len(values), len(v.Edges))
	}
	for i, x := range values {
		if !bytes.Equal(floatBytes(x), v.Edges[i].Values) {
			return fmt.Errorf("%s: edge %d: the product restores other values", v.Name, i)
		}
	}
	return nil
}

func same(a, b []float32) bool { return bytes.Equal(floatBytes(a), floatBytes(b)) }
