package metric

import (
	"fmt"
	"math"
	"slices"
)

// Outputs of one channel are the logit, or the probability, of a class against its absence. The label is 0 or 1, or 0 or
// 255 as masks are often stored; both kinds in one data set are refused, because 255 then means something else.

// whites are the positive labels that were met.
type whites uint8

const (
	one whites = 1 << iota
	full
)

// positive tells what the label says, and in which way.
func positive(label int32) (bool, whites, error) {
	switch label {
	case 0:
		return false, 0, nil
	case 1:
		return true, one, nil
	case 255:
		return true, full, nil
	}
	return false, 0, fmt.Errorf("%w: label %d for an output of one channel, whose labels are 0 and 1, or 0 and 255: is it one to --ignore?",
		ErrLabel, label)
}

// bernoulli is the logarithm of the probabilities of presence and absence; ok is false for what is no number. A
// probability is raised to at least 2^-126 and kept below 1, as in KL.
func bernoulli(v float32, probabilities bool) (logP, logQ float64, ok bool) {
	x := float64(v)
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0, 0, false
	}
	if probabilities {
		return math.Log(min(max(x, 0x1p-126), 1)), math.Log(min(max(1-x, 0x1p-126), 1)), true
	}
	softplus := func(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }
	return -softplus(-x), -softplus(x), true
}

// bernoulliDivergence is divergence of outputs of one channel.
func bernoulliDivergence(ref, got []float32, probabilities bool) (kl float64, nonFinite int) {
	for i, v := range ref {
		p1, p0, ok1 := bernoulli(v, probabilities)
		q1, q0, ok2 := bernoulli(got[i], probabilities)
		if !ok1 || !ok2 {
			nonFinite++
			kl = math.Inf(1)
			continue
		}
		kl += divergenceAt([]float64{p1, p0}, []float64{q1, q0})
	}
	return kl / float64(len(ref)), nonFinite
}

// threshold is argMax of outputs of one channel: 1 above the even probability, else 0; -1 for NaN.
func threshold(v []float32, probabilities bool) []int32 {
	even := float32(0)
	if probabilities {
		even = .5
	}
	out := make([]int32, len(v))
	for i, x := range v {
		switch {
		case x != x:
			out[i] = -1
		case x > even:
			out[i] = 1
		}
	}
	return out
}

// binaryMask turns the labels of an output of one channel into classes 0 and 1; ignored ones are negative.
func binaryMask(mask []int32, ignore []int) (classes []int32, seen whites, err error) {
	classes = make([]int32, len(mask))
	for i, l := range mask {
		if l < 0 || len(ignore) > 0 && slices.Contains(ignore, int(l)) {
			classes[i] = -1
			continue
		}
		yes, white, err := positive(l)
		if err != nil {
			return nil, 0, err
		}
		if seen |= white; yes {
			classes[i] = 1
		}
	}
	return classes, seen, seen.check()
}

func (w whites) check() error {
	if w == one|full {
		return fmt.Errorf("%w: an output of one channel has labels 1 and 255: --ignore 255 if that means no label", ErrLabel)
	}
	return nil
}
