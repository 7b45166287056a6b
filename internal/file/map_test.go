package file_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/dqa-go/dqa/internal/file"
)

// TestContents: mapped bytes are those of the file, also after Release; that the file became shorter is an error.
func TestContents(t *testing.T) {
	want := bytes.Repeat([]byte("0123456789abcdef"), 4096)
	for _, mapped := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, want, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := file.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		c, err := r.Contents(int64(len(want)), mapped)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if !bytes.Equal(c.Bytes, want) {
				t.Errorf("mapped %t: other bytes", mapped)
			}
			c.Release()
		}
		if runtime.GOOS == "windows" {
			continue // nothing is mapped
		}
		if err := os.Truncate(path, 0); err != nil {
			t.Fatal(err)
		}
		sum := 0
		err = file.Guard(func() error {
			for _, b := range c.Bytes {
				sum += int(b)
			}
			return nil
		})
		if mapped != errors.Is(err, file.ErrRead) {
			t.Errorf("mapped %t: a shorter file gives %v", mapped, err)
		}
	}
}

func TestGuardLetsPanicsThrough(t *testing.T) {
	defer func() {
		if recover() != "mine" {
			t.Error("another panic")
		}
	}()
	_ = file.Guard(func() error { panic("mine") })
}
