package pilot

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/dqa-go/dqa/internal/file"
)

// stepFile is what a finished step leaves.
type stepFile struct {
	Name string          `json:"name"`
	Key  string          `json:"key"` // of what it depends on: network, images, options
	Made json.RawMessage `json:"made"`
}

// stepsFolder is where steps are kept while a pilot is not done.
const stepsFolder = "steps"

// StepExt ends the names of their files.
const StepExt = ".progress"

// step does something that takes long, unless it has been done for the same network, images and options: then it reads what it came
// to. Without a folder nothing is kept.
func step[T any](r *run, name string, do func() (T, error)) (made T, err error) {
	if r.opt.Dir == "" {
		return do()
	}
	sum := sha256.Sum256([]byte(name))
	path := filepath.Join(r.opt.Dir, stepsFolder, fmt.Sprintf("%x%s", sum[:8], StepExt))
	if b, err := file.Read(path); err == nil {
		var f stepFile
		if json.Unmarshal(b, &f) == nil && f.Name == name && f.Key == r.key && json.Unmarshal(f.Made, &made) == nil {
			r.resumed++
			return made, nil
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return made, err
	}
	if made, err = do(); err != nil {
		return made, err
	}
	b, err := json.Marshal(made)
	if err != nil {
		return made, err
	}
	if b, err = json.Marshal(stepFile{name, r.key, b}); err != nil {
		return made, err
	}
	return made, file.WriteBytes(path, b)
}

// Interrupted tells whether a folder holds steps of a pilot that is not done.
func Interrupted(dir string) bool {
	names, err := filepath.Glob(filepath.Join(dir, stepsFolder, "*"+StepExt))
	return err == nil && len(names) > 0
}

// Clean removes what steps have kept in a folder: a pilot is done.
func Clean(dir string) error {
	folder := filepath.Join(dir, stepsFolder)
	names, err := filepath.Glob(filepath.Join(folder, "*"+StepExt))
	if err != nil || len(names) == 0 {
		return err
	}
	for _, name := range names {
		if err := file.Remove(name); err != nil {
			return err
		}
	}
	return file.Remove(folder)
}
