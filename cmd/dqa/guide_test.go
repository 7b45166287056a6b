package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// commandsOf are the lines of a guide that a reader types.
func commandsOf(t *testing.T, name string) (all []string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "guide", name))
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range shellBlock.FindAllStringSubmatch(string(b), -1) {
		all = append(all, strings.Split(strings.TrimSpace(block[1]), "\n")...)
	}
	return all
}

// The guides, in either language, have the commands that the script guide.txtar runs, and no others.
func TestGuide(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "script", "guide.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for line := range strings.Lines(string(b)) {
		if command, ok := strings.CutPrefix(strings.TrimPrefix(strings.TrimSpace(line), "! "), "exec "); ok {
			want = append(want, command)
		}
	}
	for _, name := range []string{"README.md", "README.ja.md"} {
		if got := commandsOf(t, name); len(got) < 8 || !slices.Equal(got, want) {
			t.Errorf("%s:\n%s\nthe script:\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// What export.py writes goes the guide's way: it is inspected, calibrated and run with activations packed, where there is torch (of the
// python3 on the path, of DQA_PYTHON's, or of the system's).
func TestGuideExport(t *testing.T) {
	python := slices.IndexFunc(pythons, func(p string) bool { return p != "" && exec.Command(p, "-c", "import torch, onnx").Run() == nil })
	if python < 0 {
		t.Skip("no torch: export.py is not run")
	}
	dir := t.TempDir()
	path, profile := filepath.Join(dir, "net.onnx"), filepath.Join(dir, "p.dqap")
	script := filepath.Join("..", "..", "docs", "guide", "export.py")
	if out, err := exec.Command(pythons[python], script, path).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, args := range [][]string{
		{"inspect", path},
		{"calibrate", path, "--data", "demo:classify[0:16]", "-o", profile, "-q"},
		{"plan", path, "--profile", profile},
		{"run", path, "--profile", profile, "--packed", "--data", "demo:classify[20:24]", "-o", filepath.Join(dir, "outputs.npz"), "-q"},
	} {
		var out, stderr strings.Builder
		if code := run(args, strings.NewReader(""), &out, &stderr); code != 0 {
			t.Errorf("%v: %d\n%s%s", args, code, &out, &stderr)
		}
	}
}

var pythons = []string{os.Getenv("DQA_PYTHON"), "python3", "/usr/bin/python3"}
