package file

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// ErrWrite wraps everything that goes wrong while writing.
var ErrWrite = errors.New("cannot write")

// Write calls fill with a buffered temporary file beside path, then syncs it, renames it to path and syncs the folder.
// On any error path is as it was, or already the whole new file where only the last sync failed, and the temporary
// file is removed. A process that is killed may leave a file named .NAME.tmp-* behind; a later Write of the same path
// removes it.
func Write(path string, fill func(io.Writer) error) (err error) {
	removeStale(path)
	f, err := create(path)
	if err != nil {
		return writeError(path, err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	w := bufio.NewWriterSize(writer{f}, 1<<16)
	if err := fill(w); err != nil {
		if errors.Is(err, errOutput) {
			return writeError(path, err)
		}
		return err
	}
	if err := errors.Join(w.Flush(), f.Chmod(0o644), syncFile(f)); err != nil {
		return writeError(path, err)
	}
	if err := f.Close(); err != nil {
		return writeError(path, err)
	}
	if err := rename(f.Name(), path); err != nil {
		return writeError(path, err)
	}
	return syncFolder(path)
}

// WriteBytes is Write of data.
func WriteBytes(path string, data []byte) error {
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// MkdirAll makes a folder for output, with its parents.
func MkdirAll(path string) error {
	err := try(OpCreate, path)
	if err == nil {
		err = os.MkdirAll(path, 0o755)
	}
	if err != nil {
		return writeError(path, err)
	}
	return nil
}

// Remove removes a file that is no longer needed; that there is none is no error.
func Remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return writeError(path, err)
	}
	return nil
}

func writeError(path string, err error) error { return fmt.Errorf("%w %s: %w", ErrWrite, path, err) }

func tempPattern(path string) string { return "." + filepath.Base(path) + ".tmp-" }

func create(path string) (*os.File, error) {
	if err := try(OpCreate, path); err != nil {
		return nil, err
	}
	return os.CreateTemp(filepath.Dir(path), tempPattern(path)+"*")
}

// errOutput tells errors of the file from those of fill itself.
var errOutput = errors.New("output")

type writer struct{ f *os.File }

func (w writer) Write(b []byte) (int, error) {
	err := try(OpWrite, w.f.Name())
	n := 0
	if err == nil {
		n, err = w.f.Write(b)
	}
	if err != nil {
		err = fmt.Errorf("%w: %w", errOutput, err)
	}
	return n, err
}

func syncFile(f *os.File) error {
	if err := try(OpSync, f.Name()); err != nil {
		return err
	}
	return f.Sync()
}

func rename(from, to string) error {
	if err := try(OpRename, to); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// syncFolder makes the rename last through a power cut, where the system can.
func syncFolder(path string) error {
	dir := filepath.Dir(path)
	if err := try(OpSync, dir); err != nil {
		return writeError(path, err)
	}
	if f, err := os.Open(dir); err == nil {
		_ = f.Sync() // some systems cannot sync a folder
		f.Close()
	}
	return nil
}

// staleAfter is longer than any file here takes to write.
const staleAfter = time.Hour

// removeStale removes what killed processes left behind.
func removeStale(path string) {
	dir, prefix := filepath.Dir(path), tempPattern(path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // creating the file will say why
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), prefix) {
			continue
		}
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > staleAfter {
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}
