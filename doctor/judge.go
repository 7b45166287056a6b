package doctor

import (
	"fmt"
)

// judge says what the search found.
func (q *search) judge(best *candidate) []Check {
	if best.nonFinite > 0 {
		return []Check{{"outputs", Problem, fmt.Sprintf("outputs of %d of %d images are not finite", best.nonFinite, len(q.sample)),
			"check the model and the preprocessing"}}
	}
	now, se := score(q.start.hits())
	c := Check{Name: "preprocessing and labels", Status: OK}
	c.Finding = fmt.Sprintf("accuracy %.1f ± %.1f %% on %d images", now, se, len(q.sample))
	if order, ok := q.checkOrder(best); ok {
		c.Status = Skipped
		c.Finding += "; what is wrong is the order of classes"
		return []Check{c, order}
	}
	if q.guesses(best) {
		c.Status = Skipped
		c.Finding += "; near guessing, whatever the preprocessing: it cannot be judged"
		return []Check{c, q.judgeLabels()}
	}
	switch {
	case best != q.start:
		better, _ := score(best.hits())
		points, pse := gain(q.start.hits(), best.hits())
		c.Status = Problem
		c.Mend = best.flags(q.start.pre)
		c.Finding += fmt.Sprintf("; with the flags below %.1f %% (%.1f ± %.1f points more)", better, points, pse)
	case q.next != nil:
		next, _ := score(q.next.hits())
		c.Finding += "; no alternative is clearly better"
		if best := q.next.flags(q.start.pre); best != "" {
			c.Finding += fmt.Sprintf(" (the best, %s, has %.1f %%)", best, next)
		}
	}
	return []Check{c}
}

// guesses tells whether even the best accuracy is not clearly above twice that of chance, or above 20 % where classes
// are many.
func (q *search) guesses(best *candidate) bool {
	accuracy, se := score(best.hits())
	classes := numClasses(q.s)
	return classes > 1 && accuracy-2*se < min(200/float64(classes), 20)
}

// judgeLabels tells labels in another order from those of another data set.
func (q *search) judgeLabels() Check {
	c := Check{Name: "data set", Status: Problem, Finding: "labels and predictions have nothing in common"}
	c.Mend = "are these images and labels of the data set that the network was trained on?"
	best := 0.5
	for _, o := range q.tried {
		if p, constant := purities(o.table); p > best && p > 1.5*constant {
			best = p
			c.Finding = fmt.Sprintf("%.0f %% of the images get the class that is most frequent for their label, yet another one than the label: the labels are in another order", 100*p)
			c.Mend = "number the classes as the network does (often the alphabetical order of its training folders)"
		}
	}
	return c
}

// transposed counts by predicted class and by label.
func transposed(table map[int]map[int]int) map[int]map[int]int {
	t := map[int]map[int]int{}
	for label, row := range table {
		for class, n := range row {
			if t[class] == nil {
				t[class] = map[int]int{}
			}
			t[class][label] += n
		}
	}
	return t
}

// purities are the share of images whose prediction is the most frequent one for their label, and the share that one
// class for all would have. Both are 0 for masks.
func purities(table map[int]map[int]int) (purity, constant float64) {
	total, pure := 0, 0
	byClass := map[int]int{}
	for label, row := range table {
		if label < 0 {
			continue
		}
		top := 0
		for class, n := range row {
			top = max(top, n)
			total += n
			byClass[class] += n
		}
		pure += top
	}
	most := 0
	for _, n := range byClass {
		most = max(most, n)
	}
	if total == 0 {
		return 0, 0
	}
	return float64(pure) / float64(total), float64(most) / float64(total)
}
