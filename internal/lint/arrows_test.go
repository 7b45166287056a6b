package lint

import (
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// maxArrows are the imports of one package by another, tests apart. It was 115 among 37 packages before the house was
// rebuilt. A commit that raises it says why the new arrow is worth it.
const maxArrows = 325

// rooms were there before the house was rebuilt (under these names or older ones): 114 arrows ran among them
// (docs/design/arrows.md).
var rooms = strings.Fields(`. bench calib cmd/dqa dataset demo demo/train/gen doctor engine engine/native engine/native/kernel engine/ort
	engine/reference eval examples/embed frame internal/ablation internal/bitplane internal/cpu internal/file internal/huffman
	internal/lint internal/parallel internal/prefix internal/quant internal/rans internal/simd internal/wire method metric onnx
	onnx/internal/onnxpb profile report spec/reader spec/vectors tensor`)

// maxOld are the arrows among rooms.
const maxOld = 85

func TestArrowsBetweenPackages(t *testing.T) {
	root := filepath.Join("..", "..")
	arrows, packages := map[[2]string]bool{}, map[string]bool{}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && strings.HasPrefix(d.Name(), ".") && d.Name() != ".." {
			return skip(d, err)
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		dir, err := filepath.Rel(root, filepath.Dir(file))
		own := filepath.ToSlash(dir)
		packages[own] = true
		deps, _ := importsOf(t, file)
		for _, dep := range deps {
			arrows[[2]string{own, dep}] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	old := 0
	for a := range arrows {
		if slices.Contains(rooms, a[0]) && slices.Contains(rooms, a[1]) {
			old++
		}
	}
	t.Logf("%d arrows between %d packages, %d among %d old rooms", len(arrows), len(packages), old, len(rooms))
	if old > maxOld {
		t.Errorf("%d arrows among the old rooms, at most %d", old, maxOld)
	}
	if len(packages) < 20 || len(arrows) > maxArrows {
		t.Errorf("%d arrows between %d packages, at most %d", len(arrows), len(packages), maxArrows)
	}
}
