package doctor

import (
	"fmt"
	"slices"

	"github.com/dqa-go/dqa/profile"
)

// change is a preprocessing that differs in one respect, and the flags that say so.
type change struct {
	flags string
	pre   profile.Preprocess
}

// normalizations that networks are trained with. One that is for three channels has three values.
var normalizations = []struct {
	flags     string
	divisor   float32
	mean, std []float32
}{
	{"--divisor 255 --mean 0 --std 1", 255, []float32{0}, []float32{1}},
	{"--divisor 1 --mean 0 --std 1", 1, []float32{0}, []float32{1}},
	{"--divisor 255 --mean 0.5 --std 0.5", 255, []float32{.5}, []float32{.5}},
	{"--divisor 255 --mean .485,.456,.406 --std .229,.224,.225", 255, []float32{.485, .456, .406}, []float32{.229, .224, .225}},
	{"--divisor 255 --mean .4914,.4822,.4465 --std .2470,.2435,.2616", 255, []float32{.4914, .4822, .4465}, []float32{.2470, .2435, .2616}},
	{"--divisor 1 --channels bgr --mean 103.939,116.779,123.68 --std 1", 1, []float32{103.939, 116.779, 123.68}, []float32{1}},
}

// changes lists the neighbours of p for a network with the given input shape.
func changes(p profile.Preprocess, shape []int) []change {
	channels := 1
	if len(shape) == 4 {
		channels = shape[1]
		if p.Layout == "nhwc" {
			channels = shape[3]
		}
	}
	var all []change
	if channels == 3 {
		swapped := p
		swapped.Channels = "bgr"
		if p.Channels == "bgr" {
			swapped.Channels = "rgb"
		}
		all = append(all, change{"--channels " + swapped.Channels, swapped})
	}
	for _, n := range normalizations {
		if len(n.mean) == 3 && channels != 3 || same(p, n.divisor, n.mean, n.std) {
			continue
		}
		q := p
		q.Divisor, q.Mean, q.Std = n.divisor, n.mean, n.std
		if n.mean[0] > 1 {
			q.Channels = "bgr"
		}
		all = append(all, change{n.flags, q})
	}
	if d := p.Divisor; (d == 1 || d == 255 || d == 0) && len(p.Mean) > 0 {
		q := p
		q.Divisor = 1
		if d == 1 {
			q.Divisor = 255
		}
		all = append(all, change{fmt.Sprintf("--divisor %g", q.Divisor), q})
	}
	return all
}

// same tells whether p already normalizes so.
func same(p profile.Preprocess, divisor float32, mean, std []float32) bool {
	if p.Divisor == 0 {
		p.Divisor = 255
	}
	return p.Divisor == divisor && equalLists(p.Mean, mean, 0) && equalLists(p.Std, std, 1)
}

// equalLists compares values per channel; none means missing everywhere.
func equalLists(a, b []float32, missing float32) bool {
	if len(a) == 0 {
		a = []float32{missing}
	}
	if len(a) == 1 && len(b) == 1 {
		return a[0] == b[0]
	}
	return slices.Equal(a, b)
}
