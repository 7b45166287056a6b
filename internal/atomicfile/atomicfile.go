// Package atomicfile writes files that are either whole or not there.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// ErrWrite wraps everything that goes wrong while writing.
var ErrWrite = errors.New("cannot write")

// Write calls fill with a buffered temporary file beside path, then syncs it and renames it to path. On any error path
// stays as it was and the temporary file is removed.
func Write(path string, fill func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".tmp-*")
	if err != nil {
		return fmt.Errorf("%w %s: %w", ErrWrite, path, err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	w := bufio.NewWriterSize(f, 1<<16)
	if err := fill(w); err != nil {
		return err
	}
	if err := errors.Join(w.Flush(), f.Chmod(0o644), f.Sync()); err != nil {
		return fmt.Errorf("%w %s: %w", ErrWrite, path, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("%w %s: %w", ErrWrite, path, err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("%w %s: %w", ErrWrite, path, err)
	}
	return nil
}

// WriteBytes is Write of data.
func WriteBytes(path string, data []byte) error {
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}
