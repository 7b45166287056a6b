package file_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/dqa-go/dqa/internal/file"
)

func TestOutputsAreCheckedBeforeWork(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, ok := range map[string]bool{
		dir: true, filepath.Join(dir, "not", "yet"): true, plain: false, filepath.Join(plain, "below"): false,
	} {
		if err := file.CheckFolder(path); (err == nil) != ok || !ok && !errors.Is(err, file.ErrWrite) {
			t.Errorf("%s: %v", path, err)
		}
	}
	for path, ok := range map[string]bool{
		plain: true, filepath.Join(dir, "new"): true, filepath.Join(plain, "p.dqap"): false, filepath.Join(dir, "no",
			"p.dqap"): false, os.DevNull: true,
	} {
		if err := file.CheckOutput(path); (err == nil) != ok {
			t.Errorf("%s: %v", path, err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%v left behind, %v", left, err)
	}
}

// Clean takes temporary files of this package, wherever below the folder, and nothing else.
func TestClean(t *testing.T) {
	dir := t.TempDir()
	below := filepath.Join(dir, "c", "0")
	if err := os.MkdirAll(below, 0o777); err != nil {
		t.Fatal(err)
	}
	for name, stays := range map[string]bool{".0.tmp-123": false, "0": true, ".0.tmp-": true, "0.tmp-1": true, ".dqa-pack.json": true} {
		path := filepath.Join(below, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := file.Clean(dir); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); (err == nil) != stays {
			t.Errorf("%s: %v", name, err)
		}
	}
}
