//go:build !device

package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/report"
)

// Ledger is what a sweep has finished, in a folder: results by group of variants, and, being a Store, the progress of
// searches. A nil Ledger holds nothing and forgets.
type Ledger struct {
	dir    string
	resume bool
	saved  []string                 // files
	Groups map[string]report.Result `json:"groups"` // by what they depend on
}

// OpenLedger makes the folder if needed. With resume it goes on from what an interrupted sweep has left there; a file
// that is not understood is ErrOtherState.
func OpenLedger(dir string, resume bool) (*Ledger, error) {
	l := &Ledger{dir: dir, resume: resume, Groups: map[string]report.Result{}}
	if err := file.MkdirAll(dir); err != nil || !resume {
		return l, err
	}
	b, err := file.Read(l.path())
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	}
	if err != nil {
		return nil, err
	}
	l.saved = append(l.saved, l.path())
	if err := json.Unmarshal(b, l); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrOtherState, l.path(), err)
	}
	return l, nil
}

func (l *Ledger) path() string { return filepath.Join(l.dir, "sweep"+ProgressExt) }

func (l *Ledger) result(key string) (report.Result, bool) {
	if l == nil {
		return report.Result{}, false
	}
	r, ok := l.Groups[key]
	return r, ok
}

func (l *Ledger) add(key string, r report.Result) error {
	if l == nil {
		return nil
	}
	l.Groups[key] = r
	b, err := json.Marshal(l)
	if err != nil {
		return err
	}
	l.saved = append(l.saved, l.path())
	return file.WriteBytes(l.path(), b)
}

// Store keeps the progress of searches beside the results; nil where the ledger is nil.
func (l *Ledger) Store() Store {
	if l == nil {
		return nil
	}
	return l
}

func (l *Ledger) searchPath(key [32]byte) string {
	return filepath.Join(l.dir, fmt.Sprintf("ranking-%x%s", key[:8], ProgressExt))
}

// Load implements Store.
func (l *Ledger) Load(key [32]byte) ([]byte, error) {
	path := l.searchPath(key)
	l.saved = append(l.saved, path)
	if !l.resume {
		return nil, nil
	}
	b, err := file.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

// Save implements Store.
func (l *Ledger) Save(key [32]byte, state []byte) error {
	return file.WriteBytes(l.searchPath(key), state)
}

// Remove ends the sweep for good: its files go, the folder stays.
func (l *Ledger) Remove() error {
	if l == nil {
		return nil
	}
	for _, path := range l.saved {
		if err := file.Remove(path); err != nil {
			return err
		}
	}
	return nil
}
