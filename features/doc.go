// Package features stores arrays of features, embeddings or hidden states in few bits per value, and proves what that costs.
// It needs no network: Fit makes a profile of an array alone, Pack stores an array by it as a Zarr array, Open reads rows back,
// Verify checks what the store says of itself.
//
// Rows are what lies along an array's first axis: samples, images, sequences. Which rows a profile may learn from and which
// ones prove it is decided by a row's number alone (HeldOut), so that no row does both, in whatever array it lies.
package features

import (
	"errors"

	"github.com/dqa-go/dqa/zarr"
)

// Errors of this package. Those of files and profiles come with their own causes.
var (
	ErrAxes        = errors.New("axes do not fit")
	ErrObjective   = errors.New("objective cannot be met")
	ErrTooFew      = errors.New("too few rows")
	ErrValues      = errors.New("values that are not finite")
	ErrProfile     = errors.New("profile does not fit")
	ErrStore       = errors.New("not a store of features")
	ErrDamaged     = zarr.ErrDamaged
	ErrCertificate = errors.New("certificate does not hold")
)

// Rows is an array whose rows are read as float32.
type Rows interface {
	Shape() []int // rows first
	// ReadRows reads len(dst) / values of a row, from row i on.
	ReadRows(dst []float32, i int) error
}

// Progress is told how far a phase is; nil: nobody is.
type Progress func(phase, unit string, done, total int)

func (p Progress) report(phase, unit string, done, total int) {
	if p != nil {
		p(phase, unit, done, total)
	}
}

// HeldOut tells whether row i proves what rows that are not held out have taught: half of the rows, at random places that are
// the same everywhere (the finalizer of SplitMix64 of the row's number).
func HeldOut(i int) bool {
	z := uint64(i) + 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return (z^z>>31)&1 == 1
}
