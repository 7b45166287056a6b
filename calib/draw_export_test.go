package calib

import (
	"math/rand/v2"

	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/tensor"
)

// CompareDraws gives the distortion of a change of the outputs, and what n draws say of it.
func CompareDraws(outputs metric.Outputs, want, got []*tensor.Tensor, n int) (measured, drawn float64, err error) {
	r := &run{Calibration: &Calibration{opt: Options{Outputs: outputs}}}
	if measured, err = r.measure(Objective{}, want, got); err != nil {
		return 0, 0, err
	}
	rng := rand.New(rand.NewPCG(16, 2))
	for range n {
		along := 0.0
		for k, d := range r.draw(want, rng) {
			for i, s := range d {
				along += float64(s) * (float64(got[k].Data[i]) - float64(want[k].Data[i]))
			}
		}
		drawn += along * along / 2 / float64(n)
	}
	return measured, drawn, nil
}

// First is the beginning of a source.
var First = first
