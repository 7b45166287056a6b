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

// What export.py writes is read, where there is torch.
func TestGuideExport(t *testing.T) {
	if exec.Command("python3", "-c", "import torch, onnx").Run() != nil {
		t.Skip("no torch: export.py is not run")
	}
	path := filepath.Join(t.TempDir(), "net.onnx")
	if out, err := exec.Command("python3", filepath.Join("..", "..", "docs", "guide", "export.py"), path).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var out, stderr strings.Builder
	if code := run([]string{"inspect", path}, strings.NewReader(""), &out, &stderr); code != 0 {
		t.Errorf("%d\n%s%s", code, &out, &stderr)
	}
}
