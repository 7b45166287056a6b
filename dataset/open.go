package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/dqa-go/dqa/internal/file"
)

// An opener makes a source from the unquoted parts of a spec.
type opener func(parts []string, opt Options) (Source, error)

var registry = struct {
	sync.Mutex
	openers map[string]opener
}{openers: map[string]opener{
	"cifar10":     one(openCIFAR10),
	"dir":         one(openDir),
	"imagefolder": one(openImageFolder),
	"images":      one(openList),
	"masks":       openMasks,
	"npy":         openNPY,
}}

// Register makes Open understand specs that start with scheme and a colon; open gets the text between the colon and
// the slice, unquoted. It panics if the scheme is taken or is no plain word.
func Register(scheme string, open func(rest string) (Source, error)) {
	registry.Lock()
	defer registry.Unlock()
	if _, taken := registry.openers[scheme]; taken || scheme == "" || strings.ContainsAny(scheme, `:,[\`) {
		panic(fmt.Sprintf("dataset: scheme %q cannot be registered", scheme))
	}
	registry.openers[scheme] = one(func(rest string, _ Options) (Source, error) { return open(rest) })
}

// one refuses a second part.
func one(open func(string, Options) (Source, error)) opener {
	return func(parts []string, opt Options) (Source, error) {
		if len(parts) != 1 {
			return nil, fmt.Errorf(`%w: one path expected, not %d; in a path write \, for a comma`, ErrSpec, len(parts))
		}
		return open(parts[0], opt)
	}
}

// Open opens the data that a spec names:
//
//	cifar10:FILE.bin      CIFAR-10's binary format: one label byte, 3 planes of 32x32 bytes
//	dir:DIR               pictures of a folder and its sub-folders, unlabelled, sorted by folder and name
//	imagefolder:DIR       one sub-folder per class, pictures in folders below it too; class index = position in the
//	                      sorted sub-folders, or in Options.Classes or the file classes.txt of DIR
//	images:LIST           lines of path (relative to the list) and, where labelled, class index, separated by tabs, commas
//	                      or spaces; further columns ignored
//	masks:IMAGES,LABELS   two folders paired by name, or two arrays; label = palette index, gray value, or the class of
//	                      a colour of Options.Palette
//	npy:X,Y               X numbers, N x H x W, N x C x H x W or N x H x W x C, in a .npy file or an .npz archive
//	                      (FILE.npz, or FILE.npz:NAME where it holds several); Y (may be left out) class indices N or
//	                      masks N x H x W, also N x 1 x H x W and one-hot
//	demo:NAME             and what else was registered
//
// A trailing [a:b] takes images a to b-1 of the whole, [a:b:s] every s-th of them; a or b may be left out. In a path, a backslash
// quotes comma, opening bracket and backslash. Pictures are PNG, JPEG, WebP, BMP and TIFF. Errors wrap ErrSpec, ErrEmpty, ErrImage,
// ErrLabel, ErrMissing or ErrMemory.
func Open(text string) (Source, error) { return Options{}.Open(text) }

// Open is the function Open with options.
func (o Options) Open(text string) (Source, error) {
	s, err := parseSpec(text)
	if err != nil {
		return nil, fmt.Errorf("%w%s", err, suggest(text))
	}
	registry.Lock()
	open, ok := registry.openers[s.scheme]
	known := slices.Sorted(maps.Keys(registry.openers))
	registry.Unlock()
	if !ok {
		return nil, fmt.Errorf("%w: %q: unknown scheme %q, known are %s%s", ErrSpec, text, s.scheme, strings.Join(known, ", "), suggest(text))
	}
	src, err := open(s.parts, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.whole(), err)
	}
	if !s.sliced {
		return src, nil
	}
	to := s.to
	if to < 0 {
		to = src.Len()
	}
	return Every(src, s.from, to, max(1, s.step))
}

// suggest guesses the spec that was meant by the path of a file or folder.
func suggest(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return "; write SCHEME:PATH, for example dir:photos"
	}
	return fmt.Sprintf("; did you mean %s:%s?", guessScheme(path, info), quote(filepath.ToSlash(path)))
}

func guessScheme(path string, info fs.FileInfo) string {
	if info.IsDir() {
		if hasSubfolders(path) {
			return "imagefolder"
		}
		return "dir"
	}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".npy", ".npz":
		return "npy"
	case ".bin":
		return "cifar10"
	}
	return "images"
}

func hasSubfolders(dir string) bool {
	entries, err := file.ReadDir(dir)
	return err == nil && slices.ContainsFunc(entries, fs.DirEntry.IsDir)
}

// missing adds ErrMissing to the error of a file that does not exist.
func missing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %w", ErrMissing, err)
	}
	return err
}

// needFolder checks that path is a folder, or says what the spec should have been.
func needFolder(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return missing(err)
	}
	if !info.IsDir() {
		return fmt.Errorf("%w: %s is a file, not a folder; did you mean %s:%s?", ErrSpec, path, guessScheme(path, info), quote(path))
	}
	return nil
}

// needFile checks that path is a file, or says what the spec should have been.
func needFile(path string) (fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, missing(err)
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%w: %s is a folder; did you mean %s:%s?", ErrSpec, path, guessScheme(path, info), quote(path))
	}
	return info, regular(path, info)
}
