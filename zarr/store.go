package zarr

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/dqa-go/dqa/internal/file"
)

// objects are the files of an array, by key.
type objects interface {
	// open gives an object and its size. That there is none is fs.ErrNotExist.
	open(key string) (object, int64, error)
	io.Closer
}

type object interface {
	io.ReaderAt
	io.Closer
}

// openObjects opens a folder or a zip file.
func openObjects(name string) (objects, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return folder(name), nil
	}
	f, err := file.Open(name)
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(f, info.Size())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %s is neither a folder nor a zip file: %w", ErrInvalid, name, err), f.Close())
	}
	a := &archive{file: f, entries: map[string]*zip.File{}}
	for _, e := range z.File {
		a.entries[e.Name] = e
	}
	return a, nil
}

type folder string

func (f folder) open(key string) (object, int64, error) {
	r, err := file.Open(filepath.Join(string(f), filepath.FromSlash(key)))
	if err != nil {
		return nil, 0, err
	}
	info, err := r.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%w: %s is no file", ErrInvalid, key)
	}
	if err != nil {
		return nil, 0, errors.Join(err, r.Close())
	}
	return r, info.Size(), nil
}

func (f folder) Close() error { return nil }

// archive is a zip file whose entries are stored as they are, as the specification of ZipStore has it.
type archive struct {
	file    *file.Reader
	entries map[string]*zip.File
}

func (a *archive) open(key string) (object, int64, error) {
	e := a.entries[key]
	if e == nil {
		return nil, 0, fmt.Errorf("%s: %w", key, fs.ErrNotExist)
	}
	if e.Method != zip.Store || e.UncompressedSize64 != e.CompressedSize64 {
		return nil, 0, fmt.Errorf("%w: %s is compressed within the zip file", ErrUnsupported, key)
	}
	at, err := e.DataOffset()
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %s: %w", ErrInvalid, key, err)
	}
	size := int64(e.CompressedSize64)
	return section{io.NewSectionReader(a.file, at, size)}, size, nil
}

func (a *archive) Close() error { return a.file.Close() }

type section struct{ *io.SectionReader }

func (section) Close() error { return nil }
