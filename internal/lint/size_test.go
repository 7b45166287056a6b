package lint

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// What is asked of code, tests and generated files apart: functions have at most typical lines, but for one in a hundred, and
// longest at most; of lines longer than width there are no more than those that were there before this was asked.
const (
	typical  = 45
	longest  = 88
	width    = 140
	maxLines = 31
)

func TestFunctionsAndLinesAreShort(t *testing.T) {
	root := filepath.Join("..", "..")
	var functions []int
	wide := 0
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && strings.HasPrefix(d.Name(), ".") && d.Name() != ".." {
			return skip(d, err)
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") || strings.Contains(file, "onnxpb") {
			return nil
		}
		b, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(b)) {
			if utf8.RuneCountInString(line)-1 > width {
				wide++
			}
		}
		sizes, err := functionSizes(file, b)
		if n := slices.Max(append(sizes, 0)); n > longest {
			t.Errorf("%s: a function of %d lines, at most %d", file, n, longest)
		}
		functions = append(functions, sizes...)
		return err
	})
	if err != nil || len(functions) < 1000 {
		t.Fatalf("%d functions, %v", len(functions), err)
	}
	slices.Sort(functions)
	if n := functions[len(functions)*99/100]; n > typical {
		t.Errorf("one function in a hundred has more than %d lines, at most %d", n, typical)
	}
	if wide > maxLines {
		t.Errorf("%d lines of more than %d characters, at most %d", wide, width, maxLines)
	}
}

func functionSizes(file string, source []byte) (sizes []int, err error) {
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, file, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
			sizes = append(sizes, set.Position(fn.End()).Line-set.Position(fn.Pos()).Line+1)
		}
	}
	return sizes, nil
}
