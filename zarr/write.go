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

// Write writes object i, of which there are Meta.Objects: a shard with its chunks, or the only chunk. A nil chunk is all fill
// value. It returns the object's size.
func (w *Writer) Write(i int, chunks [][]byte) (int, error) {
	if i < 0 || i >= w.meta.Objects() || len(chunks) != w.meta.ChunksOf(i) {
		return 0, fmt.Errorf("%w: object %d of %d with %d chunks", ErrInvalid, i, w.meta.Objects(), len(chunks))
	}
	var object []byte
	switch {
	case w.meta.ChunksPerShard > 0:
		object = appendShard(nil, chunks, w.meta.ChunksPerShard)
	case chunks[0] == nil:
		return 0, nil
	default:
		object = chunks[0]
	}
	path := w.path(i)
	if err := file.MkdirAll(filepath.Dir(path)); err != nil {
		return 0, err
	}
	return len(object), file.WriteBytes(path, object)
}

// Finish writes zarr.json with the attributes: the array is there then.
func (w *Writer) Finish(attributes map[string]json.RawMessage) error {
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
