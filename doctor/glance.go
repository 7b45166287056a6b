package doctor

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/metric"
)

// A glance takes seconds: so many images at most, and no more than so many multiply-adds while there are images enough to
// tell a network that works from one that guesses.
const (
	glanceImages   = 64
	leastImages    = 16
	leastMasks     = 4 // a mask has thousands of labels
	glanceProducts = 1 << 34
	glanceDigests  = 1 << 14 // test images that are looked for among those of the calibration
)

// Glance makes the few checks that every measurement should begin with, in a few seconds, and returns only what is wrong:
// a float network that guesses, images that cannot be what the network wants, calibration images of one class, test
// images among them. Errors are those of Examine.
func Glance(ctx context.Context, s Subject) ([]Check, error) {
	s.Images = s.glanceSize()
	sample := spread(s.Data.Len(), s.Images)
	checks, err := s.glanceInputs(ctx, sample)
	if err != nil {
		return nil, err
	}
	checks = append(checks, checkVariety("images", s.Data))
	if s.Calib != nil {
		checks = append(checks, checkVariety("calibration images", s.Calib))
		overlap, err := checkOverlap(s.Data, s.Calib, glanceDigests)
		if err != nil {
			return nil, err
		}
		checks = append(checks, overlap)
	}
	return slices.DeleteFunc(checks, func(c Check) bool { return c.Status == OK || c.Status == Skipped }), nil
}

// glanceSize is how many images a glance takes: it does not depend on the time, nor on the machine.
func (s *Subject) glanceSize() int {
	least := leastImages
	if s.Data.Labels() == dataset.MaskLabels {
		least = leastMasks
	}
	g := s.Program.Graph()
	return int(min(max(glanceProducts/max(1, g.AllProducts()), int64(least)), glanceImages))
}

// glanceInputs looks at the inputs and at what the network makes of them.
func (s *Subject) glanceInputs(ctx context.Context, sample []int) ([]Check, error) {
	in, err := dataset.NewInputs(s.Data, s.Preprocess, s.Program.Graph().Input.Shape)
	if err != nil {
		return nil, err
	}
	stats, err := gather(in, sample)
	if err != nil {
		return nil, err
	}
	s.tops = topsOf(stats.pixelMax)
	guess, err := s.checkGuessing(ctx, sample)
	if err != nil {
		return nil, err
	}
	checks := []Check{guess}
	// Where the network works, its inputs are what it wants; what is not finite is an error later, or allowed.
	if values, _ := stats.check(s); stats.nonFinite == 0 && (guess.Status == Warning || values.Status == Problem) {
		values.Finding = "inputs are " + values.Finding
		checks = append(checks, values)
	}
	return checks, nil
}

// hardly is a share of what one class for all leaves to be told: who tells less of it is near guessing, however uneven classes are.
const hardly = .25

// checkGuessing compares the float network with one that guesses, where there are labels.
func (s *Subject) checkGuessing(ctx context.Context, sample []int) (Check, error) {
	c := Check{Name: "float32", Status: Skipped, Finding: "the data has no labels, or too few"}
	least := leastImages
	if s.Data.Labels() == dataset.MaskLabels {
		least = leastMasks
	}
	if s.Data.Labels() == dataset.Unlabelled || len(sample) < least || s.chooseOutput() != nil {
		return c, nil
	}
	labels, ok, err := checkLabels(s, sample)
	if errors.Is(err, dataset.ErrLabel) || !ok || labels.Status == Problem {
		return c, nil // evaluations refuse labels that do not fit
	}
	if err != nil {
		return c, err
	}
	now := &candidate{pre: s.Preprocess, shift: 1}
	q := &search{s: s, sample: sample, tried: map[string]*candidate{}, phase: "looking at data and network", total: len(sample)}
	if err := q.evaluate(ctx, now); err != nil {
		if errors.As(err, new(unscorable)) {
			return c, nil
		}
		return c, err
	}
	most, share, err := s.majority(sample)
	if err != nil {
		return c, err
	}
	c.Status, c.Finding = OK, fmt.Sprintf("float32 is right on %s", rightness(now, s.Data.Labels()))
	accuracy, se := score(now.hits())
	by, all := guessing(now.hits(), numClasses(s)), 100*share
	switch {
	case by != "":
	case accuracy+2*se < all:
		by = fmt.Sprintf(", less than if all were class %d (%.1f %%)", most, all)
	case accuracy-2*se < all && accuracy-all < hardly*(100-all):
		by = fmt.Sprintf(", hardly more than if all were class %d (%.1f %%)", most, all)
	}
	if by != "" {
		c.Status = Warning
		c.Finding += by + ": what follows would tell nothing of a network that works"
		c.Mend = "`dqa doctor MODEL --data SPEC` looks for preprocessing and labels that fit"
	}
	return c, nil
}

// rightness is the accuracy in words.
func rightness(c *candidate, kind dataset.LabelKind) string {
	accuracy, se := score(c.hits())
	of := "of"
	if kind == dataset.MaskLabels {
		of = "of the pixels of"
	}
	return fmt.Sprintf("%.1f ± %.1f %% %s %d images", accuracy, se, of, len(c.hits()))
}

// guessing says that an accuracy is not clearly above that of chance; "" where it is.
func guessing(hits []float64, classes int) string {
	accuracy, se := score(hits)
	chance := 100 / float64(max(classes, 1))
	if classes < 2 || accuracy-2*se >= chance+min(chance, 5) {
		return ""
	}
	return fmt.Sprintf(", near guessing (%.3g %% of %d classes)", chance, classes)
}

// majority is the most frequent label of the sample, as the network counts, and its share.
func (s *Subject) majority(sample []int) (most int, share float64, err error) {
	count, total := map[int]int{}, 0
	see := func(class int) {
		if s.output.Kind == metric.Presence && class == 255 {
			class = 1
		}
		if class >= 0 && !slices.Contains(s.Preprocess.Ignore, class) {
			count[class+s.Preprocess.LabelShift]++
			total++
		}
	}
	if err := s.eachLabel(sample, see); err != nil {
		return 0, 0, err
	}
	best := math.MinInt
	for class, n := range count {
		if n > best || n == best && class < most {
			most, best = class, n
		}
	}
	return most, float64(max(0, best)) / float64(max(1, total)), nil
}

// eachLabel shows all labels of the sample as they are stored, those of masks pixel by pixel.
func (s *Subject) eachLabel(sample []int, see func(class int)) error {
	for _, i := range sample {
		class, mask, err := dataset.Label(s.Data, i)
		if err != nil {
			return err
		}
		if mask == nil {
			see(class)
		}
		for _, class := range mask {
			see(int(class))
		}
	}
	return nil
}

// checkVariety wants images of several classes.
func checkVariety(what string, src dataset.Source) Check {
	if !dataset.OneClass(src) {
		return Check{Name: what, Status: OK, Finding: "of several classes, or without labels"}
	}
	return Check{
		Name: what, Status: Warning, Finding: fmt.Sprintf("all %d %s are of one class: figures say nothing of the others", src.Len(), what),
		Mend: "--images N takes some of all classes of a longer slice",
	}
}
