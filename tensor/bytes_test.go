package tensor

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"testing"
)

// Values are the bytes that files hold on either kind of processor, and come back from them.
func TestBytes(t *testing.T) {
	values := []float32{1, -2.5, float32(math.Inf(1)), 0x1p-149}
	want := []byte{0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0, 0, 0, 0x80, 0x7f, 1, 0, 0, 0}
	if got := Bytes(values, nil); !bytes.Equal(got, want) {
		t.Errorf("% x, want % x", got, want)
	}
	got := make([]float32, 4)
	if err := Read(got, func(b []byte) error { copy(b, want); return nil }); err != nil || !slices.Equal(got, values) {
		t.Errorf("%v, %v", got, err)
	}
	broken := errors.New("broken")
	if err := Read(got, func([]byte) error { return broken }); err != broken {
		t.Error(err)
	}
	if len(Bytes(nil, nil)) != 0 {
		t.Error("no values have bytes")
	}
}
func TestFloats(t *testing.T) {
	x := []float32{1, -2, 3.5, 0}
	b := bytesOf(x)
	v, ok := Floats(b)
	if !ok || len(v) != 4 || v[2] != 3.5 {
		t.Errorf("%v, %v", v, ok)
	}
	if _, ok := Floats(b[1:9]); ok {
		t.Error("values at an odd address")
	}
	if v, _ := Floats(nil); len(v) != 0 {
		t.Errorf("%v of nothing", v)
	}
}
