package advise

import (
	"math"
	"slices"
	"time"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/eval"
	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/session"
)

// scored is a way with its losses alone.
func scored(m *eval.Measured) Way {
	s := m.Score.Summary()
	w := Way{LossSE: s.DropSE, KL: s.KL, Agree: s.Agreement}
	w.Loss = lossOf(s)
	if s.KL != 0 { // else the outputs are the same, number for number
		_, _, w.se = s.Loss()
	}
	w.Choice, w.Confirm = lossOf(m.Halves[0].Summary()), lossOf(m.Halves[1].Summary())
	switch {
	case s.Metric == "":
		w.LossSE = 0
	case math.IsNaN(w.LossSE): // one image says nothing of others
		w.LossSE = 100
	}
	for _, v := range []*float64{&w.Loss, &w.Choice, &w.Confirm, &w.KL, &w.Agree, &w.se} {
		if math.IsNaN(*v) {
			*v = 0
		}
	}
	return w
}

// lossOf is in points: of accuracy, or of agreement where there are no labels.
func lossOf(s metric.Summary) float64 {
	switch {
	case s.Images == 0:
		return 0
	case s.Metric == "":
		return 100 - s.Agreement
	}
	return s.Drop
}

// codingSeconds is what coding one image's tensors takes on one core: the median of some, each the best of three.
func codingSeconds(net *session.Network, codec *dqa.Codec, data *dataset.Inputs) (float64, error) {
	var times []float64
	enc := codec.NewEncoder()
	var frame []byte
	for i := range min(9, data.Len()) {
		x, err := data.Input(i)
		if err != nil {
			return 0, err
		}
		var edges [][]float32
		_, err = net.Program().Run(x, func(_ int, values []float32) error {
			edges = append(edges, slices.Clone(values))
			return nil
		})
		if err != nil {
			return 0, err
		}
		best := time.Duration(1<<63 - 1)
		for range 3 {
			start := time.Now()
			if frame, err = enc.Append(frame[:0], edges); err != nil {
				return 0, err
			}
			best = min(best, time.Since(start))
		}
		times = append(times, best.Seconds())
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}
