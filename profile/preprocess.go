package profile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Preprocess turns a decoded image into the network's input: upright, resize, crop, then
// x = (pixel/Divisor - Mean) / Std channel by channel (METHOD section 1). The zero value means: size as it is, divisor
// 255, no mean, RGB, NCHW.
type Preprocess struct {
	Resize   Size      // zero: none. Height 0: the shorter side becomes Width and the aspect ratio is kept
	Resample Resample  // how Resize computes
	Crop     Size      // zero: none; centre crop
	Divisor  float32   // 0 means 255
	Mean     []float32 // per channel in the order of Channels, in units of pixel/Divisor; nil: 0
	Std      []float32 // nil: 1
	Channels string    // "rgb" (default), "bgr", "gray"; data with other channel counts passes as it is
	Layout   string    // "nchw" (default) or "nhwc": what the network wants
	Shape    []int     // input shape for networks with dynamic axes, batch first; nil: as the model says
	// Ignore are labels to leave out of scores, as they are in the data; nil: none. Negative ones are -1 and below.
	Ignore []int
	// LabelShift is added to the labels of the data, ignored ones excepted: -1 where they count from 1, 1 where the
	// network's class 0 is a background that the data does not have.
	LabelShift int
	// AsStored leaves pictures as they are stored: the orientation that a camera wrote into them is not applied.
	AsStored bool
}

// Size is height by width in pixels.
type Size struct{ Height, Width int }

// Resample is how pictures are resized.
type Resample string

// The resamplings.
const (
	Bilinear  Resample = ""          // antialiased, as Pillow does
	Bicubic   Resample = "bicubic"   // antialiased, as Pillow does
	Letterbox Resample = "letterbox" // into the size, ratio kept, bordered with gray, as ultralytics does
)

func (r Resample) String() string {
	if r == Bilinear {
		return "bilinear"
	}
	return string(r)
}

// IgnoredClasses are the ignored labels as classes of the network, after the shift; those that are no class are left
// out. What the network predicts as one of them counts as wrong, but their own IoU is not in the mean.
func (p *Preprocess) IgnoredClasses() []int {
	var all []int
	for _, label := range p.Ignore {
		if class := label + p.LabelShift; label >= 0 && class >= 0 {
			all = append(all, class)
		}
	}
	return all
}

// Version 1 of the format has no field for resampling, orientation and negative labels. It leaves the word for the
// layout open, so they follow it there, each after a space and in this order, and a program that does not know them
// refuses the word.
const (
	resampleWord = "resize="
	storedWord   = "as-stored"
	ignoreWord   = "ignore="
)

// layoutWords are the layout and what follows it, and the labels that are left for the list of the format.
func (p *Preprocess) layoutWords() (words string, ignore []int) {
	words = p.Layout
	if p.Resample != Bilinear {
		words += " " + resampleWord + string(p.Resample)
	}
	if p.AsStored {
		words += " " + storedWord
	}
	var negative []string
	for _, label := range p.Ignore {
		if label < 0 {
			negative = append(negative, strconv.Itoa(label))
		} else {
			ignore = append(ignore, label)
		}
	}
	if negative != nil {
		words += " " + ignoreWord + strings.Join(negative, ",")
	}
	return words, ignore
}

// setLayoutWords takes apart what layoutWords wrote; any other text is a layout as a whole.
func (p *Preprocess) setLayoutWords(text string) {
	layout, rest, _ := strings.Cut(text, " ")
	q := Preprocess{Layout: layout, Ignore: p.Ignore}
	for word := range strings.SplitSeq(rest, " ") {
		switch {
		case strings.HasPrefix(word, resampleWord):
			q.Resample = Resample(strings.TrimPrefix(word, resampleWord))
		case word == storedWord:
			q.AsStored = true
		case strings.HasPrefix(word, ignoreWord):
			q.Ignore = slices.Concat(negativeLabels(strings.TrimPrefix(word, ignoreWord)), p.Ignore)
		}
	}
	if again, _ := q.layoutWords(); again != text || q.validateNames() != nil || len(q.Ignore) > maxList {
		p.Layout = text
		return
	}
	p.Layout, p.Resample, p.AsStored, p.Ignore = q.Layout, q.Resample, q.AsStored, q.Ignore
}

func negativeLabels(text string) (labels []int) {
	for field := range strings.SplitSeq(text, ",") {
		v, err := strconv.ParseInt(field, 10, 32)
		if err != nil || v >= 0 || v < -maxDim {
			return nil
		}
		labels = append(labels, int(v))
	}
	return labels
}

// validateNames checks what the words behind the layout can say.
func (p *Preprocess) validateNames() error {
	switch p.Resample {
	case Bilinear, Bicubic, Letterbox:
	default:
		return fmt.Errorf("resize %q: bilinear, bicubic or letterbox", string(p.Resample))
	}
	if slices.ContainsFunc(p.Ignore, func(label int) bool { return label < -maxDim }) {
		return fmt.Errorf("an ignored label below %d", -maxDim)
	}
	if words, _ := p.layoutWords(); len(words) > maxString {
		return fmt.Errorf("layout and labels of %d bytes", len(words))
	}
	return nil
}
