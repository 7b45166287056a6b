// Package dataset reads images and labels from where users keep them and turns them into network inputs.
package dataset

import "errors"

// Image is one decoded picture: planar (channel, row, column), values as stored in the file (0..255 for 8-bit images).
type Image struct {
	Channels, Height, Width int
	Pix                     []float32
}

// Sample is one item of a Source.
type Sample struct {
	Name  string // file name or index, unique in the source
	Image Image
	Label int     // class index, -1 when there is none
	Mask  []uint8 // class of every pixel, Height*Width, nil when there is none
}

// Source is an indexed collection of samples, read lazily: memory does not grow with Len.
// All methods may be called from many goroutines at once.
type Source interface {
	Len() int
	Sample(i int) (Sample, error)
	// Labelled tells whether samples have labels, and which.
	Labels() LabelKind
	// Digest identifies the data (contents, order, labels), as SHA-256.
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
)
