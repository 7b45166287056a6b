package metric

import (
	"fmt"
	"math"
	"slices"

	"github.com/dqa-go/dqa/tensor"
)

// Judge scores one output against its label, which is given as to Compare: the share of positions whose arg max is the
// label, and the mean cross-entropy -log p(label) in nats. Positions with an ignored label do not count; where none is
// left both are 0. An output that is not finite has an infinite cross-entropy.
func Judge(out *tensor.Tensor, class int, mask []int32, opt Options) (accuracy, crossEntropy float64, err error) {
	classes, positions, err := sizes(out, out)
	if err != nil {
		return 0, 0, err
	}
	if mask == nil && positions != 1 || mask != nil && len(mask) != positions {
		return 0, 0, fmt.Errorf("%w: label of %d positions, output %v", ErrLabel, max(1, len(mask)), out.Shape)
	}
	best := predictions(out.Data, classes, positions, opt)
	if classes == 1 {
		return judgeBinary(out.Data, best, class, mask, opt)
	}
	logP := make([]float64, classes)
	hits, counted := 0, 0
	for i := range positions {
		label := class
		if mask != nil {
			label = int(mask[i])
		}
		if label < 0 || slices.Contains(opt.Ignore, label) {
			continue
		}
		if label < 0 || label >= classes {
			return 0, 0, fmt.Errorf("%w: class %d, output %v", ErrLabel, label, out.Shape)
		}
		counted++
		if int(best[i]) == label {
			hits++
		}
		crossEntropy += surprise(out.Data, logP, i, positions, label, opt.Probabilities)
	}
	if counted == 0 {
		return 0, 0, nil
	}
	return float64(hits) / float64(counted), crossEntropy / float64(counted), nil
}

// surprise is -log p(label) at position i.
func surprise(values []float32, logP []float64, i, positions, label int, probabilities bool) float64 {
	for c := range logP {
		logP[c] = float64(values[c*positions+i])
	}
	if probabilities {
		logs(logP)
	}
	if !logSoftmax(logP) {
		return math.Inf(1)
	}
	return -logP[label]
}

// judgeBinary is Judge for outputs of one channel.
func judgeBinary(out []float32, best []int32, class int, mask []int32, opt Options) (accuracy, crossEntropy float64, err error) {
	if mask == nil {
		mask = []int32{int32(class)}
	}
	classes, _, err := binaryMask(mask, opt.Ignore)
	if err != nil {
		return 0, 0, err
	}
	hits, counted := 0, 0
	for i, label := range classes {
		if label < 0 {
			continue
		}
		counted++
		if best[i] == label {
			hits++
		}
		p1, p0, ok := bernoulli(out[i], opt.Probabilities)
		switch {
		case !ok:
			crossEntropy = math.Inf(1)
		case label == 1:
			crossEntropy -= p1
		default:
			crossEntropy -= p0
		}
	}
	if counted == 0 {
		return 0, 0, nil
	}
	return float64(hits) / float64(counted), crossEntropy / float64(counted), nil
}
