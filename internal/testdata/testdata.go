// Package testdata finds the shared data sets and networks that some tests measure themselves against, and tells how
// thorough tests shall be: `make test` is run often, CI=true is for what takes minutes.
package testdata

import (
	"os"
	"path/filepath"
	"testing"
)

// CI tells whether everything is to be tested, and what is missing is a failure.
func CI() bool { return os.Getenv("CI") == "true" }

// Long skips a test that takes long, and says so, unless CI=true.
func Long(t testing.TB) {
	t.Helper()
	if !CI() {
		t.Skip("takes long: it runs with CI=true")
	}
}

// Shared returns the path of a file below DQA_DATA, by default ../shared/data relative to the repository root. Where
// the file is absent the test is skipped, but with CI=true it fails: there the data must be present.
func Shared(t testing.TB, parts ...string) string {
	t.Helper()
	dir := os.Getenv("DQA_DATA")
	if dir == "" {
		dir = filepath.Join(root(t), "..", "shared", "data")
	}
	path := filepath.Join(append([]string{dir}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		if CI() {
			t.Fatalf("shared data is required in CI: %v", err)
		}
		t.Skipf("shared data is absent (set DQA_DATA): %v", err)
	}
	return path
}

// root is the nearest folder above the working directory that holds go.mod.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if filepath.Dir(dir) == dir {
			t.Fatal("no go.mod above the working directory")
		}
		dir = filepath.Dir(dir)
	}
}
