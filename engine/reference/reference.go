// Package reference compares outputs with those that another runtime computed for the same network on a formula's
// input, which need not be stored: a JSON file has, by the model's base name, the input's shape and of every output
// shape, mean, norm, maximum, arg max and some samples.
package reference

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/tensor"
)

// Network is what was computed for one model.
type Network struct {
	InputShape []int             `json:"input_shape"`
	Outputs    map[string]Output `json:"outputs"`
}

// Output is what is known of one output.
type Output struct {
	Shape   []int        `json:"shape"`
	Mean    float64      `json:"mean"`
	L2      float64      `json:"l2"`
	Max     float64      `json:"max"`
	ArgMax  int          `json:"argmax"`
	Samples [][2]float64 `json:"samples"` // index and value
}

// Load reads a file.
func Load(path string) (map[string]Network, error) {
	data, err := file.Read(path)
	if err != nil {
		return nil, err
	}
	var all map[string]Network
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return all, nil
}

// Input is x[i] = float32((i*7919 mod 2003)/1001.5 - 1), i being the row-major index.
func Input(shape []int) *tensor.Tensor {
	t := tensor.New(shape...)
	for i := range t.Data {
		t.Data[i] = float32(float64(int64(i)*7919%2003)/1001.5 - 1)
	}
	return t
}

// Difference is how far an output is from the reference.
type Difference struct {
	Worst   float64 // of samples, maximum and mean, relative to the largest magnitude
	L2      float64 // of the norm, relative
	SameMax bool    // the arg max is the same, or its value is the largest but for Tolerance and Floor
	within  bool
}

// Two float32 engines may differ by Tolerance of the largest value, because sums are taken in another order, and by Floor
// beside it, as numpy.allclose has it: two units in the last place of 1, which is what is left of a sigmoid near 0 or of a
// difference of numbers near 1.
const (
	Tolerance = 1e-4
	Floor     = 0x1p-22
)

// Within tells whether the difference is rounding.
func (d Difference) Within() bool { return d.within }

// Compare judges an output.
func (want Output) Compare(got *tensor.Tensor) (Difference, error) {
	if n := tensor.Size(want.Shape); n != len(got.Data) || n == 0 {
		return Difference{}, fmt.Errorf("output of shape %v, the reference has %v", got.Shape, want.Shape)
	}
	var sum, squares, largest float64
	best := 0
	for i, v := range got.Data {
		sum += float64(v)
		squares += float64(v) * float64(v)
		largest = max(largest, math.Abs(float64(v)))
		if v > got.Data[best] {
			best = i
		}
	}
	worst := max(math.Abs(float64(got.Data[best])-want.Max), math.Abs(sum/float64(len(got.Data))-want.Mean))
	for _, s := range want.Samples {
		i := int(s[0])
		if i < 0 || i >= len(got.Data) {
			return Difference{}, fmt.Errorf("sample %d of %d values", i, len(got.Data))
		}
		worst = max(worst, math.Abs(float64(got.Data[i])-s[1]))
	}
	if want.ArgMax < 0 || want.ArgMax >= len(got.Data) {
		return Difference{}, fmt.Errorf("arg max %d of %d values", want.ArgMax, len(got.Data))
	}
	scale, norm := max(largest, 1e-30), math.Abs(math.Sqrt(squares)-want.L2)
	d := Difference{
		Worst: worst / scale, L2: norm / max(want.L2, 1e-30),
		SameMax: best == want.ArgMax || float64(got.Data[best])-float64(got.Data[want.ArgMax]) <= Tolerance*scale+Floor,
	}
	floor := Floor * math.Sqrt(float64(len(got.Data)))
	d.within = worst <= Tolerance*scale+Floor && norm <= 2*Tolerance*max(want.L2, 1e-30)+floor && d.SameMax
	return d, nil
}
