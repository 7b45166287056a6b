package dataset

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dqa-go/dqa/internal/file"
)

// isArray tells by its name whether a path is that of a NumPy file, or of an array in an archive.
func isArray(path string) bool {
	archive, _, inside := cutArchive(path)
	return inside || strings.EqualFold(filepath.Ext(archive), ".npy")
}

// cutArchive takes FILE.npz:NAME apart; the name may be missing.
func cutArchive(path string) (archive, name string, inside bool) {
	lower := strings.ToLower(path)
	if strings.HasSuffix(lower, ".npz") {
		return path, "", true
	}
	if k := strings.LastIndex(lower, ".npz:"); k >= 0 {
		return path[:k+4], path[k+5:], true
	}
	return path, "", false
}

// openArchived opens an array of an .npz archive, which is a zip file of .npy files. What is stored as it is is read in
// place; what is compressed is unpacked into memory.
func openArchived(path, name string, opt *Options) (*array, error) {
	info, err := needFile(path)
	if err != nil {
		return nil, err
	}
	f, err := file.Open(path)
	if err != nil {
		return nil, missing(err)
	}
	defer f.Close()
	archive, err := readArchive(path, f, info.Size())
	if err != nil {
		return nil, err
	}
	entry, err := choose(archive.File, path, name)
	if err != nil {
		return nil, err
	}
	return unpack(path, f, entry, opt)
}

func readArchive(path string, r io.ReaderAt, size int64) (*zip.Reader, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("%s: not an .npz archive: %w", path, err)
	}
	return archive, nil
}

// unpack opens the array of an entry of the archive r.
func unpack(path string, r io.ReaderAt, entry *zip.File, opt *Options) (*array, error) {
	if entry.Method == zip.Store {
		at, err := entry.DataOffset()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return readArray(path, r, at, int64(entry.UncompressedSize64), opt)
	}
	size := entry.UncompressedSize64
	if size > uint64(opt.maxMemory()) {
		return nil, fmt.Errorf("%w: %s: the compressed array %s takes %d MiB, %d are allowed; numpy.savez stores it so that "+
			"it is read image by image",
			ErrMemory, path, entry.Name, size>>20, opt.maxMemory()>>20)
	}
	packed, err := entry.Open()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	defer packed.Close()
	var b bytes.Buffer // grows with what is there, not with what the archive says
	if _, err := io.Copy(&b, io.LimitReader(packed, int64(size))); err != nil {
		return nil, fmt.Errorf("%s: %s: %w", path, entry.Name, err)
	}
	a, err := readArray(path, bytes.NewReader(b.Bytes()), 0, int64(b.Len()), opt)
	if err != nil {
		return nil, err
	}
	if a.data == nil {
		a.data = b.Bytes()[a.header.offset:]
	}
	return a, nil
}

// choose finds the array of a name, or the only one.
func choose(files []*zip.File, path, name string) (*zip.File, error) {
	var names []string
	var found []*zip.File
	for _, f := range files {
		key, isArray := strings.CutSuffix(f.Name, ".npy")
		if !isArray {
			continue
		}
		names = append(names, key)
		if name == "" || key == name {
			found = append(found, f)
		}
	}
	slices.Sort(names)
	if len(found) != 1 {
		return nil, fmt.Errorf("%w: %s has the arrays %s: name one, %s:NAME", ErrSpec, path, shorten(names, 12), path)
	}
	return found[0], nil
}
