package lint

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// coderRooms may ask which coder an edge has: the format, what teaches coders, and the coders themselves.
var coderRooms = []string{"profile", "tables", "internal/tile"}

// Elsewhere a coder is a thing with methods, not a case: adding one must not mean looking for ifs.
func TestCodersAreToldApartInTheirRoomsOnly(t *testing.T) {
	root := filepath.Join("..", "..")
	files := 0
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && strings.HasPrefix(d.Name(), ".") && d.Name() != ".." {
			return skip(d, err)
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, file)
		for _, room := range coderRooms {
			if strings.HasPrefix(filepath.ToSlash(rel), room+"/") {
				return err
			}
		}
		files++
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
		if err == nil {
			for _, n := range coderCases(f) {
				t.Errorf("%s: a coder is a case here", set.Position(n.Pos()))
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 100 {
		t.Fatalf("only %d files found", files)
	}
}

// coderCases finds `x.Coder == y`, `x.Coder != y` but for nil, `switch x.Coder` and calls of Whole and Modelled.
func coderCases(f *ast.File) (found []ast.Node) {
	coder := func(e ast.Expr) bool {
		s, ok := e.(*ast.SelectorExpr)
		return ok && s.Sel.Name == "Coder"
	}
	null := func(e ast.Expr) bool {
		id, ok := e.(*ast.Ident)
		return ok && id.Name == "nil"
	}
	ast.Inspect(f, func(n ast.Node) bool {
		is := false
		switch n := n.(type) {
		case *ast.BinaryExpr:
			is = (n.Op == token.EQL || n.Op == token.NEQ) && (coder(n.X) && !null(n.Y) || coder(n.Y) && !null(n.X))
		case *ast.SwitchStmt:
			is = n.Tag != nil && coder(n.Tag)
		case *ast.CallExpr:
			s, ok := n.Fun.(*ast.SelectorExpr)
			is = ok && len(n.Args) == 0 && (s.Sel.Name == "Whole" || s.Sel.Name == "Modelled")
		}
		if is {
			found = append(found, n)
		}
		return true
	})
	return found
}

func TestCoderCases(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "x.go", `package x
func f() {
	if e.Coder == profile.Raw || 0 != e.Coder || e.Coder.Whole() || c.Modelled() {
	}
	switch e.Coder {
	}
	if opt.Coder != nil || e.Coder.String() == "raw" || Coder == 1 || x.Whole(2) {
	}
}`, 0)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(coderCases(f)); n != 5 {
		t.Errorf("%d cases found, want 5", n)
	}
}
