package graph

import "math"

// Attributes are a node's named settings. The getters return def where the attribute is absent or of another type
// (the reader has checked types against the operator's schema).
type Attributes map[string]any // int64, float32, string, []int64, []float32, []string or *Tensor

func get[T any](a Attributes, name string, def T) T {
	if v, ok := a[name].(T); ok {
		return v
	}
	return def
}

// Int returns an integer attribute.
func (a Attributes) Int(name string, def int) int {
	return int(min(max(get(a, name, int64(def)), math.MinInt), math.MaxInt)) // an int may have 32 bits
}

// Float returns a float attribute.
func (a Attributes) Float(name string, def float32) float32 { return get(a, name, def) }

// String returns a string attribute.
func (a Attributes) String(name, def string) string { return get(a, name, def) }

// Ints returns a list of integers, nil where absent.
func (a Attributes) Ints(name string) []int64 { return get[[]int64](a, name, nil) }

// Floats returns a list of floats, nil where absent.
func (a Attributes) Floats(name string) []float32 { return get[[]float32](a, name, nil) }

// Tensor returns a tensor attribute, nil where absent.
func (a Attributes) Tensor(name string) *Tensor { return get[*Tensor](a, name, nil) }
