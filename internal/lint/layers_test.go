// Package lint holds tests of the source code itself.
package lint

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/dqa-go/dqa"

// layers is docs/ARCHITECTURE.md in short: a package may import packages of its own line and of the lines above it.
// A folder stands for everything below it. internal/ is free to be used, but not to import a layer, save where noted.
var layers = [][]string{
	{"spec/reader"}, // the specification's reader: nothing of this project
	{"tensor", "internal/wire", "internal/parallel", "internal/cpu", "internal/file", "internal/text", "internal/authors"},
	{"internal/simd", "internal/cli"},
	{"internal/quant", "internal/bitplane", "internal/rans", "internal/huffman", "internal/prefix"},
	{"frame", "profile"},
	{"internal/tile"},
	{"."},
	{"tables", "internal/packed", "drift"},
	{"graph"},
	{"onnx"},
	{"engine"},
	{"gradient"},
	{"dataset", "metric", "zarr"},
	{"demo", "corrupt"},
	{"method"},
	{"calib", "eval"},
	{"doctor", "report", "bench", "features"},
	{"session"},
	{"inspect"},
	{"internal/picture"},
	{"advise", "pilot"},
	{"fleet/link", "fleet/outbox", "fleet/metrics", "fleet/site"},
	{"fleet"},
	{"internal/faults"},
	{"cmd", "bindings", "examples", "internal/ablation", "internal/driftlab", "internal/fleetsoak", "spec/vectors"},
	{"internal/lint", "internal/testdata", "internal/browser"},
}

func TestImportsGoUpOnly(t *testing.T) {
	root := filepath.Join("..", "..")
	files := 0
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && strings.HasPrefix(d.Name(), ".") && d.Name() != ".." {
			return skip(d, err)
		}
		// Tests may import what they like, save the specification's reader: not even those lean on the product.
		test := strings.HasSuffix(file, "_test.go") && !strings.Contains(filepath.ToSlash(file), "/spec/reader/")
		if !strings.HasSuffix(file, ".go") || test {
			return nil
		}
		files++
		checkFile(t, root, file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 20 {
		t.Fatalf("only %d files found", files)
	}
}

func skip(d fs.DirEntry, err error) error {
	if err == nil && d.IsDir() {
		return filepath.SkipDir
	}
	return err
}

func checkFile(t *testing.T, root, file string) {
	t.Helper()
	dir, err := filepath.Rel(root, filepath.Dir(file))
	if err != nil {
		t.Fatal(err)
	}
	own, ok := layerOf(filepath.ToSlash(dir))
	if !ok {
		t.Errorf("%s: folder belongs to no layer: add it to this test and to docs/ARCHITECTURE.md", file)
		return
	}
	deps, _ := importsOf(t, file)
	for _, dep := range deps {
		if l, ok := layerOf(dep); !ok || l > own {
			t.Errorf("%s imports %s, which lies below it", file, dep)
		}
	}
}

// front is what the command line may import: it is flags, printing and exit codes. The job is session's, and what runs,
// quantizes or measures lies below that.
var front = []string{
	"session", "inspect", // the job
	"advise", "pilot", "pilot/page", // a study of it, and its pages
	"report", "bench", "doctor", // results to print
	"features",                                          // stores of them
	"internal/faults",                                   // how errors are told
	"dataset", "profile", "graph", "onnx", ".", "frame", // what flags describe, and the errors that users meet
	"internal/cli", "internal/text", "internal/file", "internal/cpu",
}

func TestCommandIsThin(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "cmd", "dqa", "*.go"))
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		deps, _ := importsOf(t, file)
		for _, dep := range deps {
			if !slices.Contains(front, dep) {
				t.Errorf("%s imports %s: that is session's to do", file, dep)
			}
		}
	}
}

// heavy are modules that who only runs, quantizes or measures a network does not need.
var heavy = []string{"google.golang.org/protobuf", "gonum.org/"}

func TestNetworksRunWithoutProtobufAndPlotting(t *testing.T) {
	for _, top := range []string{".", "tables", "engine/native", "method", "calib", "eval"} {
		seen := walkImports(t, top, func(dir, name string) {
			if slices.ContainsFunc(heavy, func(h string) bool { return strings.HasPrefix(name, h) }) {
				t.Errorf("%s stands on %s, which imports %s", top, dir, name)
			}
		})
		if len(seen) < 5 {
			t.Errorf("%s: only %d packages found", top, len(seen))
		}
	}
}

// dqa stays small: what the fleet stands on is dqa-fleet's alone.
func TestDQAKnowsNoFleet(t *testing.T) {
	visited := walkImports(t, "cmd/dqa", func(dir, name string) {
		if strings.HasPrefix(name, "github.com/nats-io/") {
			t.Errorf("cmd/dqa stands on %s, which imports %s", dir, name)
		}
	})
	for dir := range visited {
		if dir == "fleet" || strings.HasPrefix(dir, "fleet/") {
			t.Errorf("cmd/dqa stands on %s", dir)
		}
	}
	if len(visited) < 20 {
		t.Errorf("only %d packages found", len(visited))
	}
}

// walkImports visits all packages of this project that top stands on, tests apart, and calls foreign for what they import of others.
func walkImports(t *testing.T, top string, foreign func(dir, name string)) map[string]bool {
	t.Helper()
	seen := map[string]bool{}
	var visit func(dir string)
	visit = func(dir string) {
		if seen[dir] {
			return
		}
		seen[dir] = true
		files, err := filepath.Glob(filepath.Join("..", "..", dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no files, %v", dir, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			own, others := importsOf(t, file)
			for _, name := range others {
				foreign(dir, name)
			}
			for _, dep := range own {
				visit(dep)
			}
		}
	}
	visit(top)
	return seen
}

// importsOf lists what a file imports: packages of this project as folders, others by their paths.
func importsOf(t *testing.T, file string) (own, others []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range f.Imports {
		name, _ := strconv.Unquote(spec.Path.Value)
		if name == module || strings.HasPrefix(name, module+"/") {
			own = append(own, path.Clean("."+strings.TrimPrefix(name, module)))
		} else {
			others = append(others, name)
		}
	}
	return own, others
}

// layerOf finds the line of the longest folder that dir lies in.
func layerOf(dir string) (layer int, ok bool) {
	best := -1
	for i, names := range layers {
		for _, n := range names {
			if (dir == n || strings.HasPrefix(dir, n+"/")) && len(n) > best {
				layer, ok, best = i, true, len(n)
			}
		}
	}
	return layer, ok
}

func TestLayerOf(t *testing.T) {
	for dir, want := range map[string]string{".": ".", "engine/native": "engine", "cmd/dqa": "cmd"} {
		l, ok := layerOf(dir)
		if !ok || layers[l][0] != want {
			t.Errorf("%s: line %d", dir, l)
		}
	}
	if _, ok := layerOf("nowhere"); ok {
		t.Error("unknown folder accepted")
	}
}
