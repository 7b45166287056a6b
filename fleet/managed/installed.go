package managed

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/dqa-go/dqa/fleet/rollout"
	"github.com/dqa-go/dqa/internal/file"
)

// installed is what a device took last, on its disk. It is written whole or not at all, when what it names is verified, on the disk, and
// runs: whatever stops the device, it names something that can be run.
type installed struct {
	Version  int             `json:"version"`
	Revision uint64          `json:"revision"` // of the assignment
	Run      rollout.Variant `json:"run"`      // zero: what the device was started with
}

const (
	installedName    = "installed.json"
	installedVersion = 1
	installedLimit   = 64 << 10
)

// keep remembers what is assigned, and removes files of what was assigned before. Errors wrap rollout.ErrLater.
func (l *Loader) keep(a rollout.Assignment) error {
	b, err := json.Marshal(installed{installedVersion, a.Revision, a.Run})
	if err == nil {
		err = file.WriteBytes(filepath.Join(l.Dir, installedName), append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("%w: %w", rollout.ErrLater, err)
	}
	_ = l.Registry.Prune(a.Run.Profile, a.Run.Model, a.Shadow.Profile, a.Shadow.Model) // what cannot be removed now is so next time
	return nil
}

// Last makes s.Run what was installed last, without asking anybody: files are verified again by their digests, the network by what the
// profile says of it. The revision is that of what was taken, for rollout.Identity. Where nothing was installed, s stays as it is; also on
// errors, which wrap ErrInstalled.
func (l *Loader) Last(s *Start) (revision uint64, err error) {
	b, err := file.ReadLimited(filepath.Join(l.Dir, installedName), installedLimit)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	var was installed
	if err == nil {
		err = json.Unmarshal(b, &was)
	}
	if err == nil && was.Version != installedVersion {
		err = fmt.Errorf("%s has version %d, this program reads %d", installedName, was.Version, installedVersion)
	}
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrInstalled, err)
	}
	if was.Run.Profile == "" || was.Run.Profile == hex.EncodeToString(s.Factory.Profile[:]) {
		return was.Revision, nil
	}
	loaded, err := l.installed(was.Run)
	if err == nil {
		err = loaded.takes(s.Factory.Ends, s.Images)
	}
	if err != nil {
		return was.Revision, fmt.Errorf("%w: %w", ErrInstalled, err)
	}
	s.Run = loaded.head(s.Factory)
	return was.Revision, nil
}

// installed opens a variant from this disk.
func (l *Loader) installed(v rollout.Variant) (*Loaded, error) {
	if !v.Fits(l.Digest) {
		return nil, fmt.Errorf("it is of model %.12s, here is %.12s", v.Model, l.Digest)
	}
	path, err := l.Registry.Installed(v.Profile)
	model := l.Model
	if err == nil && v.Model != l.Digest {
		model, err = l.Registry.Installed(v.Model)
	}
	if err != nil {
		return nil, err
	}
	return l.open(v, model, path)
}
