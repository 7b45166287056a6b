package report

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestGolden(t *testing.T) {
	for name, write := range map[string]func(*bytes.Buffer) error{
		"labelled.txt":   func(b *bytes.Buffer) error { return WriteTable(b, sample(), TableOptions{}) },
		"unlabelled.txt": func(b *bytes.Buffer) error { return WriteTable(b, unlabelled(), TableOptions{Width: 60}) },
		"labelled.json": func(b *bytes.Buffer) error {
			r := sample()
			r.Rows = r.Rows[:3]
			return WriteJSON(b, r)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := write(&b); err != nil {
				t.Fatal(err)
			}
			compare(t, filepath.Join("testdata", name), b.Bytes())
		})
	}
}

func compare(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(bytes.ReplaceAll(want, []byte("\r"), nil)), string(got)); d != "" {
		t.Errorf("%s (-want +got; -update rewrites it):\n%s", name, d)
	}
}
