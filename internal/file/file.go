// Package file is how this program reads and writes files: what package os does, with a place where tests make any
// operation fail, and files that are written whole or not at all.
package file

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"strings"
	"sync"
	"sync/atomic"
)

// ErrRead wraps what goes wrong while reading, but for files that are not there or may not be read.
var ErrRead = errors.New("cannot read")

// Op is an operation that can fail.
type Op string

// The operations.
const (
	OpOpen   Op = "open"
	OpRead   Op = "read"
	OpCreate Op = "create"
	OpWrite  Op = "write"
	OpSync   Op = "sync"
	OpRename Op = "rename"
)

// faults are by folder; a new map takes the place of the old one, so that operations need no lock.
var (
	faults      atomic.Pointer[map[string]func(Op, string) error]
	changeFault sync.Mutex
)

// InjectFaults has f asked before every operation on a path that begins with dir; its error is what the operation gives.
// nil ends it. For tests, which may run at once if each has a folder of its own; dir "" is every path.
func InjectFaults(dir string, f func(op Op, path string) error) {
	changeFault.Lock()
	defer changeFault.Unlock()
	changed := map[string]func(Op, string) error{}
	if old := faults.Load(); old != nil {
		maps.Copy(changed, *old)
	}
	delete(changed, dir)
	if f != nil {
		changed[dir] = f
	}
	faults.Store(&changed)
}

func try(op Op, path string) error {
	all := faults.Load()
	if all == nil {
		return nil
	}
	for dir, f := range *all {
		if !strings.HasPrefix(path, dir) {
			continue
		}
		if err := f(op, path); err != nil {
			return &fs.PathError{Op: string(op), Path: path, Err: err}
		}
	}
	return nil
}

// Reader is a file opened for reading.
type Reader struct{ f *os.File }

// Open opens a file for reading.
func Open(path string) (*Reader, error) {
	if err := try(OpOpen, path); err != nil {
		return nil, readError(err)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, readError(err)
	}
	return &Reader{f}, nil
}

// Wrap makes a Reader of a file that is open.
func Wrap(f *os.File) *Reader { return &Reader{f} }

// Close closes the file.
func (r *Reader) Close() error { return r.f.Close() }

// Name is the path that the file was opened by.
func (r *Reader) Name() string { return r.f.Name() }

// Stat describes the file.
func (r *Reader) Stat() (fs.FileInfo, error) { return r.f.Stat() }

// Seek implements io.Seeker.
func (r *Reader) Seek(offset int64, whence int) (int64, error) { return r.f.Seek(offset, whence) }

// Read implements io.Reader.
func (r *Reader) Read(b []byte) (int, error) {
	if err := try(OpRead, r.Name()); err != nil {
		return 0, readError(err)
	}
	n, err := r.f.Read(b)
	return n, readError(err)
}

// ReadAt implements io.ReaderAt.
func (r *Reader) ReadAt(b []byte, off int64) (int, error) {
	if err := try(OpRead, r.Name()); err != nil {
		return 0, readError(err)
	}
	n, err := r.f.ReadAt(b, off)
	return n, readError(err)
}

// readError leaves alone what says enough by itself.
func readError(err error) error {
	for _, plain := range []error{nil, io.EOF, fs.ErrNotExist, fs.ErrPermission} {
		if errors.Is(err, plain) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", ErrRead, err)
}

// Read returns the contents of a file of this program's own, of at most ownLimit bytes.
func Read(path string) ([]byte, error) { return ReadLimited(path, ownLimit) }

const ownLimit = 64 << 20

// ReadLimited returns the contents of a file of at most limit bytes, which may be a pipe or a device: an endless one is
// ErrTooLong.
func ReadLimited(path string, limit int64) ([]byte, error) {
	r, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b, err := ReadAll(r, limit)
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return b, err
}

// ErrTooLong says that more would have to be read than allowed.
var ErrTooLong = errors.New("too long")

// ReadAll reads at most limit bytes up to the end.
func ReadAll(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(b)) > limit {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLong, limit)
	}
	return b, err
}

// ReadDir lists a folder, sorted by name.
func ReadDir(path string) ([]fs.DirEntry, error) {
	if err := try(OpRead, path); err != nil {
		return nil, readError(err)
	}
	return os.ReadDir(path)
}
