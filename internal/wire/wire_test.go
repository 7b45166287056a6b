package wire

import (
	"encoding/binary"
	"errors"
	"math"
	"testing"
)

func TestReaderReadsWhatIsWritten(t *testing.T) {
	var b []byte
	b = binary.AppendUvarint(b, 300)
	b = AppendString(b, "edge")
	b = AppendFloat32(b, -0.5)
	b = AppendBools(b, []bool{true, false, true, true, false, false, false, false, true})
	b = append(b, 1)
	b = AppendCRC(b, 0)
	r := NewReader(b)
	if v := r.Uvarint(1000, "number"); v != 300 {
		t.Errorf("uvarint: %d", v)
	}
	if s := r.String(10, "name"); s != "edge" {
		t.Errorf("string: %q", s)
	}
	if f := r.Float32(); f != -0.5 {
		t.Errorf("float: %v", f)
	}
	if v := r.Bools(9, "bits"); len(v) != 9 || !v[0] || v[1] || !v[8] {
		t.Errorf("bools: %v", v)
	}
	if !r.Bool("flag") {
		t.Error("bool")
	}
	r.CheckCRC(0)
	r.End()
	if r.Err() != nil {
		t.Error(r.Err())
	}
	for i := range b {
		short := NewReader(b[:i])
		short.Uvarint(1000, "number")
		short.String(10, "name")
		short.Float32()
		short.Bools(9, "bits")
		short.Bool("flag")
		short.CheckCRC(0)
		if !errors.Is(short.Err(), ErrTruncated) {
			t.Errorf("prefix of %d bytes: %v", i, short.Err())
		}
	}
}

func TestReaderRefuses(t *testing.T) {
	cases := []struct {
		name  string
		src   []byte
		read  func(*Reader)
		cause error
	}{
		{"uvarint over the limit", []byte{200, 1}, func(r *Reader) { r.Uvarint(199, "n") }, ErrLimit},
		{"uvarint with a needless byte", []byte{0x81, 0}, func(r *Reader) { r.Uvarint(9, "n") }, ErrValue},
		{"uvarint over 64 bits", []byte{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1}, func(r *Reader) { r.Uvarint(math.MaxUint64, "n") }, ErrValue},
		{"more items than bytes", []byte{9, 0, 0}, func(r *Reader) { r.Count(100, 4, "n") }, ErrTruncated},
		{"bool of two", []byte{2}, func(r *Reader) { r.Bool("b") }, ErrValue},
		{"padding bit", []byte{0x80}, func(r *Reader) { r.Bools(7, "b") }, ErrValue},
		{"wrong checksum", []byte{1, 0, 0, 0, 0}, func(r *Reader) { r.U8(); r.CheckCRC(0) }, ErrChecksum},
		{"trailing byte", []byte{1, 2}, func(r *Reader) { r.U8(); r.End() }, ErrTrailing},
		{"negative count", []byte{1}, func(r *Reader) { r.Bytes(-1) }, ErrTruncated},
	}
	for _, c := range cases {
		r := NewReader(c.src)
		r.Section("test")
		c.read(r)
		var e *Error
		if !errors.As(r.Err(), &e) || !errors.Is(e, c.cause) || e.Section != "test" {
			t.Errorf("%s: %v", c.name, r.Err())
		}
	}
}

func TestFirstErrorStays(t *testing.T) {
	r := NewReader([]byte{7})
	r.U32()
	first := r.Err()
	if r.U8() != 0 || r.String(5, "s") != "" || r.Uvarint(5, "u") != 0 || r.Err() != first {
		t.Errorf("reads after an error must do nothing: %v", r.Err())
	}
}
