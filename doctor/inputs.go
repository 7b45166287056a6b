package doctor

import (
	"cmp"
	"context"
	"fmt"
	"math"

	"github.com/dqa-go/dqa/dataset"
)

// examineInputs checks what needs the images prepared: they fit.
func (d *Diagnosis) examineInputs(ctx context.Context, s *Subject) error {
	in, err := dataset.NewInputs(s.Data, s.Preprocess, s.Program.Graph().Input.Shape)
	if err != nil {
		return err
	}
	sample := spread(s.Data.Len(), s.Images)
	stats, err := gather(in, sample)
	if err != nil {
		return err
	}
	s.tops = topsOf(stats.pixelMax)
	values, divisor := stats.check(s)
	d.Checks = append(d.Checks, values)
	unlabelled, likely, err := examineStatistics(ctx, s)
	if err != nil {
		return err
	}
	labelled, found, err := examineAccuracy(ctx, s, sample, likely)
	if err != nil {
		return err
	}
	best := cmp.Or(found, likely)
	d.Judged = best != nil
	if d.Judged && values.Status == Warning && best.Divisor == s.Preprocess.Divisor {
		// What can tell says that the division is right, however unusual: else this mend and that one lead in a circle.
		values.Status, values.Mend, divisor = OK, "", 0
		values.Finding += "; it fits this network"
		d.Checks[len(d.Checks)-1] = values
	}
	switch d.Preprocess = s.Preprocess; {
	case found != nil:
		d.Preprocess = *found
	case likely != nil && unlabelled.Status == Problem:
		d.Preprocess = *likely
	case divisor > 0:
		d.Preprocess.Divisor = divisor
	}
	if found == nil { // labels tell more
		d.Checks = append(d.Checks, unlabelled)
	}
	d.Checks = append(d.Checks, labelled...)
	return nil
}

// spread picks n of total indices evenly: data is often sorted by class.
func spread(total, n int) []int {
	if n <= 0 || n > total {
		n = total
	}
	picked := make([]int, n)
	for i := range picked {
		picked[i] = i * total / n
	}
	return picked
}

// statistics of prepared inputs and of the pixels they were made of.
type statistics struct {
	images     int
	constant   int // images
	nonFinite  int // values
	min, max   float64
	mean, std  float64
	pixelMax   float64
	float      bool // pixels are measurements, not levels
	sum, count float64
	squares    float64
}

func gather(in *dataset.Inputs, sample []int) (*statistics, error) {
	s := &statistics{images: len(sample), min: math.Inf(1), max: math.Inf(-1)}
	for _, i := range sample {
		peak, float, err := in.Peak(i)
		if err != nil {
			return nil, err
		}
		s.float, s.pixelMax = s.float || float, max(s.pixelMax, float64(peak))
		x, err := in.Input(i)
		if err != nil {
			return nil, err
		}
		s.add(x.Data)
	}
	s.mean = s.sum / s.count
	s.std = math.Sqrt(max(0, s.squares/s.count-s.mean*s.mean))
	return s, nil
}

func (s *statistics) add(values []float32) {
	constant := true
	for _, v := range values {
		if v-v != 0 {
			s.nonFinite++
			continue
		}
		constant = constant && v == values[0]
		x := float64(v)
		s.min, s.max = min(s.min, x), max(s.max, x)
		s.sum += x
		s.squares += x * x
		s.count++
	}
	if constant {
		s.constant++
	}
}

// Inputs of common networks have a standard deviation between .2 (pixels divided by 255) and 80 (pixels as they are);
// anything below says that the division was made twice.
const tooSmall = 0.02

// check judges what can be told without labels, and names the divisor that mends it; 0: none.
func (s *statistics) check(subject *Subject) (c Check, mend float32) {
	c = Check{Name: "input values", Status: OK}
	c.Finding = fmt.Sprintf("%.3g to %.3g, mean %.3g, standard deviation %.3g over %d images", s.min, s.max, s.mean, s.std, s.images)
	divisor := subject.Preprocess.Divisor
	if divisor == 0 {
		divisor = 255
	}
	switch {
	case s.nonFinite > 0:
		c.Status, c.Mend = Problem, "check std and the data: no value may be NaN or infinite"
		c.Finding += fmt.Sprintf("; %d values are not finite", s.nonFinite)
		return c, 0
	case s.constant == s.images:
		c.Status, c.Mend = Problem, "check the images: each has one value throughout"
		return c, 0
	case s.float && s.pixelMax <= 1 && divisor > 1:
		c.Status, mend = Problem, 1
		c.Finding += fmt.Sprintf("; the data is at most %.3g already and is divided by %g", s.pixelMax, divisor)
	case s.std < tooSmall && !s.scaled(subject):
		c.Status, mend = Warning, 1
		c.Finding += "; that is very little: is the data divided twice?"
	case s.pixelMax > 255 && divisor == 255 && !s.float:
		c.Status, mend = Warning, subject.tops[0]
		c.Finding += fmt.Sprintf("; the images have levels up to %.0f and are divided by 255", s.pixelMax)
	case s.max > 20 && len(subject.Preprocess.Std) == 0 && divisor == 1:
		c.Status, mend = Warning, 255
		c.Finding += "; few networks want undivided pixels"
	}
	if mend > 0 {
		c.Mend = fmt.Sprintf("--divisor %g", mend)
	}
	return c, mend
}

// scaled tells whether the smallness is meant: a std larger than the pixels was given on purpose.
func (s *statistics) scaled(subject *Subject) bool {
	for _, v := range subject.Preprocess.Std {
		if float64(v) > s.pixelMax {
			return true
		}
	}
	return false
}
