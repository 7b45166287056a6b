// Package tensor holds the one dense array type that the other packages hand to each other.
package tensor

import "fmt"

// Tensor is a dense float32 array in row-major order: len(Data) is the product of Shape.
type Tensor struct {
	Shape []int
	Data  []float32
}

// New returns a zeroed tensor of the given shape.
func New(shape ...int) *Tensor {
	return &Tensor{Shape: append([]int(nil), shape...), Data: make([]float32, Size(shape))}
}

// Size returns the number of elements of shape; 1 for the empty shape (a scalar).
func Size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// Clone returns a copy that shares nothing with t.
func (t *Tensor) Clone() *Tensor {
	return &Tensor{Shape: append([]int(nil), t.Shape...), Data: append([]float32(nil), t.Data...)}
}

// String describes the shape, never the values.
func (t *Tensor) String() string { return fmt.Sprintf("float32%v", t.Shape) }
