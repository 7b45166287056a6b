package dqa_test

import (
	"strings"
	"testing"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/profile"
)

// What no Codec has made says so.
func TestZeroValues(t *testing.T) {
	if _, err := dqa.NewCodec(nil); err == nil {
		t.Error("no profile accepted")
	}
	var enc dqa.Encoder
	var dec dqa.Decoder
	_, err1 := enc.Append(nil, nil)
	_, err2 := enc.AppendFrame(nil)
	_, err3 := dec.Decode(nil)
	_, _, err4 := dec.Account()
	for i, err := range []error{
		err1, err2, err3, err4, enc.Edge(0, nil), enc.Store(0, nil), enc.Hook(0, nil), dec.Open(nil), dec.Edge(nil, 0), dec.All(nil),
		dec.Tile(nil, 0, 0), dec.Channel(nil, 0, 0),
	} {
		if err == nil {
			t.Errorf("call %d of a zero value gives no error", i)
		}
	}
	if dec.Complete() {
		t.Error("a zero Decoder's frame is complete")
	}
	for _, c := range []*dqa.Codec{nil, {}} {
		for _, use := range []func(){func() { c.NewEncoder() }, func() { c.NewDecoder() }} {
			func() {
				defer func() {
					if text, ok := recover().(string); !ok || !strings.HasPrefix(text, "dqa: ") {
						t.Errorf("panic %q", text)
					}
				}()
				use()
			}()
		}
	}
}

// Correct ends whatever the edge is.
func TestCorrectOfNothing(t *testing.T) {
	e := profile.Edge{Quantizer: profile.Quantizer{RowSums: true}}
	x := []float32{1, 2}
	dqa.Correct(&e, x)
	dqa.Correct(&e, nil)
	if x[0] != 1 || x[1] != 2 {
		t.Error("values of no row were changed")
	}
}

// A profile without edges has frames, too.
func TestNoEdges(t *testing.T) {
	codec := mustCodec(t, &profile.Profile{Setting: profile.Setting{Name: "direct", Bits: 3}})
	a, err := codec.NewEncoder().Append(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := codec.NewEncoder().AppendFrame(nil)
	if err != nil || string(a) != string(b) {
		t.Fatal(err, "or another frame")
	}
	if values, err := codec.NewDecoder().Decode(a); err != nil || len(values) != 0 {
		t.Error(values, err)
	}
}
