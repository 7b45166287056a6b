package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/internal/file"
)

// FrameExt ends the names of frames.
const FrameExt = ".dqaf"

// ManifestName is the file beside frames that tells which is which image.
const ManifestName = "frames.json"

// FrameFile is a line of the manifest.
type FrameFile struct {
	Frame string `json:"frame"` // file beside the manifest
	Image string `json:"image"` // as the data names it
	Index int    `json:"index"` // in the data
}

// FramesOf lists the frames of a folder in the order of their images, by its manifest; of a folder without one by name.
// Image is the frame's name then. Errors wrap dqa.ErrValue for a manifest that is none, those of reading, and fs.ErrNotExist
// where there are no frames.
func FramesOf(dir string) ([]FrameFile, error) {
	b, err := file.Read(filepath.Join(dir, ManifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return framesByName(dir)
	}
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, ManifestName)
	var list []FrameFile
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, dqa.ErrValue, err)
	}
	for _, f := range list {
		if f.Frame == "" || filepath.Base(f.Frame) != f.Frame {
			return nil, fmt.Errorf("%s: %w: %q is no file beside it", path, dqa.ErrValue, f.Frame)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s: %w: it names no frames", path, fs.ErrNotExist)
	}
	slices.SortStableFunc(list, func(a, b FrameFile) int { return a.Index - b.Index })
	return list, nil
}

func framesByName(dir string) (list []FrameFile, err error) {
	entries, err := file.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if filepath.Ext(e.Name()) == FrameExt {
			list = append(list, FrameFile{e.Name(), e.Name(), len(list)})
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s: %w: no frames, *%s", dir, fs.ErrNotExist, FrameExt)
	}
	return list, nil
}
