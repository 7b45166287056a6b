package pilot

import (
	"math"
	"slices"

	"github.com/dqa-go/dqa/metric"
)

// changesOf counts what is different in practice between the float and the stored network.
func changesOf(m *measured, t *Task) Changes {
	if t.Kind == "masks" || len(m.images) > 0 && m.images[0].guess != nil && m.images[0].guess.float < 0 {
		return maskChanges(m, t)
	}
	c := Changes{Images: len(m.images), Worst: -1, Labelled: t.Kind == "classes", ByClass: []ClassChange{}}
	by := make([]ClassChange, t.Classes)
	for _, s := range m.images {
		g := s.guess
		if g.float != g.stored {
			c.Flipped++
		}
		if s.label >= 0 && s.label < t.Classes {
			c.count(g, s.label, t.Normal, &by[s.label])
		}
	}
	c.Changed = metric.Proportion(c.Flipped, c.Images)
	for _, k := range by {
		if k.Images == 0 {
			continue
		}
		k.Float, k.Stored = 100*k.Float/float64(k.Images), 100*k.Stored/float64(k.Images)
		if c.ByClass = append(c.ByClass, k); k.Worse > int(c.WorstBy) {
			c.Worst, c.WorstBy = k.Class, float64(k.Worse)
		}
	}
	return c
}

// count adds an image with a label, to k, its class, as well.
func (c *Changes) count(g *guess, label, normal int, k *ClassChange) {
	k.Class, k.Images = label, k.Images+1
	was, is := g.float == label, g.stored == label
	k.Float, k.Stored = k.Float+float64(count(was)), k.Stored+float64(count(is))
	switch {
	case was && !is:
		c.Worse++
		k.Worse++
	case !was && is:
		c.Better++
		k.Better++
	case g.float != g.stored:
		c.Other++
	}
	switch {
	case normal < 0:
	case label != normal && g.float != normal && g.stored == normal:
		c.Missed++
	case label == normal && g.float == normal && g.stored != normal:
		c.Alarms++
	}
}

// maskChanges does so for maps of classes. An image with a defect has a pixel that is labelled with another class than 0; it is found
// where some pixel of it is.
func maskChanges(m *measured, t *Task) Changes {
	c := Changes{Images: len(m.images), Worst: -1, Labelled: t.Kind == "masks", ByClass: []ClassChange{}}
	var changed []float64
	for _, s := range m.images {
		g := s.guess
		changed = append(changed, 100*g.changed)
		missed := g.defect && g.floatFinds && !g.storedFinds
		alarm := !g.defect && !g.floatSees && g.storedSees
		if t.Normal == 0 && c.Labelled {
			c.Missed += count(missed)
			c.Alarms += count(alarm)
			c.Flipped += count(missed || alarm)
			c.Better += count(g.defect && !g.floatFinds && g.storedFinds || !g.defect && g.floatSees && !g.storedSees)
		}
	}
	c.Worse = c.Missed + c.Alarms
	c.Changed, _ = metric.Mean(changed)
	if len(changed) < 2 {
		c.Changed.Low, c.Changed.High = 0, 100
	}
	for k, was := range m.sum.Reference.IoU {
		is := m.sum.Candidate.IoU[k]
		if math.IsNaN(was) || math.IsNaN(is) {
			continue
		}
		if c.ByClass = append(c.ByClass, ClassChange{Class: k, Float: was, Stored: is}); was-is > c.WorstBy {
			c.Worst, c.WorstBy = k, was-is
		}
	}
	return c
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// shown is an image of the confirmation part that is worth a picture.
type shown struct {
	seen
	why string
}

// How many pictures there are of each kind.
const (
	mostFlipped, mostNear = 8, 4
	bestShown             = 3
)

// choosePictures says which images are shown. Classes: what changes, newly wrong ones first and of them those that float32 was surest of;
// then those that are nearest to changing. Maps: those with most pixels newly wrong, the middle one, those with fewest that have any
// defect.
func choosePictures(m *measured, t *Task) (all []shown) {
	images := slices.Clone(m.images)
	if len(images) == 0 || images[0].guess == nil {
		return nil
	}
	if images[0].guess.float < 0 {
		return chooseMaps(images)
	}
	rank := map[string]int{"missed": 0, "alarm": 1, "worse": 2, "better": 3, "changed": 4}
	var flips, still []shown
	for _, s := range images {
		if s.guess.float == s.guess.stored {
			still = append(still, shown{s, "near"})
			continue
		}
		flips = append(flips, shown{s, whyChanged(s, t)})
	}
	slices.SortStableFunc(flips, func(a, b shown) int {
		if a.why != b.why {
			return rank[a.why] - rank[b.why]
		}
		return rising(b.guess.floatP, a.guess.floatP)
	})
	slices.SortStableFunc(still, func(a, b shown) int { return rising(a.guess.margin, b.guess.margin) })
	return append(flips[:min(mostFlipped, len(flips))], still[:min(mostNear, len(still))]...)
}

func rising(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func whyChanged(s seen, t *Task) string {
	g := s.guess
	switch {
	case s.label >= 0 && t.Normal >= 0 && s.label != t.Normal && g.float != t.Normal && g.stored == t.Normal:
		return "missed"
	case s.label >= 0 && s.label == t.Normal && g.float == s.label:
		return "alarm"
	case s.label >= 0 && g.float == s.label:
		return "worse"
	case s.label >= 0 && g.stored == s.label:
		return "better"
	}
	return "changed"
}

// chooseMaps takes the worst three, the median and the best three.
func chooseMaps(images []seen) (all []shown) {
	slices.SortStableFunc(images, func(a, b seen) int { return rising(b.guess.worse, a.guess.worse) })
	if some := slices.DeleteFunc(slices.Clone(images), func(s seen) bool { return !s.guess.defect }); len(some) > 2*bestShown {
		images = some // one without anything to be seen tells nothing
	}
	n := len(images)
	k := min(bestShown, (n+1)/2)
	for _, s := range images[:k] {
		all = append(all, shown{s, "worst"})
	}
	if n > 2*k {
		all = append(all, shown{images[n/2], "median"})
	}
	for _, s := range images[max(k, n-k):] {
		all = append(all, shown{s, "best"})
	}
	return all
}
