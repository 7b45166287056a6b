package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// tolerable is the loss that Summary looks for, in points of the metric or of the agreement.
const tolerable = 1.0

// Summary says in one plain sentence what r found: the variant that stores the fewest bits with a measured loss of at
// most 1 point, or the one that loses least where none does. Without labels agreement takes the metric's place. Where rows
// have halves the choice is made on one and the loss told of the other: the best of many is too good on what it was
// chosen on.
func Summary(r Result) string {
	r = prepare(r)
	f, ok := find(r)
	if !ok {
		return nothingFound(r)
	}
	names := namerOf(r)
	name, does := names.row(f.best), storedText(f.best)+" and "+f.lossText(r)
	var s string
	switch {
	case f.among == 1:
		s = "The one quantized variant measured, " + name + ", stores " + does
	case f.within():
		s = fmt.Sprintf("Of %d variants measured, the smallest that %s%s is %s: it stores %s", f.among, f.limit(), f.where(), name, does)
	default:
		s = fmt.Sprintf("None of %d variants measured %s%s; the closest, %s, stores %s", f.among, f.limit(), f.where(), name, does)
	}
	if other, ok := sameCodes(r, f.best); ok {
		s += "; the same codes " + coderText(other) + " take " + fixed2(other.StoredBits)
	}
	return s + "."
}

// finding is the row that a summary is about.
type finding struct {
	labelled bool // the loss is a drop of the metric, else a lack of agreement
	halves   bool // it was chosen on one half of the images, what is told of it is of the other
	best     Row
	among    int // rows that it was chosen from
}

// loss is what the choice looks at.
func (f finding) loss(row Row) *float64 {
	if f.halves && row.Halves != nil {
		return f.lossOf(row.Halves.Choice)
	}
	return f.lossOf(Half{Drop: row.Drop, Agreement: row.Agreement})
}

func (f finding) lossOf(h Half) *float64 {
	if f.labelled {
		return h.Drop
	}
	if h.Agreement == nil {
		return nil
	}
	d := 100 - *h.Agreement
	return &d
}

// told is what the sentence says of the choice.
func (f finding) told(images int) Half {
	if f.halves && f.among > 1 {
		return f.best.Halves.Confirm
	}
	return Half{Images: images, Drop: f.best.Drop, DropSE: f.best.DropSE, Agreement: f.best.Agreement}
}

// where says what the choice was made on.
func (f finding) where() string {
	if !f.halves {
		return ""
	}
	return " on one half of the images"
}

// halved tells whether all quantized rows have both halves.
func halved(rows []Row, labelled bool) bool {
	f := finding{labelled: labelled}
	for _, row := range rows {
		if isFloat(row) || row.StoredBits == nil || f.loss(row) == nil {
			continue
		}
		if row.Halves == nil || f.lossOf(row.Halves.Choice) == nil || f.lossOf(row.Halves.Confirm) == nil {
			return false
		}
	}
	return true
}

// find chooses the row with the fewest stored bits among those within the tolerable loss, or the least loss where there
// are none. Ties go to the other criterion, then to the first row.
func find(r Result) (f finding, ok bool) {
	for _, f.labelled = range []bool{true, false} {
		if f.labelled && r.Metric == nil {
			continue
		}
		f.halves = halved(r.Rows, f.labelled)
		for _, row := range r.Rows {
			if isFloat(row) || row.StoredBits == nil || f.loss(row) == nil {
				continue
			}
			if f.among++; f.among == 1 || f.better(row) {
				f.best = row
			}
		}
		if f.among > 0 {
			return f, true
		}
	}
	return f, false
}

func (f finding) better(row Row) bool {
	loss, least := *f.loss(row), *f.loss(f.best)
	if within := isTolerable(loss); within != f.within() {
		return within
	}
	stored, fewest := *row.StoredBits, *f.best.StoredBits
	if f.within() {
		return stored < fewest || stored == fewest && loss < least
	}
	return loss < least || loss == least && stored < fewest
}

func (f finding) within() bool { return isTolerable(*f.loss(f.best)) }

// isTolerable compares what is printed, so that a sentence cannot contradict its own number.
func isTolerable(loss float64) bool { return math.Round(100*loss) <= 100*tolerable }

func (f finding) limit() string {
	if f.labelled {
		return "loses at most 1 point"
	}
	return "agrees with float32 at least 99 % of the time"
}

// lossText says what a row costs: "loses 0.40 ± 0.20 points of top-1 accuracy on 1,000 images".
func (f finding) lossText(r Result) string {
	h := f.told(r.Images)
	on := " on " + count(h.Images, "image")
	if f.halves && f.among > 1 {
		on = " on the other half, " + count(h.Images, "image")
	}
	if !f.labelled {
		return "gives float32's class " + fixed2(h.Agreement) + " % of the time" + on
	}
	drop, verb := *h.Drop, "loses "
	if fixed(drop, 2) != fixed(math.Abs(drop), 2) {
		drop, verb = -drop, "gains "
	}
	s := fixed2(&drop)
	if h.DropSE != nil {
		s += " ± " + fixed2(h.DropSE)
	}
	return verb + s + " points of " + accuracyName(r) + on
}

// sameCodes finds how the codes of row take fewest bits when stored another way.
func sameCodes(r Result, row Row) (other Row, ok bool) {
	for _, o := range r.Rows {
		same := settingOf(o) == settingOf(row) && bitsText(o) == bitsText(row) &&
			equal(o.Value, row.Value) && equal(o.KL, row.KL) && equal(o.Agreement, row.Agreement)
		if same && o.StoredBits != nil && str(o.Coder) != str(row.Coder) && (!ok || *o.StoredBits < *other.StoredBits) {
			other, ok = o, true
		}
	}
	return other, ok
}

func equal(a, b *float64) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// nothingFound is the sentence where no quantized row has both axes.
func nothingFound(r Result) string {
	switch {
	case slices.ContainsFunc(r.Rows, func(row Row) bool { return !isFloat(row) }):
		return "No row relates a loss to stored bits, so there is nothing to sum up."
	case r.FP32 != nil && r.Metric != nil:
		return fmt.Sprintf("Only float32 was measured: %s %s %% on %s.", accuracyName(r), fixed2(r.FP32), count(r.Images, "image"))
	}
	return "Nothing was measured."
}

func namerOf(r Result) (n namer) {
	for _, row := range r.Rows {
		if !isFloat(row) {
			n.addSetting(settingOf(row))
			n.addCoder(str(row.Coder))
		}
	}
	return n
}

// row names a row within a sentence: "DQA at 3+3 bits with its codes entropy-coded".
func (n *namer) row(row Row) string {
	name := n.setting(settingOf(row))
	if rest, ok := strings.CutPrefix(name, "dqa"); ok && (rest == "" || rest[0] == ' ') {
		name = "DQA" + rest
	}
	switch bits := bitsText(row); {
	case row.Goal != nil:
		return shorten(name+" with "+bits, 80)
	case row.Budget != nil: // its codes are always coded
		return shorten(name+" with a budget of "+bits+" bits", 80)
	case bits != "":
		name += " at " + bits + " bits"
	}
	if !plainCoder(str(row.Coder)) {
		name += " with its codes entropy-coded (" + str(row.Coder) + ")"
	}
	return shorten(name, 80)
}

func coderText(row Row) string {
	switch str(row.Coder) {
	case rawCodes:
		return "stored raw"
	case errorsCoder:
		return "with only their shift errors coded"
	}
	return "entropy-coded (" + str(row.Coder) + ")"
}

func storedText(row Row) string { return fixed2(row.StoredBits) + " bits per value instead of 32" }
