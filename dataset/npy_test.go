package dataset

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	npyio "github.com/sbinet/npyio/npy"
)

// Another implementation writes, ours reads.
func TestNPYHeaderOfOthers(t *testing.T) {
	for _, values := range []any{[]uint8{1, 2, 3}, []float32{1, 2}, []int64{1}, []uint16{1, 2}, [5]int32{}, []bool{true}} {
		var b bytes.Buffer
		if err := npyio.Write(&b, values); err != nil {
			t.Fatal(err)
		}
		r, err := npyio.NewReader(bytes.NewReader(b.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		got, err := readNPYHeader(&b)
		if err != nil {
			t.Errorf("%T: %v", values, err)
			continue
		}
		if d := cmp.Diff(r.Header.Descr.Shape, got.shape); d != "" || got.dtype != r.Header.Descr.Type {
			t.Errorf("%T: type %s, shape %s", values, got.dtype, d)
		}
	}
}

func TestNPYHeader(t *testing.T) {
	const dict = "{'shape':(3,  4,), 'fortran_order':True, 'descr':'>u2'}"
	want := npyHeader{dtype: ">u2", fortran: true, shape: []int{3, 4}}
	for _, pre := range []string{"\x93NUMPY\x01\x00" + string(rune(len(dict))) + "\x00", "\x93NUMPY\x03\x00" + string(rune(len(dict))) + "\x00\x00\x00"} {
		want.offset = int64(len(pre) + len(dict))
		got, err := readNPYHeader(bytes.NewReader([]byte(pre + dict + "data")))
		if d := cmp.Diff(want, got, cmp.AllowUnexported(npyHeader{})); err != nil || d != "" {
			t.Errorf("version %d: %v %s", pre[6], err, d)
		}
		for n := range len(pre) + len(dict) {
			if _, err := readNPYHeader(bytes.NewReader([]byte(pre + dict)[:n])); err == nil {
				t.Errorf("version %d: cut after %d bytes, accepted", pre[6], n)
			}
		}
	}
	for name, file := range map[string]string{
		"version 4":       "\x93NUMPY\x04\x00\x02\x00{}",
		"length 4 GiB":    "\x93NUMPY\x02\x00\xff\xff\xff\xff{}",
		"no dictionary":   "\x93NUMPY\x01\x00\x02\x00{}",
		"structured type": string(npy("u1'), ('b', '|u1", []int{1}, nil)),
		"huge dimension":  strings.Replace(string(npy("|u1", []int{1}, nil)), "(1,)", "(2147483648,)", 1),
		"text":            string(npy("<U1", []int{1}, nil)),
	} {
		if _, err := readNPYHeader(bytes.NewReader([]byte(file))); err == nil {
			t.Errorf("%s accepted", name)
		}
	}
	for name, h := range map[string]npyHeader{
		"scalar":      {dtype: "|u1"},
		"empty items": {dtype: "|u1", shape: []int{1, 0}},
		"too short":   {dtype: "<u2", shape: []int{3}, offset: 5},
	} {
		if _, err := newArray("x", h, 10); err == nil {
			t.Errorf("%s accepted", name)
		}
	}
}

func TestIntegers(t *testing.T) {
	b := []byte{0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, 0, 0, 0, 0x80}
	for dtype, want := range map[string][2]int64{
		"|u1": {0xfe, 0xff}, "|i1": {-2, -1}, "<u2": {0xfffe, 0xffff}, "<i2": {-2, -1}, ">i2": {-257, -1},
		"<u4": {0xfffffffe, 0xffffffff}, "<i4": {-2, -1}, "<i8": {-2, math.MinInt64 + 1}, "<u8": {-2, math.MinInt64 + 1},
	} {
		if got := [2]int64{integer(dtype, b, 0), integer(dtype, b, 1)}; got != want {
			t.Errorf("%s: %d, want %d", dtype, got, want)
		}
	}
}

func FuzzNPYHeader(f *testing.F) {
	f.Add(npy("|u1", []int{2, 3, 4}, nil))
	f.Add(npy("<f4", []int{2, 3, 4, 5}, nil))
	f.Add([]byte("\x93NUMPY\x02\x00\xff\xff\xff\xff{}"))
	f.Add([]byte("\x93NUMPY\x01\x00\x37\x00{'shape':(3,  4,), 'fortran_order':True, 'descr':'>u2'}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := readNPYHeader(bytes.NewReader(b))
		if err != nil {
			return
		}
		a, err := newArray("x", h, int64(len(b)))
		if err != nil {
			return
		}
		if a.bytes < 1 || a.header.offset+int64(a.items)*int64(a.bytes) > int64(len(b)) {
			t.Errorf("%d items of %d bytes at %d in a file of %d", a.items, a.bytes, h.offset, len(b))
		}
		x := arrayImages{array: a}
		if a.items > 0 && x.setShape(h.shape, &Options{}) && x.channels*x.height*x.width*dtypeSize(h.dtype) != a.bytes {
			t.Errorf("image of %dx%dx%d in items of %d bytes", x.channels, x.height, x.width, a.bytes)
		}
	})
}
