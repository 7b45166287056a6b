package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/frame"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/session"
)

// A frame that was cut after its base part decodes, and scripts can tell: by --whole or by base_only.
func TestDecodeOfACutFrame(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	dqa := func(args ...string) (code int, out string) {
		var b bytes.Buffer
		code = run(append(args, "-q"), strings.NewReader(""), &b, io.Discard)
		return code, b.String()
	}
	for _, args := range [][]string{
		{"calibrate", "demo:classify", "--data", "demo:classify[0:2]", "--method", "direct", "--bits", "4", "--scalable", "2",
			"-o", in("p.dqap")},
		{"encode", "demo:classify", "--profile", in("p.dqap"), "--data", "demo:classify[0:1]", "-o", in("frames")},
	} {
		if code, _ := dqa(args...); code != 0 {
			t.Fatalf("%v: exit code %d", args, code)
		}
	}
	manifest, err := os.ReadFile(in("frames/" + session.ManifestName))
	if err != nil || !strings.Contains(string(manifest), `"frame": "000000.dqaf"`) {
		t.Errorf("manifest %s, %v", manifest, err)
	}
	b, err := os.ReadFile(in("frames/000000.dqaf"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := frame.Parse(b)
	if err != nil || f.BaseSize >= len(b) {
		t.Fatalf("base of %d bytes of %d: %v", f.BaseSize, len(b), err)
	}
	if err := os.WriteFile(in("cut.dqaf"), b[:f.BaseSize], 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		frame string
		flags []string
		code  int
		says  string
	}{
		{"frames/000000.dqaf", []string{"--whole", "--json"}, 0, `"base_only": false`},
		{"cut.dqaf", []string{"--json"}, 0, `"base_only": true`},
		{"cut.dqaf", []string{"--whole"}, cli.ExitFormat, ""},
	} {
		args := append([]string{"decode", in("p.dqap"), in(c.frame), "-o", in("x.npz")}, c.flags...)
		if code, out := dqa(args...); code != c.code || !strings.Contains(out, c.says) {
			t.Errorf("%v: exit code %d, %s", args, code, out)
		}
	}
}
