package doctor

import (
	"slices"
	"strings"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/profile"
)

// flags lead from one preprocessing to another: what stays as it is, defaults included, is not among them.
func flags(from, to profile.Preprocess) string {
	var all []string
	for _, s := range dataset.Changes(from, to) {
		all = append(all, "--"+s.Name+" "+s.Value)
	}
	return strings.Join(all, " ")
}

// normalizations that networks are trained with. One that is for three channels has three values.
var normalizations = []struct {
	divisor   float32
	mean, std []float32
	channels  string // that come with it
}{
	{divisor: 255},
	{divisor: 1},
	{divisor: 255, mean: []float32{.5}, std: []float32{.5}},
	{divisor: 255, mean: []float32{.485, .456, .406}, std: []float32{.229, .224, .225}},
	{divisor: 255, mean: []float32{.4914, .4822, .4465}, std: []float32{.2470, .2435, .2616}},
	{divisor: 1, mean: []float32{103.939, 116.779, 123.68}, channels: "bgr"},
}

// changes lists the neighbours of p for a network with the given input shape, and for pictures whose highest level may be
// one of tops.
func changes(p profile.Preprocess, shape []int, tops []float32) []profile.Preprocess {
	channels := channelsOf(p, shape)
	var all []profile.Preprocess
	add := func(q profile.Preprocess) {
		known := func(other profile.Preprocess) bool { return flags(other, q) == "" }
		if !known(p) && !slices.ContainsFunc(all, known) {
			all = append(all, q)
		}
	}
	if channels == 3 {
		swapped := p
		swapped.Channels = "bgr"
		if p.Channels == "bgr" {
			swapped.Channels = "rgb"
		}
		add(swapped)
	}
	for _, n := range normalizations {
		if len(n.mean) == 3 && channels != 3 {
			continue
		}
		for _, top := range tops {
			q := p
			q.Divisor, q.Mean, q.Std = n.divisor*top/255, n.mean, n.std
			if n.channels != "" {
				q.Channels = n.channels
			}
			add(q)
		}
	}
	for _, top := range tops {
		for _, divisor := range []float32{1, top} {
			q := p
			q.Divisor = divisor
			add(q)
		}
	}
	return all
}

func channelsOf(p profile.Preprocess, shape []int) int {
	switch {
	case len(shape) != 4:
		return 1
	case p.Layout == "nhwc":
		return shape[3]
	}
	return shape[1]
}

// topsOf are the highest levels that pictures may have in which the highest that was seen is peak: those of 8 bits, or of
// the fewest of 10, 12, 14 and 16 bits, and of 16.
func topsOf(peak float64) []float32 {
	if peak <= 255 {
		return []float32{255}
	}
	for _, top := range []float32{1023, 4095, 16383} {
		if peak <= float64(top) {
			return []float32{top, 65535}
		}
	}
	return []float32{65535}
}
