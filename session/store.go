//go:build !device

package session

import (
	"errors"
	"io/fs"
	"os"
	"slices"

	"github.com/dqa-go/dqa/calib"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/internal/wire"
)

// ProgressExt ends the names of files that hold the progress of unfinished work.
const ProgressExt = ".progress"

// FileStore is a Store in one file, for one calibration.
type FileStore struct {
	path   string
	resume bool
	saved  bool
	known  bool // one of the file's states was asked for: it is of this calibration
	states []savedState
}

type savedState struct {
	key   [32]byte
	bytes []byte
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

// Load implements Store. Without resume nothing is there. A file that holds other states, but none of this calibration's
// first question, is ErrOtherState.
func (s *FileStore) Load(key [32]byte) ([]byte, error) {
	if s.resume && !s.saved {
		b, err := file.Read(s.path)
		if errors.Is(err, fs.ErrNotExist) {
			s.resume = false
			return nil, nil
		}
		if err == nil {
			s.states, err = parseStates(b)
		}
		if err != nil {
			return nil, err
		}
		s.saved = true
	}
	if i := s.find(key); i >= 0 {
		s.known = true
		return s.states[i].bytes, nil
	}
	if len(s.states) > 0 && !s.known {
		return nil, calib.ErrOtherState
	}
	return nil, nil
}

func (s *FileStore) find(key [32]byte) int {
	return slices.IndexFunc(s.states, func(t savedState) bool { return t.key == key })
}

// Save implements Store.
func (s *FileStore) Save(key [32]byte, state []byte) error {
	if i := s.find(key); i >= 0 {
		s.states[i].bytes = state
	} else {
		s.states = append(s.states, savedState{key, state})
	}
	s.saved, s.known = true, true
	return file.WriteBytes(s.path, appendStates(s.states))
}

// Remove ends the search for good: the file, if it was used, goes.
func (s *FileStore) Remove() error {
	if !s.saved {
		return nil
	}
	return file.Remove(s.path)
}

// The file: magic, then every state's key, length and bytes, then a CRC.
const statesMagic = "DQAR\x00"

func appendStates(states []savedState) []byte {
	b := []byte(statesMagic)
	for _, t := range states {
		b = append(b, t.key[:]...)
		b = wire.AppendString(b, string(t.bytes))
	}
	return wire.AppendCRC(b, 0)
}

func parseStates(b []byte) (states []savedState, err error) {
	r := wire.NewReader(b)
	r.Section("saved progress")
	if string(r.Bytes(len(statesMagic))) != statesMagic {
		r.Fail(wire.ErrMagic, "not a calibration's saved progress")
	}
	for r.Err() == nil && r.Len() > 4 {
		var t savedState
		copy(t.key[:], r.Bytes(len(t.key)))
		t.bytes = r.Bytes(r.Count(1<<30, 1, "bytes of a state"))
		states = append(states, t)
	}
	r.CheckCRC(0)
	r.End()
	return states, r.Err()
}
