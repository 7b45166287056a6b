package metric

import "math"

// Interval is an estimate with its 95 % interval.
type Interval struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// z95 is the 97.5 % quantile of the normal distribution.
const z95 = 1.959964

// pairedDrop is the difference of two accuracies on the same n images, in points, of which worse were right before alone and better
// afterwards alone, with the interval of Agresti and Min (Statistics in Medicine 24, 2005): half an image is added to every cell of
// the table, so that no change among few images is not taken for certainty. Without images it is NaN.
func pairedDrop(worse, better, n int) Interval {
	if n == 0 {
		return Interval{math.NaN(), math.NaN(), math.NaN()}
	}
	w, b, m := float64(worse)+.5, float64(better)+.5, float64(n)+2
	middle := (w - b) / m
	se := math.Sqrt(max(0, w+b-(w-b)*(w-b)/m)) / m
	return Interval{100 * float64(worse-better) / float64(n), 100 * (middle - z95*se), 100 * (middle + z95*se)}
}

// Proportion is k of n in percent, with Wilson's interval.
func Proportion(k, n int) Interval {
	if n == 0 {
		return Interval{math.NaN(), math.NaN(), math.NaN()}
	}
	p, m := float64(k)/float64(n), float64(n)
	middle := (p + z95*z95/(2*m)) / (1 + z95*z95/m)
	half := z95 / (1 + z95*z95/m) * math.Sqrt(p*(1-p)/m+z95*z95/(4*m*m))
	return Interval{100 * p, 100 * max(0, middle-half), 100 * min(1, middle+half)}
}

// around is a value with a normal interval of its standard error; NaN errors have no width.
func around(v, se float64) Interval {
	if se != se {
		se = 0
	}
	return Interval{v, v - z95*se, v + z95*se}
}

// Mean is the mean of values over images, with a normal interval, and its standard error.
func Mean(values []float64) (mean Interval, se float64) {
	n := float64(len(values))
	sum, squares := 0.0, 0.0
	for _, v := range values {
		sum += v
	}
	m := sum / n
	for _, v := range values {
		squares += (v - m) * (v - m)
	}
	if len(values) > 1 {
		se = math.Sqrt(squares / (n - 1) / n)
	}
	return around(m, se), se
}

// Loss is what a comparison loses, in points, with its 95 % interval and its standard error; value is what is left of the metric.
// Without labels agreement with the reference is all there is: a share of images near 0 or 1 is no normal number.
func (s *Summary) Loss() (value float64, loss Interval, se float64) {
	switch s.Metric {
	case "top1":
		loss = pairedDrop(s.Worse, s.Better, s.Scored)
		return s.Candidate.Top1, loss, (loss.High - loss.Low) / (2 * z95)
	case "miou":
		return s.Candidate.MeanIoU, around(s.Drop, s.DropSE), s.DropSE
	}
	share := Proportion(int(math.Round(float64(s.Images)*(1-s.Agreement/100))), s.Images)
	loss = Interval{100 - s.Agreement, share.Low, share.High}
	return s.Agreement, loss, (loss.High - loss.Low) / (2 * z95)
}
