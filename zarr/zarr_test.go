package zarr

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func testMeta(shape []int, rows, perShard int) Meta {
	return Meta{Shape: shape, Rows: rows, ChunksPerShard: perShard,
		Codec: Codec{"test", json.RawMessage(`{"a":1}`)}}
}

// content is what chunk i holds: nil every fifth time.
func content(i int) []byte {
	if i%5 == 4 {
		return nil
	}
	return bytes.Repeat([]byte{byte(i), byte(i >> 8)}, 1+i%7)
}

func writeAll(t testing.TB, dir string, m Meta) {
	t.Helper()
	w, err := NewWriter(dir, m)
	if err != nil {
		t.Fatal(err)
	}
	for o := m.Objects() - 1; o >= 0; o-- { // in any order
		var chunks [][]byte
		for k := range m.ChunksOf(o) {
			chunks = append(chunks, content(o*max(m.ChunksPerShard, 1)+k))
		}
		object, err := m.Object(o, chunks)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(o, object); err != nil {
			t.Fatal(err)
		}
		if _, has := w.Has(o); has != (m.ChunksPerShard > 0 || chunks[0] != nil) {
			t.Errorf("object %d: has %v", o, has)
		}
	}
	if _, err := Open(dir); !errors.Is(err, ErrInvalid) {
		t.Errorf("an unfinished array opens: %v", err)
	}
	if err := w.Finish(map[string]json.RawMessage{"why": json.RawMessage(`"test"`)}); err != nil {
		t.Fatal(err)
	}
}

// What is written is read, chunk by chunk and in any order, from a folder and from a zip file.
func TestRoundTrip(t *testing.T) {
	for _, m := range []Meta{
		testMeta([]int{23, 3}, 2, 4), testMeta([]int{23, 3, 2}, 2, 0), testMeta([]int{8}, 8, 1), testMeta([]int{0, 5}, 4, 2),
		testMeta([]int{64, 2}, 1, 16), testMeta([]int{5, 2}, 1, 0),
	} {
		t.Run(fmt.Sprint(m.Shape, m.Rows, m.ChunksPerShard), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "x.zarr")
			m.Dimensions = []string{"image", "channel", "row"}[:len(m.Shape)]
			writeAll(t, dir, m)
			packed := dir + ".zip"
			if err := Zip(packed, dir); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{dir, packed} {
				a, err := Open(name)
				if err != nil {
					t.Fatal(err)
				}
				defer a.Close()
				if fmt.Sprint(a.Shape, a.Rows, a.ChunksPerShard, a.Dimensions) != fmt.Sprint(m.Shape, m.Rows, m.ChunksPerShard, m.Dimensions) ||
					a.Codec.Name != "test" || string(a.Attributes["why"]) != `"test"` {
					t.Errorf("read %+v", a.Meta)
				}
				for k := range a.Chunks() {
					i := (k*7 + 3) % a.Chunks()
					got, ok, err := a.AppendChunk([]byte("x"), i)
					if want := content(i); err != nil || ok != (want != nil) || string(got) != "x"+string(want) {
						t.Errorf("chunk %d: %q, %v, %v", i, got, ok, err)
					}
				}
			}
		})
	}
}

// Equal arrays give equal files.
func TestZipIsDeterministic(t *testing.T) {
	var files [2][]byte
	for i := range files {
		dir := filepath.Join(t.TempDir(), "x.zarr")
		writeAll(t, dir, testMeta([]int{23, 3}, 2, 4))
		if err := Zip(dir+".zip", dir); err != nil {
			t.Fatal(err)
		}
		files[i], _ = os.ReadFile(dir + ".zip")
	}
	if len(files[0]) == 0 || !bytes.Equal(files[0], files[1]) {
		t.Error("two zip files of one array differ")
	}
}

// Any bit of a shard's index that flips is noticed.
func TestDamagedIndex(t *testing.T) {
	shard := appendShard(nil, [][]byte{[]byte("abc"), nil, []byte("defgh")}, 4)
	n := indexSize(4)
	if spans, err := parseIndex(shard[len(shard)-n:], int64(len(shard))); err != nil || spans[2] != (span{3, 5}) || spans[1].offset >= 0 {
		t.Fatalf("%v, %v", spans, err)
	}
	for bit := range n * 8 {
		b := bytes.Clone(shard[len(shard)-n:])
		b[bit/8] ^= 1 << (bit % 8)
		if _, err := parseIndex(b, int64(len(shard))); !errors.Is(err, ErrDamaged) {
			t.Fatalf("bit %d: %v", bit, err)
		}
	}
}

// What other programs may write and this one does not read is refused by name; what makes no sense, too.
func TestRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "x.zarr")
	writeAll(t, dir, testMeta([]int{6, 4}, 2, 2))
	good, err := os.ReadFile(filepath.Join(dir, metaKey))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		old, new, want string
		err            error
	}{
		{`"zarr_format": 3`, `"zarr_format": 2`, "format 2", ErrUnsupported},
		{`"array"`, `"group"`, "group", ErrUnsupported},
		{`"float32"`, `"float64"`, "float64", ErrUnsupported},
		{`"fill_value": 0.0`, `"fill_value": "NaN"`, "fill value", ErrUnsupported},
		{`"fill_value": 0.0`, `"fill_value": -0.0`, "fill value", ErrUnsupported},
		{`"regular"`, `"rectilinear"`, "rectilinear", ErrUnsupported},
		{`"separator": "/"`, `"separator": "-"`, "separator", ErrUnsupported},
		{`"crc32c"`, `"zstd"`, "index", ErrUnsupported},
		{`"endian": "little"`, `"endian": "big"`, "index", ErrUnsupported},
		{`"index_location": "end"`, `"index_location": "middle"`, "middle", ErrUnsupported},
		{"\"shape\": [\n    6,\n    4\n  ]", `"shape": [6, 8]`, "first axis", ErrUnsupported},
		{"\"shape\": [\n    6,\n    4\n  ]", `"shape": [-6, 4]`, "-6", ErrInvalid},
		{"\"shape\": [\n    6,\n    4\n  ]", `"shape": []`, "[]", ErrInvalid},
		{`{`, ``, "zarr.json", ErrInvalid},
	} {
		text := strings.Replace(string(good), c.old, c.new, 1)
		if text == string(good) {
			t.Fatalf("%q is not in zarr.json:\n%s", c.old, good)
		}
		_, _, err := parse([]byte(text))
		if !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.new, err)
		}
	}
	if _, _, err := parse(good); err != nil {
		t.Error(err)
	}
}

// A shard that lies about its chunks is refused, whatever it says.
func FuzzRead(f *testing.F) {
	dir := filepath.Join(f.TempDir(), "x.zarr")
	writeAll(f, dir, testMeta([]int{6, 4}, 2, 2))
	meta, _ := os.ReadFile(filepath.Join(dir, metaKey))
	shard, err := os.ReadFile(filepath.Join(dir, "c", "0", "0"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(meta, shard)
	f.Fuzz(func(t *testing.T, meta, shard []byte) {
		m, _, err := parse(meta)
		if err == nil {
			if b, err := m.marshal(); err == nil {
				again, _, err := parse(b)
				if err != nil || fmt.Sprint(again.Shape, again.Rows, again.ChunksPerShard) != fmt.Sprint(m.Shape, m.Rows, m.ChunksPerShard) {
					t.Fatalf("%v: %+v became %+v", err, m, again)
				}
			}
		}
		for _, n := range []int{1, 2, 7} {
			if len(shard) < indexSize(n) {
				continue
			}
			index := shard[len(shard)-indexSize(n):]
			putSum(index) // so that what the index says is reached
			spans, err := parseIndex(index, int64(len(shard)))
			for _, s := range spans {
				if err == nil && s.offset >= 0 && (s.length < 0 || s.offset+s.length > int64(len(shard))) {
					t.Fatalf("%v in %d bytes", s, len(shard))
				}
			}
		}
	})
}

func putSum(index []byte) {
	n := len(index) - sumSize
	binary.LittleEndian.PutUint32(index[n:], checksum(index[:n]))
}
