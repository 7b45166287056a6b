package metric

import (
	"math"
	"math/bits"
	"math/rand/v2"
)

// masks keeps every image's counts, so that images can be drawn again.
type masks struct {
	classes int
	images  [][]pairedCount // by image and class
}

// pairedCount is a Count of the float network and of the candidate; both have the label's pixels.
type pairedCount struct{ label, refHit, refPredicted, gotHit, gotPredicted uint32 }

func (m *masks) add(ref, got []Count) {
	if len(m.images) == 0 {
		m.classes = len(ref)
	}
	if len(ref) != m.classes || len(got) != m.classes {
		panic("metric: records with different numbers of classes")
	}
	image := make([]pairedCount, len(ref))
	for c := range ref {
		image[c] = pairedCount{ref[c].Label, ref[c].Hit, ref[c].Predicted, got[c].Hit, got[c].Predicted}
	}
	m.images = append(m.images, image)
}

// total is pairedCount over many images.
type total struct{ label, refHit, refPredicted, gotHit, gotPredicted uint64 }

func (t *total) add(p pairedCount) {
	t.label += uint64(p.label)
	t.refHit += uint64(p.refHit)
	t.refPredicted += uint64(p.refPredicted)
	t.gotHit += uint64(p.gotHit)
	t.gotPredicted += uint64(p.gotPredicted)
}

func (m *masks) scores(ignore []int) (ref, got Score) {
	totals := make([]total, m.classes)
	for _, image := range m.images {
		for c, p := range image {
			totals[c].add(p)
		}
	}
	ref, got = maskScore(m.classes), maskScore(m.classes)
	var labels, refHits, gotHits uint64
	for c, t := range totals {
		labels, refHits, gotHits = labels+t.label, refHits+t.refHit, gotHits+t.gotHit
		if !ignored(c, ignore) {
			ref.IoU[c] = 100 * iou(t.refHit, t.label, t.refPredicted)
			got.IoU[c] = 100 * iou(t.gotHit, t.label, t.gotPredicted)
		}
	}
	ref.PixelAccuracy, got.PixelAccuracy = percent(int(refHits), int(labels)), percent(int(gotHits), int(labels))
	ref.MeanIoU, got.MeanIoU = mean(ref.IoU), mean(got.IoU)
	return ref, got
}

func maskScore(classes int) Score {
	nan := math.NaN()
	s := Score{Top1: nan, TopK: nan, IoU: make([]float64, classes)}
	for c := range s.IoU {
		s.IoU[c] = nan
	}
	return s
}

// iou is NaN for a class that is neither labelled nor predicted.
func iou(hit, label, predicted uint64) float64 {
	return float64(hit) / float64(label+predicted-hit)
}

// mean of what is not NaN.
func mean(v []float64) float64 {
	sum, n := 0.0, 0
	for _, x := range v {
		if !math.IsNaN(x) {
			sum += x
			n++
		}
	}
	return sum / float64(n)
}

// bootstrap draws as many images as there are, with replacement, again and again, and returns the standard deviation
// of the drop in mIoU (points). The same images are drawn for the float network and the candidate. NaN below 2 images.
func (m *masks) bootstrap(opt Options) float64 {
	rounds, n := opt.Rounds, len(m.images)
	if rounds == 0 {
		rounds = 1000
	}
	if n < 2 || rounds < 2 {
		return math.NaN()
	}
	rng := rand.NewPCG(opt.Seed, 0)
	totals := make([]total, m.classes)
	var sum, squares float64
	for range rounds {
		clear(totals)
		for range n {
			image, _ := bits.Mul64(rng.Uint64(), uint64(n))
			for c, p := range m.images[image] {
				totals[c].add(p)
			}
		}
		d := drop(totals, opt.Ignore)
		sum += d
		squares += d * d
	}
	return standardError(sum, squares, float64(rounds)) * math.Sqrt(float64(rounds))
}

// drop is the difference of the mean IoU in points.
func drop(totals []total, ignore []int) float64 {
	var ref, got float64
	var refN, gotN int
	for c, t := range totals {
		if ignored(c, ignore) {
			continue
		}
		if x := iou(t.refHit, t.label, t.refPredicted); !math.IsNaN(x) {
			ref, refN = ref+x, refN+1
		}
		if x := iou(t.gotHit, t.label, t.gotPredicted); !math.IsNaN(x) {
			got, gotN = got+x, gotN+1
		}
	}
	return 100 * (ref/float64(refN) - got/float64(gotN))
}
