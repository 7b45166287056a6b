package metric

import (
	"math"
	"math/rand/v2"
	"testing"
)

// gather adds one record per pair of ranks.
func gather(opt Options, ranks ...[2]int) Summary {
	c := NewComparison(opt)
	for _, r := range ranks {
		c.Add(Record{RefRank: r[0], GotRank: r[1], KL: float64(r[1]), Agreement: 1})
	}
	return c.Summary()
}

// 5 images: float right on 4, candidate on 2; differences 0 1 1 1 -1: mean .4, deviation sqrt(.8), error sqrt(.8/5) = .4.
func TestTop1ByHand(t *testing.T) {
	s := gather(Options{TopK: 2}, [2]int{0, 0}, [2]int{0, 1}, [2]int{0, 2}, [2]int{0, 9}, [2]int{1, 0})
	if s.Metric != "top1" || s.Images != 5 || s.Scored != 5 {
		t.Errorf("%+v", s)
	}
	for name, c := range map[string][2]float64{
		"top-1 of the float network": {s.Reference.Top1, 80}, "top-1": {s.Candidate.Top1, 40},
		"top-2 of the float network": {s.Reference.TopK, 100}, "top-2": {s.Candidate.TopK, 60},
		"drop": {s.Drop, 40}, "its error": {s.DropSE, 40},
		// KL 0 1 2 9 0: mean 2.4, sum of squares 86, variance (86 - 28.8) / 4 = 14.3
		"KL": {s.KL, 2.4}, "KL's error": {s.KLSE, math.Sqrt(14.3 / 5)}, "agreement": {s.Agreement, 100},
	} {
		if !near(c[0], c[1], 1e-12) {
			t.Errorf("%s: %v, want %v", name, c[0], c[1])
		}
	}
	if !math.IsNaN(s.Reference.MeanIoU) || s.Reference.IoU != nil {
		t.Errorf("IoU without masks: %+v", s.Reference)
	}
}

func TestFewImages(t *testing.T) {
	none := gather(Options{})
	if none.Images != 0 || none.Metric != "" || !math.IsNaN(none.KL) || !math.IsNaN(none.Drop) {
		t.Errorf("no images: %+v", none)
	}
	one := gather(Options{}, [2]int{0, 7})
	if one.Drop != 100 || !math.IsNaN(one.DropSE) || one.Candidate.TopK != 0 {
		t.Errorf("one image: %+v", one)
	}
	equal := gather(Options{}, [2]int{0, 0}, [2]int{3, 3})
	if equal.Drop != 0 || equal.DropSE != 0 || equal.Candidate.TopK != 100 {
		t.Errorf("equal: %+v", equal)
	}
	unlabelled := gather(Options{}, [2]int{-1, -1}, [2]int{-1, -1})
	if unlabelled.Metric != "" || unlabelled.Images != 2 || unlabelled.Scored != 0 || !math.IsNaN(unlabelled.Drop) || !math.IsNaN(unlabelled.Candidate.Top1) {
		t.Errorf("unlabelled: %+v", unlabelled)
	}
	c := NewComparison(Options{})
	c.Add(Record{KL: math.Inf(1), NonFinite: 3, RefRank: -1, GotRank: -1})
	if s := c.Summary(); s.NonFinite != 1 || !math.IsInf(s.KL, 1) {
		t.Errorf("not finite: %+v", s)
	}
}

// Two images, 4 classes; class 2 is ignored, class 3 never occurs.
func TestMeanIoUByHand(t *testing.T) {
	c := NewComparison(Options{Ignore: []int{2}})
	c.Add(Record{RefRank: -1, Ref: []Count{{3, 4, 3}, {1, 1, 1}, {0, 0, 1}, {}}, Got: []Count{{2, 4, 2}, {1, 1, 3}, {}, {}}})
	c.Add(Record{RefRank: -1, Ref: []Count{{5, 6, 7}, {0, 1, 0}, {}, {}}, Got: []Count{{6, 6, 6}, {0, 1, 0}, {0, 0, 1}, {}}})
	s := c.Summary()
	// ref: class 0 8/(10+10-8) = 2/3, class 1 1/(2+1-1) = 1/2; got: class 0 8/(10+8-8) = 4/5, class 1 1/(2+3-1) = 1/4.
	for name, v := range map[string][2]float64{
		"ref 0": {s.Reference.IoU[0], 200.0 / 3}, "ref 1": {s.Reference.IoU[1], 50}, "got 0": {s.Candidate.IoU[0], 80}, "got 1": {s.Candidate.IoU[1], 25},
		"ref": {s.Reference.MeanIoU, 175.0 / 3}, "got": {s.Candidate.MeanIoU, 52.5}, "drop": {s.Drop, 175.0/3 - 52.5},
		"pixels ref": {s.Reference.PixelAccuracy, 75}, "pixels got": {s.Candidate.PixelAccuracy, 75},
	} {
		if !near(v[0], v[1], 1e-12) {
			t.Errorf("%s: %v, want %v", name, v[0], v[1])
		}
	}
	if !math.IsNaN(s.Reference.IoU[2]) || !math.IsNaN(s.Reference.IoU[3]) || s.Metric != "miou" || s.Scored != 2 || !math.IsNaN(s.Candidate.Top1) {
		t.Errorf("%+v", s)
	}
	defer func() {
		if recover() == nil {
			t.Error("another number of classes accepted")
		}
	}()
	c.Add(Record{Ref: []Count{{}}, Got: []Count{{}}})
}

// With one class and labels and predictions everywhere, the drop of an image is linear and the bootstrap must find
// the standard error of a mean: deviation / sqrt(n) (n, not n-1, in the bootstrap's world).
func TestBootstrap(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	c := NewComparison(Options{Seed: 7, Rounds: 4000})
	var sum, squares float64
	const n, pixels = 50, 1000
	for range n {
		hit := uint32(rng.IntN(pixels + 1))
		// Predicted = Hit, so that IoU = hits / labels, and all images have as many labels.
		c.Add(Record{RefRank: -1, Ref: []Count{{pixels, pixels, pixels}}, Got: []Count{{hit, pixels, hit}}})
		d := 100 - 100*float64(hit)/pixels
		sum += d
		squares += d * d
	}
	want := math.Sqrt((squares/n - sum/n*sum/n) / n)
	s := c.Summary()
	if !near(s.DropSE, want, .05*want) || !near(s.Drop, sum/n, 1e-9) {
		t.Errorf("drop %v +- %v, want %v +- %v", s.Drop, s.DropSE, sum/n, want)
	}
	if again := c.Summary(); again.DropSE != s.DropSE {
		t.Error("the same seed gives another error")
	}
	c.opt.Seed = 8
	if other := c.Summary(); other.DropSE == s.DropSE || !near(other.DropSE, want, .05*want) {
		t.Errorf("another seed: %v", other.DropSE)
	}
}

func TestBootstrapOfEqualsIsZero(t *testing.T) {
	c := NewComparison(Options{})
	for i := range uint32(5) {
		counts := []Count{{i, 9, i + 1}, {2, 2 + i, 8}}
		c.Add(Record{RefRank: -1, Ref: counts, Got: counts})
	}
	if s := c.Summary(); s.Drop != 0 || s.DropSE != 0 {
		t.Errorf("%+v", s)
	}
}
