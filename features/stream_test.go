package features

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/internal/wire"
	"github.com/dqa-go/dqa/profile"
)

func streamed(t testing.TB, x Rows, p *profile.Profile, opt PackOptions) []byte {
	t.Helper()
	var b bytes.Buffer
	s, err := PackStream(context.Background(), &b, x, p, opt)
	if err != nil {
		t.Fatal(err)
	}
	if s.Bytes != int64(b.Len()) {
		t.Errorf("%+v of %d bytes", s, b.Len())
	}
	return b.Bytes()
}

func unstreamed(b []byte, p *profile.Profile, workers int) ([]byte, *StreamSummary, error) {
	var out bytes.Buffer
	s, err := UnpackStream(context.Background(), &out, bytes.NewReader(b), p, PackOptions{Workers: workers})
	return out.Bytes(), s, err
}

// A stream holds what a store holds, with any number of workers, and its last frame may stand over the end.
func TestStream(t *testing.T) {
	for _, shape := range [][]int{{601, 48}, {7, 5, 6}, {130}, {0, 48}, {9, 12, 5, 7}} {
		learn := shape
		if shape[0] < 60 {
			learn = append([]int{60}, shape[1:]...)
		}
		p := mustFit(t, newMatrix(1, learn...), Options{Objective: Objective{MaxError, .01}}).Profile
		x := newMatrix(2, shape...)
		one := streamed(t, x, p, PackOptions{})
		if !bytes.Equal(one, streamed(t, x, p, PackOptions{Workers: 5})) {
			t.Errorf("%v: workers make another stream", shape)
		}
		got, s, err := unstreamed(one, p, 3)
		if err != nil || s.Bytes != int64(len(one)) {
			t.Fatalf("%v: %+v, %v", shape, s, err)
		}
		want, codes, e := make([]float32, len(x.data)), dqa.Codes{}, &p.Edges[0]
		chunk := make([]float32, e.Elements())
		for at := 0; at < len(x.data); at += len(chunk) {
			clear(chunk[copy(chunk, x.data[at:]):])
			codes.Simulate(e, chunk)
			copy(want[at:], chunk)
		}
		if len(got) < 4*len(want) || !bytes.Equal(got[len(got)-4*len(want):], floats(want)) {
			t.Errorf("%v: other values come back", shape)
		}
	}
}

func floats(x []float32) (b []byte) {
	b, _ = binary.Append(nil, binary.LittleEndian, x)
	return b
}

func TestStreamRefused(t *testing.T) {
	p := mustFit(t, newMatrix(1, 300, 48), Options{Objective: Objective{MaxError, .01}}).Profile
	other := mustFit(t, newMatrix(1, 300, 48), Options{Objective: Objective{MaxError, .02}}).Profile
	good := streamed(t, newMatrix(1, 300, 48), p, PackOptions{})
	reseal := func(change func(b []byte)) []byte {
		b := bytes.Clone(good)
		change(b)
		const end = 6 + 16 + 16
		binary.LittleEndian.PutUint32(b[end:], wire.CRC(b[:end]))
		return b
	}
	for name, c := range map[string]struct {
		b    []byte
		p    *profile.Profile
		want error
	}{
		"nothing":       {nil, p, ErrStore},
		"text":          {[]byte("what is this? no stream at all"), p, ErrStore},
		"other profile": {good, other, ErrProfile},
		"damaged":       {append(bytes.Clone(good[:9]), append([]byte{1}, good[10:]...)...), p, wire.ErrChecksum},
		"cut":           {good[:len(good)-5], p, wire.ErrTruncated},
		"frame missing": {good[:38+4], p, wire.ErrTruncated},
		"more":          {append(bytes.Clone(good), 1), p, ErrStore},
		"shape":         {reseal(func(b []byte) { b[14] = 47 }), p, ErrStore},
		"many rows":     {reseal(func(b []byte) { b[13] = 1 }), p, ErrStore},
		"zero columns":  {reseal(func(b []byte) { b[14] = 0 }), p, ErrStore},
		"more rows":     {reseal(func(b []byte) { b[8] = 200 }), p, wire.ErrTruncated},
	} {
		if _, _, err := unstreamed(c.b, c.p, 1); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, %v expected", name, err, c.want)
		}
	}
}

// FuzzStream: whatever the bytes, an error or an array.
func FuzzStream(f *testing.F) {
	p := mustFit(f, newMatrix(1, 60, 12), Options{Objective: Objective{MaxError, .01}}).Profile
	good := streamed(f, newMatrix(1, 60, 12), p, PackOptions{})
	f.Add(good)
	f.Add(good[:50])
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 42 {
			binary.LittleEndian.PutUint32(b[38:], wire.CRC(b[:38]))
		}
		_, err := UnpackStream(context.Background(), io.Discard, bytes.NewReader(b), p, PackOptions{})
		_ = err
	})
}
