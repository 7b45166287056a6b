package session

import (
	"errors"
	"io/fs"
	"os"

	"github.com/dqa-go/dqa/internal/file"
)

// ProgressExt ends the names of files that hold the progress of unfinished work.
const ProgressExt = ".progress"

// FileStore is a Store in one file, for one search.
type FileStore struct {
	path   string
	resume bool
	saved  bool
}

// NewFileStore keeps progress in the file at path. With resume a search goes on from what the file holds, else it begins
// anew.
func NewFileStore(path string, resume bool) *FileStore { return &FileStore{path: path, resume: resume} }

// Path is that of the file.
func (s *FileStore) Path() string { return s.path }

// Lost tells whether there is progress of an earlier run, which this one will not use.
func (s *FileStore) Lost() bool {
	_, err := os.Stat(s.path)
	return err == nil && !s.resume
}

// Load implements Store. Without resume nothing is there.
func (s *FileStore) Load([32]byte) ([]byte, error) {
	if !s.resume {
		return nil, nil
	}
	b, err := file.Read(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	s.saved = true
	return b, err
}

// Save implements Store.
func (s *FileStore) Save(_ [32]byte, state []byte) error {
	s.saved = true
	return file.WriteBytes(s.path, state)
}

// Remove ends the search for good: the file, if it was used, goes.
func (s *FileStore) Remove() error {
	if !s.saved {
		return nil
	}
	return file.Remove(s.path)
}
