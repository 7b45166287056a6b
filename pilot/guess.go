package pilot

import (
	"math"
	"slices"

	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/tensor"
)

// guess is what the float and the stored network say of one image.
type guess struct {
	float, stored   int     // classes; of masks -1
	floatP, storedP float64 // confidences, 0 to 1
	margin          float64 // of the stored network: its first class before the second, 0 to 1

	// Of masks: shares of pixels, and whether the image has a defect, and who finds some of it.
	changed, worse         float64
	defect, floatFinds     bool
	storedFinds, floatSees bool // sees: says of some pixel of an image without defect that it is one
	storedSees             bool
}

// newGuess reads the scored output of both networks.
func newGuess(float, got *tensor.Tensor, mask []int32, opt metric.Options) *guess {
	p := opt.Outputs.All[opt.Outputs.Scored].Probabilities
	if len(float.Shape) == 4 && len(float.Data) > float.Shape[1] {
		return maskGuess(classMap(float, p), classMap(got, p), mask)
	}
	g := &guess{}
	g.float, g.floatP, _ = firstOf(float.Data, p)
	g.stored, g.storedP, g.margin = firstOf(got.Data, p)
	return g
}

// firstOf is the largest class of an output with its probability, and how far the second is behind.
func firstOf(v []float32, probabilities bool) (class int, p, margin float64) {
	all := make([]float64, len(v))
	for i, x := range v {
		all[i] = float64(x)
	}
	if len(all) == 1 { // a class against its absence
		yes := all[0]
		if !probabilities {
			yes = 1 / (1 + math.Exp(-yes))
		}
		if yes > .5 {
			return 1, yes, 2*yes - 1
		}
		return 0, 1 - yes, 1 - 2*yes
	}
	if !probabilities {
		top, sum := slices.Max(all), 0.0
		for i := range all {
			all[i] = math.Exp(all[i] - top)
			sum += all[i]
		}
		for i := range all {
			all[i] /= sum
		}
	}
	second := 0.0
	class = -1
	for i, x := range all {
		switch {
		case class < 0 || x > p:
			second, class, p = p, i, x
		case x > second:
			second = x
		}
	}
	return class, p, p - second
}

// classMap is the class of every pixel.
func classMap(t *tensor.Tensor, probabilities bool) []int32 {
	classes, n := t.Shape[1], len(t.Data)/t.Shape[1]
	best := make([]int32, n)
	if classes == 1 {
		limit := float32(0)
		if probabilities {
			limit = .5
		}
		for i, v := range t.Data {
			if v > limit {
				best[i] = 1
			}
		}
		return best
	}
	for i := range best {
		top := t.Data[i]
		for c := 1; c < classes; c++ {
			if v := t.Data[c*n+i]; v > top {
				best[i], top = int32(c), v
			}
		}
	}
	return best
}

// maskGuess compares two maps with each other and with the truth, which may be nil.
func maskGuess(float, stored, mask []int32) *guess {
	g := &guess{float: -1, stored: -1}
	n := float64(len(float))
	for i := range float {
		if float[i] != stored[i] {
			g.changed += 1 / n
		}
		if mask == nil || mask[i] < 0 {
			continue
		}
		if mask[i] != 0 {
			g.defect = true
			g.floatFinds = g.floatFinds || float[i] != 0
			g.storedFinds = g.storedFinds || stored[i] != 0
		} else {
			g.floatSees = g.floatSees || float[i] != 0
			g.storedSees = g.storedSees || stored[i] != 0
		}
		if float[i] == mask[i] && stored[i] != mask[i] {
			g.worse += 1 / n
		}
	}
	if mask == nil {
		g.worse = g.changed
	}
	return g
}
