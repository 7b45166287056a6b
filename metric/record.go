// Package metric scores network outputs: what one image contributes (Compare) and what many come to (Comparison).
// Outputs are 1 x K or 1 x K x H x W with the classes on axis 1; every row, column pair is one position. Where K is 1, the
// output says how likely a class is against its absence: the classes are 0 and 1.
package metric

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/dqa-go/dqa/tensor"
)

// Errors that Compare wraps.
var (
	ErrOutput = errors.New("output cannot be scored")
	ErrLabel  = errors.New("label does not fit the output")
)

// Options say how outputs and labels are to be read. The zero value works.
type Options struct {
	Probabilities bool    // the graph ends in Softmax or Sigmoid: outputs are probabilities, not logits
	Ignore        []int   // classes that are left out of accuracy and IoU, as labels and from the mean; negative labels always are
	TopK          int     // 0: 5
	Outputs       Outputs // of the network; CompareOutputs and what keeps images by labels use it
	Seed          uint64  // of the bootstrap; print it
	Rounds        int     // of the bootstrap; 0: 1000
}

// Record is what one image contributes: the outputs of a candidate against those of the float network, and both
// against the label.
type Record struct {
	KL        float64 // KL(ref || got) in nats, mean over the positions
	Agreement float64 // share of positions with equal arg max, 0..1
	NonFinite int     // positions where an output is NaN or +Inf; KL is then +Inf
	// RefRank and GotRank count the classes that the outputs put before the label's: 0 is a top-1 hit. -1: the image
	// has no class label, or one that is ignored.
	RefRank, GotRank int
	// Ref and Got count pixels by class against a mask; nil when there is none.
	Ref, Got []Count

	// Distances of all outputs, of a network that has several.
	Distances []Distance

	whites whites // labels of an output of one channel
}

// Count is about one class in one image. Pixels whose label is ignored are in none of the numbers. The arg max is over
// all classes, ignored ones too: predicting one of those on a pixel that counts is a miss. That is how the published
// scores of networks with an output for "void" are computed.
type Count struct {
	Hit       uint32 // labelled and predicted so
	Label     uint32 // labelled so
	Predicted uint32 // predicted so
}

// Compare scores the outputs of one image; ref and got may be the same tensor. class is negative and mask nil where there
// is no such label; a mask has one class per position, in row-major order, negative where it is ignored. It may be called
// from many goroutines at once.
//
// The arg max is the first of the largest values; NaN never wins, and where all are NaN the prediction is no class,
// which is wrong and agrees with nothing. KL is defined for logits as for probabilities (see KL).
func Compare(ref, got *tensor.Tensor, class int, mask []int32, opt Options) (Record, error) {
	r := Record{RefRank: -1, GotRank: -1}
	classes, positions, err := sizes(ref, got)
	if err != nil {
		return r, err
	}
	r.KL, r.NonFinite = divergence(ref.Data, got.Data, classes, positions, opt.Probabilities)
	refMax := predictions(ref.Data, classes, positions, opt)
	gotMax := refMax
	if got != ref {
		gotMax = predictions(got.Data, classes, positions, opt)
	}
	r.Agreement = agreement(refMax, gotMax)
	if mask != nil {
		if classes == 1 {
			if mask, r.whites, err = binaryMask(mask, opt.Ignore); err != nil {
				return r, err
			}
			r.Ref, r.Got, err = compareMask(refMax, gotMax, mask, 2, nil)
			return r, err
		}
		r.Ref, r.Got, err = compareMask(refMax, gotMax, mask, classes, opt.Ignore)
		return r, err
	}
	if class < 0 || slices.Contains(opt.Ignore, class) {
		return r, nil
	}
	if classes == 1 && positions == 1 {
		yes, white, err := positive(int32(class))
		r.whites = white
		r.RefRank, r.GotRank = missed(refMax[0], yes), missed(gotMax[0], yes)
		return r, err
	}
	if class >= classes || positions != 1 {
		return r, fmt.Errorf("%w: class %d, output %v", ErrLabel, class, ref.Shape)
	}
	r.RefRank, r.GotRank = rank(ref.Data, class), rank(got.Data, class)
	return r, nil
}

// sizes checks both outputs.
func sizes(ref, got *tensor.Tensor) (classes, positions int, err error) {
	s := ref.Shape
	if !slices.Equal(s, got.Shape) {
		return 0, 0, fmt.Errorf("%w: shapes %v and %v differ", ErrOutput, s, got.Shape)
	}
	switch {
	case len(s) == 1 && s[0] == 1:
		return 1, 1, nil
	case len(s) == 2 && s[0] == 1 && s[1] > 0:
		return s[1], 1, nil
	case len(s) == 4 && s[0] == 1 && s[1] > 0 && s[2] > 0 && s[3] > 0:
		return s[1], s[2] * s[3], nil
	}
	return 0, 0, fmt.Errorf("%w: shape %v is neither 1 x classes nor 1 x classes x height x width", ErrOutput, s)
}

// predictions are the classes that an output stands for.
func predictions(v []float32, classes, positions int, opt Options) []int32 {
	if classes == 1 {
		return threshold(v, opt.Probabilities)
	}
	return argMax(v, classes, positions)
}

// missed is the rank of the right one of two classes.
func missed(predicted int32, yes bool) int {
	if predicted >= 0 && (predicted == 1) == yes {
		return 0
	}
	return 1
}

// argMax gives the first of the largest values at every position, -1 where all are NaN.
func argMax(v []float32, classes, positions int) []int32 {
	best := make([]int32, positions)
	for i := range best {
		best[i] = -1
		var top float32
		for c := range classes {
			if x := v[c*positions+i]; x == x && (best[i] < 0 || x > top) {
				best[i], top = int32(c), x
			}
		}
	}
	return best
}

func agreement(a, b []int32) float64 {
	n := 0
	for i, c := range a {
		if c >= 0 && c == b[i] {
			n++
		}
	}
	return float64(n) / float64(len(a))
}

// rank counts the classes before class: larger values, and equal ones of lower index. A NaN comes last.
func rank(v []float32, class int) int {
	own := v[class]
	if own != own {
		return len(v)
	}
	n := 0
	for c, x := range v {
		if x > own || x == own && c < class {
			n++
		}
	}
	return n
}

// compareMask counts hits, labels and predictions of both outputs.
func compareMask(ref, got, mask []int32, classes int, ignore []int) (refCounts, gotCounts []Count, err error) {
	if len(mask) != len(ref) {
		return nil, nil, fmt.Errorf("%w: mask of %d pixels, output of %d positions", ErrLabel, len(mask), len(ref))
	}
	ignored := make([]bool, classes)
	for _, c := range ignore {
		if c >= 0 && c < classes {
			ignored[c] = true
		}
	}
	refCounts, gotCounts = make([]Count, classes), make([]Count, classes)
	for i, l := range mask {
		if l < 0 || int(l) < classes && ignored[l] {
			continue
		}
		if int(l) >= classes {
			if slices.Contains(ignore, int(l)) {
				continue
			}
			return nil, nil, fmt.Errorf("%w: a pixel of class %d, the output has %d classes: is it one to --ignore?", ErrLabel, l, classes)
		}
		add(refCounts, ref[i], l)
		add(gotCounts, got[i], l)
	}
	return refCounts, gotCounts, nil
}

func add(counts []Count, predicted, label int32) {
	counts[label].Label++
	if predicted < 0 {
		return
	}
	counts[predicted].Predicted++
	if predicted == label {
		counts[label].Hit++
	}
}

// KL is KL(ref || got) of the softmax over the classes in nats, mean over the positions: natural logarithms and a
// log-softmax with the maximum taken out, all in float64. It is never negative and 0 for equal outputs.
//
// Probabilities are raised to at least 2^-126, the smallest normal float32, and renormalised: a tail that float32
// flushed to zero is not infinitely unlikely. A position where an output holds NaN or +Inf, or nothing but -Inf, makes
// the KL +Inf: such outputs say nothing, and leaving them out would flatter them.
func KL(ref, got *tensor.Tensor, probabilities bool) (float64, error) {
	classes, positions, err := sizes(ref, got)
	if err != nil {
		return 0, err
	}
	kl, _ := divergence(ref.Data, got.Data, classes, positions, probabilities)
	return kl, nil
}

func divergence(ref, got []float32, classes, positions int, probabilities bool) (kl float64, nonFinite int) {
	if classes == 1 {
		return bernoulliDivergence(ref, got, probabilities)
	}
	p, q := make([]float64, classes), make([]float64, classes)
	for i := range positions {
		for c := range classes {
			p[c], q[c] = float64(ref[c*positions+i]), float64(got[c*positions+i])
		}
		if probabilities {
			logs(p)
			logs(q)
		}
		if !logSoftmax(p) || !logSoftmax(q) {
			nonFinite++
			kl = math.Inf(1)
			continue
		}
		kl += divergenceAt(p, q)
	}
	return kl / float64(positions), nonFinite
}

// logs turns probabilities into logits; NaN stays.
func logs(v []float64) {
	for i, x := range v {
		v[i] = math.Log(max(x, 0x1p-126))
	}
}

// logSoftmax turns logits into log-probabilities, or tells that they have none.
func logSoftmax(v []float64) bool {
	top := math.Inf(-1)
	for _, x := range v {
		top = max(top, x) // NaN wins
	}
	if math.IsNaN(top) || math.IsInf(top, 0) {
		return false
	}
	sum := 0.0
	for _, x := range v {
		sum += math.Exp(x - top)
	}
	shift := top + math.Log(sum)
	for i := range v {
		v[i] -= shift
	}
	return true
}

// divergenceAt sums p (log p - log q); rounding below zero is cut off.
func divergenceAt(logP, logQ []float64) float64 {
	sum := 0.0
	for c, l := range logP {
		if p := math.Exp(l); p > 0 {
			sum += p * (l - logQ[c])
		}
	}
	return max(sum, 0)
}
