package lint

import (
	"go/build/constraint"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// cgo is used in bindings/c alone, and there every file needs it, so that builds without it do not see the folder.
func TestCgoInBindingsOnly(t *testing.T) {
	root := filepath.Join("..", "..")
	inside := 0
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && strings.HasPrefix(d.Name(), ".") && d.Name() != ".." {
			return skip(d, err)
		}
		if !strings.HasSuffix(file, ".go") {
			return nil
		}
		dir, err := filepath.Rel(root, filepath.Dir(file))
		_, others := importsOf(t, file)
		switch in := filepath.ToSlash(dir) == "bindings/c"; {
		case in && needsCgo(t, file):
			inside++
		case in:
			t.Errorf("%s lacks the constraint cgo", file)
		case slices.Contains(others, "C"):
			t.Errorf("%s uses cgo", file)
		}
		return err
	})
	if err != nil || inside < 4 {
		t.Fatalf("%d files with cgo, %v", inside, err)
	}
}

func needsCgo(t *testing.T, file string) bool {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	e, err := constraint.Parse(first)
	return err == nil && !e.Eval(func(tag string) bool { return tag != "cgo" })
}
