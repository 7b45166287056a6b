package file

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
)

// ErrWrite wraps everything that goes wrong while writing.
var ErrWrite = errors.New("cannot write")

// Write calls fill with a buffered temporary file beside path, then syncs it, renames it to path and syncs the folder.
// On any error path is as it was, or already the whole new file where only the last sync failed, and the temporary
// file is removed. A process that is killed may leave a file named .NAME.tmp-* behind; a later process that writes the same
// path removes it. A file that is replaced keeps its permissions, a new one has those of the umask; a link stays one. What
// is no regular file, a device or a pipe, is written through.
func Write(path string, fill func(io.Writer) error) error {
	mode := fs.FileMode(0o666)
	switch info, err := os.Stat(path); {
	case err != nil: // it will be new, or creating it will say why not
	case info.Mode().IsRegular():
		mode = info.Mode().Perm()
		if target, err := filepath.EvalSymlinks(path); err == nil {
			return replace(target, mode, true, fill)
		}
	case !info.IsDir():
		return writeThrough(path, fill)
	}
	return replace(path, mode, false, fill)
}

// writeThrough writes to what is there.
func writeThrough(path string, fill func(io.Writer) error) error {
	if err := try(OpCreate, path); err != nil {
		return writeError(path, err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return writeError(path, err)
	}
	defer f.Close()
	w := bufio.NewWriterSize(writer{f}, 1<<16)
	if err := fill(w); err != nil {
		return outputError(path, err)
	}
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		return writeError(path, err)
	}
	return nil
}

// replace writes a file beside path, which takes its place. With keep it gets exactly the permissions mode, else those that
// the umask leaves.
func replace(path string, mode fs.FileMode, keep bool, fill func(io.Writer) error) (err error) {
	removeStale(path)
	f, err := create(path, mode)
	if err != nil {
		return writeError(path, err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
		unfinished.Delete(f.Name())
	}()
	w := bufio.NewWriterSize(writer{f}, 1<<16)
	if err := fill(w); err != nil {
		return outputError(path, err)
	}
	if keep {
		err = f.Chmod(mode)
	}
	if err := errors.Join(w.Flush(), err, syncFile(f)); err != nil {
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

// unfinished are the names of temporary files.
var unfinished sync.Map

// Abandon removes all files that are being written, for a process that ends without waiting for them.
func Abandon() {
	unfinished.Range(func(name, _ any) bool {
		os.Remove(name.(string))
		return true
	})
}

// WriteBytes is Write of data.
func WriteBytes(path string, data []byte) error {
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// WriteSecret is WriteBytes of what its owner alone may read.
func WriteSecret(path string, data []byte) error {
	return replace(path, 0o600, true, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// MkdirAll makes a folder for output, with its parents.
func MkdirAll(path string) error {
	err := try(OpCreate, path)
	if err == nil {
		err = os.MkdirAll(path, 0o777)
	}
	if err != nil {
		return writeError(path, err)
	}
	return nil
}

// CheckFolder tells whether files can be made in a folder, or in the nearest folder above it that is there: work of minutes
// should not end at its last step. It leaves nothing behind.
func CheckFolder(dir string) error {
	at := dir
	for {
		info, err := os.Stat(at)
		if err == nil && !info.IsDir() {
			return writeError(dir, fmt.Errorf("%s is no folder", at))
		}
		if err == nil {
			break
		}
		above := filepath.Dir(at)
		if !errors.Is(err, fs.ErrNotExist) || above == at {
			return writeError(dir, err)
		}
		at = above
	}
	f, err := os.CreateTemp(at, ".dqa-check-*")
	if err != nil {
		return writeError(dir, err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// CheckOutput is CheckFolder for a file that is to be written, whose folder must be there; what is there and no regular file is not asked.
func CheckOutput(path string) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return writeError(path, err)
	}
	return CheckFolder(filepath.Dir(path))
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

// create makes a temporary file beside path.
func create(path string, mode fs.FileMode) (*os.File, error) {
	if err := try(OpCreate, path); err != nil {
		return nil, err
	}
	for tries := 0; ; tries++ {
		name := filepath.Join(filepath.Dir(path), fmt.Sprintf("%s%d", tempPattern(path), rand.Uint32()))
		unfinished.Store(name, nil)
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, mode|0o200)
		if err == nil {
			return f, nil
		}
		unfinished.Delete(name)
		if !errors.Is(err, fs.ErrExist) || tries > 100 {
			return nil, err
		}
	}
}

// errOutput tells errors of the file from those of fill itself.
var errOutput = errors.New("output")

// outputError is an error of fill, which may have been one of the file.
func outputError(path string, err error) error {
	if errors.Is(err, errOutput) {
		return writeError(path, err)
	}
	return err
}

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

// leftovers are the names in a folder that look like temporary files, as this process found them first: folders may be
// large, and a file is written into them for every image.
var leftovers sync.Map // folder -> func() []string

func leftoversOf(dir string) []string {
	find, ok := leftovers.Load(dir)
	if !ok {
		find, _ = leftovers.LoadOrStore(dir, sync.OnceValue(func() (names []string) {
			f, err := os.Open(dir)
			if err != nil {
				return nil // creating the file will say why
			}
			defer f.Close()
			for {
				some, err := f.Readdirnames(1 << 10)
				for _, name := range some {
					if strings.HasPrefix(name, ".") && strings.Contains(name, ".tmp-") {
						names = append(names, name)
					}
				}
				if err != nil {
					return names
				}
			}
		}))
	}
	return find.(func() []string)()
}

// removeStale removes what killed processes left behind.
func removeStale(path string) {
	dir, prefix := filepath.Dir(path), tempPattern(path)
	for _, name := range leftoversOf(dir) {
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		stale := filepath.Join(dir, name)
		if info, err := os.Stat(stale); err == nil && time.Since(info.ModTime()) > staleAfter {
			os.Remove(stale)
		}
	}
}

// Clean removes from a folder, and from those below it, the temporary files that killed processes left behind, however young:
// for folders that nobody else writes to.
func Clean(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !temporary.MatchString(d.Name()) {
			return err
		}
		return os.Remove(path)
	})
}

// temporary are the names that create gives.
var temporary = regexp.MustCompile(`^\..+\.tmp-[0-9]+$`)
