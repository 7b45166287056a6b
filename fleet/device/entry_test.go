package device

import (
	"bytes"
	"testing"

	"github.com/dqa-go/dqa/frame"
)

func message() []byte {
	b := frame.AppendHeader(nil, frame.Header{Edges: 0, Refinements: 0, BaseSize: frame.HeaderSize})
	return append(b, 1, 2, 3, 4)
}

func TestEntryThereAndBack(t *testing.T) {
	e := entry{image: "a/b.png", profile: [32]byte{7}, rest: 4, message: message()}
	got, err := parseEntry(e.append(nil))
	if err != nil || got.image != e.image || got.profile != e.profile || got.rest != 4 || !bytes.Equal(got.message, e.message) {
		t.Fatalf("%+v, %v", got, err)
	}
	if m, ok := got.base(); ok || !bytes.Equal(m, e.message) {
		t.Error("a frame without refinements was cut")
	}
	b := e.append(nil)
	for i := range b {
		if got, err := parseEntry(b[:i]); err == nil && len(got.message) >= len(e.message) {
			t.Errorf("cut off at %d: accepted", i)
		}
	}
}

func FuzzParseEntry(f *testing.F) {
	f.Add(entry{image: "x", rest: 4, message: message()}.append(nil))
	f.Add([]byte{1, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := parseEntry(b)
		if err != nil {
			return
		}
		e.cut()
		if m, ok := e.base(); len(m) > len(e.message) || ok && len(m) < e.rest {
			t.Errorf("%d bytes of %d", len(m), len(e.message))
		}
	})
}
