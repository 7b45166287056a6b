package dataset

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// Options say how what lies in files is read. The zero value is what Open does.
type Options struct {
	// Shape is the network's input shape, batch first, with its layout ("nchw" or "nhwc"): it tells the axes of arrays
	// apart. nil: they are guessed.
	Shape  []int
	Layout string
	// AsStored leaves out the orientation that a camera wrote into pictures.
	AsStored bool
	// Palette are the colours of classes in coloured masks; nil: masks must not be coloured.
	Palette Palette
	// Classes are the names of an imagefolder's sub-folders in the order of their class indices; nil: sorted.
	Classes []string
	// MaxMemory bounds what one picture takes at any time, in bytes; 0: DefaultMaxMemory. Arrays that cannot be read
	// image by image (compressed, in Fortran order) are bounded by it as a whole.
	MaxMemory int64
}

func (o *Options) maxMemory() int64 {
	if o.MaxMemory <= 0 {
		return DefaultMaxMemory
	}
	return o.MaxMemory
}

// afford refuses a picture that takes more memory than allowed: its decoder's, and more bytes besides.
func (o *Options) afford(p pictureInfo, more int64) error {
	if need := p.bytes + more; need > o.maxMemory() {
		return fmt.Errorf("%w: a picture of %dx%d pixels would take %d MiB, %d are allowed", ErrMemory, p.height, p.width,
			need>>20, o.maxMemory()>>20)
	}
	return nil
}

// needRegular refuses what has no end or makes readers wait: pipes, devices, sockets.
func needRegular(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return missing(err)
	}
	return regular(path, info)
}

func regular(path string, info fs.FileInfo) error {
	if mode := info.Mode(); !mode.IsRegular() && !mode.IsDir() {
		return fmt.Errorf("%w: %s is no regular file but a pipe or device; copy it to a file first", ErrSpec, path)
	}
	return nil
}

// Notes are what a user should know of how a source was read: what was left out, which folder became which class.
func Notes(src Source) []string {
	switch s := src.(type) {
	case *source:
		return s.notes
	case *slice:
		return Notes(s.Source)
	case *picked:
		return Notes(s.Source)
	}
	return nil
}

// ClassNames are the names of an imagefolder's classes by index, "" where one has no folder; nil for other sources.
func ClassNames(src Source) []string {
	if !strings.HasPrefix(src.Spec(), "imagefolder:") {
		return nil
	}
	return optionsOf(src).Classes
}

// optionsOf are those that a source was opened with.
func optionsOf(src Source) Options {
	switch s := src.(type) {
	case *source:
		return s.opt
	case *slice:
		return optionsOf(s.Source)
	case *picked:
		return optionsOf(s.Source)
	case *jittered:
		return optionsOf(s.Source)
	}
	return Options{}
}
