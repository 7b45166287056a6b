package metric

import (
	"errors"
	"math"
	"testing"

	"github.com/dqa-go/dqa/tensor"
)

func TestJudge(t *testing.T) {
	// Two classes at three positions: p(class 1) is 1/2, e/(1+e), 1/(1+e).
	out := &tensor.Tensor{Shape: []int{1, 2, 1, 3}, Data: []float32{0, 0, 1, 0, 1, 0}}
	e := math.E
	surprise := []float64{math.Log(2), math.Log1p(1 / e), math.Log1p(e)} // of class 1
	for _, c := range []struct {
		name               string
		mask               []int32
		opt                Options
		accuracy, expected float64
	}{
		{"all class 1", []int32{1, 1, 1}, Options{}, 1. / 3, (surprise[0] + surprise[1] + surprise[2]) / 3},
		{"right everywhere", []int32{0, 1, 0}, Options{}, 1, (math.Log(2) + surprise[1] + math.Log1p(1/e)) / 3},
		{"one ignored", []int32{7, 1, 1}, Options{Ignore: []int{7}}, .5, (surprise[1] + surprise[2]) / 2},
		{"all ignored", []int32{1, 1, 1}, Options{Ignore: []int{1}}, 0, 0},
	} {
		a, ce, err := Judge(out, -1, c.mask, c.opt)
		if err != nil || math.Abs(a-c.accuracy) > 1e-12 || math.Abs(ce-c.expected) > 1e-7 {
			t.Errorf("%s: %v, %v, %v; want %v, %v", c.name, a, ce, err, c.accuracy, c.expected)
		}
	}
	class := &tensor.Tensor{Shape: []int{1, 3}, Data: []float32{.25, .5, .25}}
	if a, ce, err := Judge(class, 1, nil, Options{Probabilities: true}); err != nil || a != 1 || math.Abs(ce-math.Log(2)) > 1e-7 {
		t.Errorf("probabilities: %v, %v, %v", a, ce, err)
	}
	class.Data[0] = float32(math.NaN())
	if _, ce, _ := Judge(class, 1, nil, Options{}); !math.IsInf(ce, 1) {
		t.Errorf("NaN: cross-entropy %v", ce)
	}
	for name, f := range map[string]func() error{
		"class too large": func() error { _, _, err := Judge(class, 3, nil, Options{}); return err },
		"pixel too large": func() error { _, _, err := Judge(out, -1, []int32{0, 2, 0}, Options{}); return err },
		"mask too small":  func() error { _, _, err := Judge(out, -1, []int32{0}, Options{}); return err },
		"no mask":         func() error { _, _, err := Judge(out, 0, nil, Options{}); return err },
	} {
		if err := f(); !errors.Is(err, ErrLabel) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
