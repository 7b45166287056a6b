package profile

import (
	"errors"
	"fmt"
	"math"

	"github.com/dqa-go/dqa/internal/wire"
)

// Transform decorrelates the channels of every position: what is quantized of x is Matrix (x - Centre). Matrix is orthogonal, so
// that a squared error stays what it is, and its transpose leads back (spec/numerics.md, section "Transform").
type Transform struct {
	Centre []float32 // by channel
	Matrix []float32 // row by row: row k says what component k takes of every channel
}

// MaxTransform is the most channels that a Transform has: its matrix has 16 MiB then.
const MaxTransform = 2048

func (t *Transform) append(b []byte) []byte {
	for _, v := range t.Centre {
		b = wire.AppendFloat32(b, v)
	}
	for _, v := range t.Matrix {
		b = wire.AppendFloat32(b, v)
	}
	return b
}

func (t *Transform) read(r *wire.Reader, channels int) {
	t.Centre = readSlots(r, channels, "centres of channels")
	t.Matrix = readSlots(r, channels*channels, "numbers of a matrix")
}

// validateTransformed checks what the rest of an edge with a transform must be.
func (e *Edge) validateTransformed() error {
	switch {
	case e.Transform == nil:
		return nil
	case e.Channels > MaxTransform:
		return fmt.Errorf("transform of %d channels: %w: at most %d", e.Channels, errLimit, MaxTransform)
	case e.Tile.Channels != e.Channels:
		return fmt.Errorf("transform of %d channels, a tile holds %d", e.Channels, e.Tile.Channels)
	case e.OneSided || e.RowSums || e.DC || e.Refine > 0 || e.ExtraBits > 0:
		return errors.New("transform on an edge that is one-sided, or has row sums, means, extra bits or bits that are stored apart")
	case !e.Scale.Static() || e.Map != Uniform:
		return fmt.Errorf("transform beside scale %s and level map %s", e.Scale, e.Map)
	}
	return nil
}

// validateTransform checks its numbers.
func (e *Edge) validateTransform() error {
	t := e.Transform
	if t == nil {
		return nil
	}
	if len(t.Centre) != e.Channels || len(t.Matrix) != e.Channels*e.Channels {
		return fmt.Errorf("transform of %d by %d numbers, %d channels", len(t.Centre), len(t.Matrix), e.Channels)
	}
	for c, v := range t.Centre {
		if !finite(v) {
			return fmt.Errorf("centre of channel %d is %v", c, v)
		}
	}
	for i, v := range t.Matrix {
		if !(math.Abs(float64(v)) <= 1) {
			return fmt.Errorf("number %d of the transform is %v", i, v)
		}
	}
	return nil
}
