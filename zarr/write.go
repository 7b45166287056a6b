package zarr

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/dqa-go/dqa/internal/file"
)

// Writer writes an array into a folder. Objects may be written in any order, by any number of goroutines; each is there whole
// or not at all. zarr.json comes last, by Finish: a folder without it is no array yet, and can be gone on with.
type Writer struct {
	meta Meta
	dir  string
}

// NewWriter prepares a folder, which may be there from an earlier attempt: see Has.
func NewWriter(dir string, meta Meta) (*Writer, error) {
	if err := meta.Validate(); err != nil {
		return nil, err
	}
	w := &Writer{meta: meta, dir: dir}
	return w, file.MkdirAll(dir)
}

func (w *Writer) path(i int) string {
	return filepath.Join(w.dir, filepath.FromSlash(w.meta.key(i, "/")))
}

// Has tells whether object i has been written, and its size.
func (w *Writer) Has(i int) (size int, ok bool) {
	info, err := os.Stat(w.path(i))
	if err != nil || !info.Mode().IsRegular() {
		return 0, false
	}
	return int(info.Size()), true
}

// Object is what object i, of which there are Objects, is with these chunks: a shard, or the only chunk. A nil chunk is all fill
// value; nil is no object at all.
func (m *Meta) Object(i int, chunks [][]byte) ([]byte, error) {
	if i < 0 || i >= m.Objects() || len(chunks) != m.ChunksOf(i) {
		return nil, fmt.Errorf("%w: object %d of %d with %d chunks", ErrInvalid, i, m.Objects(), len(chunks))
	}
	if m.ChunksPerShard > 0 {
		return appendShard(nil, chunks, m.ChunksPerShard), nil
	}
	return chunks[0], nil
}

// Write writes what Meta.Object made.
func (w *Writer) Write(i int, object []byte) error {
	if object == nil {
		return nil
	}
	path := w.path(i)
	if err := file.MkdirAll(filepath.Dir(path)); err != nil {
		return err
	}
	return file.WriteBytes(path, object)
}

// Finish writes zarr.json with the attributes: the array is there then. What processes that were killed left behind goes.
func (w *Writer) Finish(attributes map[string]json.RawMessage) error {
	if err := file.Clean(w.dir); err != nil {
		return err
	}
	meta := w.meta
	meta.Attributes = attributes
	b, err := meta.marshal()
	if err != nil {
		return err
	}
	return file.WriteBytes(filepath.Join(w.dir, metaKey), b)
}

// Zip writes the array of a folder into one file, entries stored as they are and without times: equal arrays give equal
// files.
func Zip(name, dir string) error {
	a, err := Open(dir)
	if err != nil {
		return err
	}
	defer a.Close()
	return file.Write(name, func(w io.Writer) error {
		z := zip.NewWriter(w)
		keys := []string{metaKey}
		for i := range a.Objects() {
			keys = append(keys, a.key(i, a.layout.separator))
		}
		for _, key := range keys {
			if err := a.copyTo(z, key); err != nil {
				return err
			}
		}
		return z.Close()
	})
}

func (a *Array) copyTo(z *zip.Writer, key string) error {
	o, size, err := a.objects.open(key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer o.Close()
	w, err := z.CreateHeader(&zip.FileHeader{Name: key, Method: zip.Store})
	if err != nil {
		return err
	}
	_, err = io.Copy(w, io.NewSectionReader(o, 0, size))
	return err
}
