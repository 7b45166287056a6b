// Package dataset reads images and labels from where users keep them (Open) and turns them into network inputs
// (Prepare, Inputs).
package dataset

import "errors"

// Image is one decoded picture: planar (channel, row, column), values as stored in the file: 0..255 for 8-bit images,
// 0..65535 for 16-bit ones.
type Image struct {
	Channels, Height, Width int
	Pix                     []float32
	// Float says that the values are measurements and not whole levels: resizing and gray conversion, which round
	// to levels as imaging libraries do, must not round them.
	Float bool
	// Top is the largest level that a pixel can have; 0: 255. Measurements have none.
	Top float32
}

// Sample is one item of a Source.
type Sample struct {
	Name  string // file name or index, unique in the source
	Image Image
	Label int     // class index as stored; -1 when the source has none
	Mask  []int32 // class of every pixel as stored, Height*Width, nil when there is none
}

// Ignored is the label of an image or pixel that no score counts, and of the border of a letterbox.
const Ignored = -1

// Source is an indexed collection of samples, read lazily: beyond the names of files, memory does not grow with Len.
// All methods may be called from many goroutines at once. No file stays open between calls.
type Source interface {
	Len() int
	Sample(i int) (Sample, error)
	// Labels tells whether samples have labels, and which.
	Labels() LabelKind
	// Digest identifies the data (contents, order, labels), as SHA-256; see the function Digest.
	Digest() ([32]byte, error)
	// Spec is the text that opens this source.
	Spec() string
}

// LabelKind says what the labels of a source are.
type LabelKind uint8

// Kinds of labels.
const (
	Unlabelled LabelKind = iota
	ClassLabels
	MaskLabels
)

// Errors that Open and Sample wrap.
var (
	ErrSpec    = errors.New("data spec not understood")
	ErrEmpty   = errors.New("no images found")
	ErrImage   = errors.New("image cannot be read")
	ErrLabel   = errors.New("label not understood")
	ErrMissing = errors.New("file not found")
	ErrMemory  = errors.New("more memory than allowed")
)

// Errors that preprocessing wraps.
var (
	ErrPreprocess = errors.New("preprocessing not understood")
	ErrFit        = errors.New("image does not fit the network")
)

// DefaultMaxMemory bounds what one picture takes at any time, in bytes: decoded, being resized, as a network's input.
const DefaultMaxMemory = 256 << 20

// Limits on what is read: bytes from outside are refused before memory is allocated for them.
const (
	maxPixels  = 1 << 26 // of one picture
	maxValues  = 1 << 28 // of one array item
	maxClasses = 1 << 20
)
