package report

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func jsonOf(t *testing.T, results ...Result) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteJSON(&b, results...); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWriteJSONShape(t *testing.T) {
	if got := jsonOf(t); got != "[]\n" {
		t.Errorf("no results: %q", got)
	}
	if got := jsonOf(t, Result{}); !strings.HasPrefix(got, "{") || !strings.Contains(got, `"rows": []`) {
		t.Errorf("one empty result: %s", got)
	}
	var two []Result
	if err := json.Unmarshal([]byte(jsonOf(t, sample(), unlabelled())), &two); err != nil || len(two) != 2 {
		t.Errorf("two results: %d, %v", len(two), err)
	}
}

func TestWriteJSONRounds(t *testing.T) {
	r := Result{Model: "a<b>&c", FP32: ptr(92.123456), Rows: []Row{{
		Ratio: ptr(1.0 / 3), Value: ptr(math.NaN()), Drop: ptr(-0.00001), DropSE: ptr(math.Inf(1)), KL: ptr(0.0000712345),
		Agreement: ptr(99.99996), StoredBits: ptr(4.31239), FrameBytes: ptr(1e300),
	}}}
	var got Result
	text := jsonOf(t, r)
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	want := Result{Model: "a<b>&c", FP32: ptr(92.1235), Rows: []Row{{
		Ratio: ptr(1.0 / 3), Drop: ptr(0.0), KL: ptr(0.00007123), Agreement: ptr(100.0), StoredBits: ptr(4.3124), FrameBytes: ptr(1e300),
	}}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if !strings.Contains(text, "a<b>&c") || strings.Contains(text, "-0") {
		t.Error(text)
	}
	if *r.FP32 != 92.123456 || !math.IsNaN(*r.Rows[0].Value) {
		t.Error("the caller's result was changed")
	}
}

func TestSignificant(t *testing.T) {
	for in, want := range map[float64]float64{0: 0, 5.30987: 5.31, 123456: 123500, -0.012345: -0.01235, 5e-324: 5e-324} {
		if got := significant(&in); *got != want {
			t.Errorf("%g: %g, want %g", in, *got, want)
		}
	}
}

// TestDocument holds docs/JSON.md to the envelope: every field is in a table, and the example is what WriteJSON writes.
func TestDocument(t *testing.T) {
	doc, err := os.ReadFile("../docs/JSON.md")
	if err != nil {
		t.Fatal(err)
	}
	doc = bytes.ReplaceAll(doc, []byte("\r"), nil)
	for _, typ := range []reflect.Type{reflect.TypeFor[Result](), reflect.TypeFor[Row]()} {
		for i := range typ.NumField() {
			if name := typ.Field(i).Tag.Get("json"); !bytes.Contains(doc, []byte("\n| `"+name+"` |")) {
				t.Errorf("%s of %s is not documented", name, typ.Name())
			}
		}
	}
	example := regexp.MustCompile("(?s)```json\n(.*?)```").FindSubmatch(doc)
	if example == nil {
		t.Fatal("no example")
	}
	dec := json.NewDecoder(bytes.NewReader(example[1]))
	dec.DisallowUnknownFields()
	var r Result
	if err := dec.Decode(&r); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(example[1]), jsonOf(t, r)); d != "" {
		t.Error(d)
	}
}
