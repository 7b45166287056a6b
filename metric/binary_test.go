package metric

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/dqa-go/dqa/tensor"
)

func channel(v ...float32) *tensor.Tensor {
	return &tensor.Tensor{Shape: []int{1, 1, 1, len(v)}, Data: v}
}

// Logits and probabilities of the same distributions have the same KL, by the formula; softmax of one channel is 1.
func TestBernoulli(t *testing.T) {
	p, q := []float64{.9, .2, .5}, []float64{.8, .4, .5}
	want := 0.0
	var logitP, logitQ, probP, probQ []float32
	for i := range p {
		want += (p[i]*math.Log(p[i]/q[i]) + (1-p[i])*math.Log((1-p[i])/(1-q[i]))) / 3
		logitP, logitQ = append(logitP, float32(math.Log(p[i]/(1-p[i])))), append(logitQ, float32(math.Log(q[i]/(1-q[i]))))
		probP, probQ = append(probP, float32(p[i])), append(probQ, float32(q[i]))
	}
	for _, c := range []struct {
		ref, got *tensor.Tensor
		opt      Options
	}{{channel(logitP...), channel(logitQ...), Options{}}, {channel(probP...), channel(probQ...), Options{Probabilities: true}}} {
		r := mustCompare(t, c.ref, c.got, -1, nil, c.opt)
		if math.Abs(r.KL-want) > 1e-6 || r.Agreement != 1 {
			t.Errorf("%+v: KL %v, want %v, agreement %v", c.opt, r.KL, want, r.Agreement)
		}
	}
	r := mustCompare(t, channel(1, -1, 0), channel(-1, -1, 2), -1, nil, Options{})
	if r.Agreement != 1./3 {
		t.Errorf("agreement %v", r.Agreement)
	}
	for v, probabilities := range map[float32]bool{0: true, 1: true, 100: false, -100: false, 3e38: false} {
		if kl, err := KL(channel(v), channel(v/2), probabilities); err != nil || math.IsNaN(kl) || math.IsInf(kl, 0) || kl < 0 {
			t.Errorf("%v: KL %v, %v", v, kl, err)
		}
	}
	if r := mustCompare(t, channel(nan), channel(1), -1, nil, Options{}); !math.IsInf(r.KL, 1) || r.NonFinite != 1 || r.Agreement != 0 {
		t.Errorf("NaN: %+v", r)
	}
}

// Labels are 0 and 1, or 0 and 255.
func TestBinaryLabels(t *testing.T) {
	ref, got := channel(3, 2, -1, -4, 5), channel(3, -2, -1, 4, 5)
	for _, mask := range [][]int32{{1, 1, 0, 0, -1}, {255, 255, 0, 0, -1}} {
		r := mustCompare(t, ref, got, -1, mask, Options{})
		if !slices.Equal(r.Ref, []Count{{2, 2, 2}, {2, 2, 2}}) || !slices.Equal(r.Got, []Count{{1, 2, 2}, {1, 2, 2}}) {
			t.Errorf("%v: %v, %v", mask, r.Ref, r.Got)
		}
	}
	if r := mustCompare(t, ref, got, -1, []int32{1, 1, 0, 255, 255}, Options{Ignore: []int{255}}); r.Ref[1].Label != 2 {
		t.Errorf("255 is void: %v", r.Ref)
	}
	for _, mask := range [][]int32{{1, 255, 0, 0, 0}, {2, 0, 0, 0, 0}, {0}} {
		if _, err := Compare(ref, got, -1, mask, Options{}); !errors.Is(err, ErrLabel) {
			t.Errorf("%v: %v", mask, err)
		}
	}
	one := &tensor.Tensor{Shape: []int{1, 1}, Data: []float32{2}}
	c := NewComparison(Options{})
	for _, class := range []int{1, 0} {
		r := mustCompare(t, one, one, class, nil, Options{})
		if r.RefRank != 1-class {
			t.Errorf("class %d: rank %d", class, r.RefRank)
		}
		c.Add(r)
	}
	if s := c.Summary(); s.Reference.Top1 != 50 || c.Err() != nil {
		t.Errorf("%+v", s)
	}
	if c.Add(mustCompare(t, one, one, 255, nil, Options{})); !errors.Is(c.Err(), ErrLabel) {
		t.Error("labels 1 and 255 in different images are accepted")
	}
	accuracy, loss, err := Judge(channel(math.Float32frombits(0), 2), -1, []int32{0, 255}, Options{})
	if want := (math.Ln2 + math.Log1p(math.Exp(-2))) / 2; err != nil || accuracy != 1 || math.Abs(loss-want) > 1e-7 {
		t.Errorf("judge: %v, %v, %v", accuracy, loss, err)
	}
}
