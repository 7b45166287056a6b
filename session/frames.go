package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/internal/text"
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

// EncodeTo encodes all images into a folder, which is made if needed: a frame per image, named as the image, and the manifest. Errors are
// those of EncodeAll and of writing.
func (q *Quantized) EncodeTo(ctx context.Context, dir string, data Feed, opt EncodeOptions) (*EncodeSummary, error) {
	if err := file.MkdirAll(dir); err != nil {
		return nil, err
	}
	total := 0
	names := frameNames{}
	var manifest []FrameFile
	err := q.EncodeAll(ctx, data, opt, func(e Encoded) error {
		total += len(e.Frame)
		f := FrameFile{Frame: names.name(e.Name, e.Index), Image: e.Name, Index: e.Index}
		manifest = append(manifest, f)
		return file.WriteBytes(filepath.Join(dir, f.Frame), e.Frame)
	})
	if err != nil {
		return nil, err
	}
	err = file.Write(filepath.Join(dir, ManifestName), func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(manifest)
	})
	return q.Summary(dir, len(manifest), total), err
}

// EncodeSummary is what frames came to.
type EncodeSummary struct {
	Output     string  `json:"output"`
	Frames     int     `json:"frames"`
	StoredBits float64 `json:"stored_bits"`
	FrameBytes float64 `json:"frame_bytes"` // mean
}

// Summary sums up frames of so many bytes together that were written to output.
func (q *Quantized) Summary(output string, frames, bytes int) *EncodeSummary {
	mean := float64(bytes) / float64(frames)
	return &EncodeSummary{output, frames, 8 * mean / float64(q.codec.Profile().Elements()), mean}
}

// WriteText writes a summary as people read it.
func (s *EncodeSummary) WriteText(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%d frames in %s, %.3f stored bits per value, %.0f bytes per image on average\n",
		s.Frames, s.Output, s.StoredBits, s.FrameBytes)
	return err
}

// frameNames are those taken, in lower case: some systems take a.dqaf and A.dqaf for one file.
type frameNames map[string]bool

// name makes a file name of an image's: its base name, and its number where that is taken. Numbers have six digits, so that
// names sort as images do.
func (used frameNames) name(image string, i int) string {
	base := filepath.Base(filepath.ToSlash(image))
	base = text.Visible(strings.TrimSuffix(base, filepath.Ext(base)))
	if n, err := strconv.ParseUint(base, 10, 31); err == nil && base == fmt.Sprint(n) {
		base = fmt.Sprintf("%06d", n)
	}
	name := base
	for n := i; base == "" || base == "." || used[strings.ToLower(name)]; n++ {
		if name = fmt.Sprintf("%s-%06d", base, n); !used[strings.ToLower(name)] {
			break
		}
	}
	used[strings.ToLower(name)] = true
	return name + FrameExt
}
