//go:build ort

package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/engine/ort"
	"github.com/dqa-go/dqa/profile"
)

// The verbs on the second engine: a profile names it, and accuracy is the built-in engine's.
func TestVerbsOnONNXRuntime(t *testing.T) {
	if _, err := ort.FindLibrary(""); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("%v: %s", err, ort.HowToGet)
	}
	t.Chdir(t.TempDir())
	run := func(args ...string) string {
		t.Helper()
		code, stdout, stderr := dqaRun(append(args, "-q")...)
		if code != 0 {
			t.Fatal(stderr)
		}
		return stdout
	}
	eval := []string{"eval", "demo:classify", "--data", "demo:classify[10:40]", "--calib", "demo:classify[0:8]", "--methods", "direct:unsigned", "--bits", "4"}
	lines := map[string]string{}
	for _, engine := range []string{"native", "ort"} {
		for line := range strings.Lines(run(append(eval, "--engine", engine)...)) {
			if strings.HasPrefix(line, "fp32") {
				lines[engine] = line
			}
		}
	}
	if lines["ort"] == "" || lines["ort"] != lines["native"] {
		t.Errorf("%q and %q", lines["native"], lines["ort"])
	}
	run("calibrate", "demo:classify", "--data", "demo:classify[0:4]", "--engine", "ort", "-o", "p.dqap")
	b, err := os.ReadFile("p.dqap")
	if err != nil {
		t.Fatal(err)
	}
	if p, err := profile.Parse(b); err != nil || !strings.HasPrefix(p.ISA, "onnxruntime 1.") {
		t.Errorf("profile made on %q, %v", p.ISA, err)
	}
	first := run("run", "demo:classify", "--data", "demo:classify[0:5]", "--engine", "ort", "-o", "-")
	if second := run("run", "demo:classify", "--data", "demo:classify[0:5]", "--engine", "ort", "--workers", "3", "-o", "-"); !bytes.Equal([]byte(first), []byte(second)) {
		t.Error("outputs depend on the number of workers")
	}
	if out := run("doctor", "demo:classify"); !strings.Contains(out, "ONNX Runtime found at") {
		t.Errorf("doctor does not tell of the library: %s", out)
	}
}
