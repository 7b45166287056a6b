package file

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// ErrLocked is a file that another process has locked.
var ErrLocked = errors.New("another process uses it")

// Log is a file that grows at its end. Its methods, ReadAt apart, belong to one goroutine at a time.
type Log struct {
	f    *os.File
	size int64
}

// CreateLog makes a file that must not be there yet. It is in its folder, and stays there, when CreateLog returns. Errors wrap ErrWrite.
func CreateLog(path string) (*Log, error) {
	l, err := openLog(path, os.O_CREATE|os.O_EXCL)
	if err != nil {
		return nil, err
	}
	if err := syncFolder(path); err != nil {
		_, _ = l.Close(), os.Remove(path)
		return nil, err
	}
	return l, nil
}

// OpenLog opens a file to append to, which is made if it is not there. Errors wrap ErrWrite.
func OpenLog(path string) (*Log, error) { return openLog(path, os.O_CREATE) }

func openLog(path string, flags int) (*Log, error) {
	if err := try(OpCreate, path); err != nil {
		return nil, writeError(path, err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|flags, 0o644)
	if err != nil {
		return nil, writeError(path, err)
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		_ = f.Close()
		return nil, writeError(path, err)
	}
	return &Log{f, size}, nil
}

// Size is how long the file is.
func (l *Log) Size() int64 { return l.size }

// Append writes b whole, or takes back what was written of it. Errors wrap ErrWrite.
func (l *Log) Append(b []byte) error {
	err := try(OpWrite, l.f.Name())
	if err == nil {
		_, err = l.f.WriteAt(b, l.size)
	}
	if err == nil {
		l.size += int64(len(b))
		return nil
	}
	if cut := l.f.Truncate(l.size); cut != nil {
		err = fmt.Errorf("%w, and what was written of it stays: %w", err, cut)
	}
	return writeError(l.f.Name(), err)
}

// Truncate cuts the file off after size bytes. Errors wrap ErrWrite.
func (l *Log) Truncate(size int64) error {
	if err := l.f.Truncate(size); err != nil {
		return writeError(l.f.Name(), err)
	}
	l.size = size
	return nil
}

// Sync returns when all that was appended is on the disk. It may be called while another goroutine appends. Errors wrap ErrWrite.
func (l *Log) Sync() error {
	if err := syncFile(l.f); err != nil {
		return writeError(l.f.Name(), err)
	}
	return nil
}

// ReadAt is io.ReaderAt's. It may be called from many goroutines.
func (l *Log) ReadAt(b []byte, off int64) (int, error) {
	if err := try(OpRead, l.f.Name()); err != nil {
		return 0, readError(err)
	}
	n, err := l.f.ReadAt(b, off)
	if err != nil && err != io.EOF {
		err = readError(err)
	}
	return n, err
}

// Close closes the file, without a Sync.
func (l *Log) Close() error { return l.f.Close() }
