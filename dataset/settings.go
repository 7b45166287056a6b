package dataset

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dqa-go/dqa/profile"
)

// Setting is one setting of a preprocessing, as flags and files name it and write its value.
type Setting struct{ Name, Value string }

// Settings are all settings of p in the order of LoadPreprocess, defaults spelled out; "" is none.
func Settings(p profile.Preprocess) []Setting {
	orientation := "exif"
	if p.AsStored {
		orientation = "stored"
	}
	return []Setting{
		{"size", sizeText(p.Resize, true)},
		{"resize", p.Resample.String()},
		{"crop", sizeText(p.Crop, false)},
		{"divisor", numbersText([]float32{p.Divisor}, 255)},
		{"mean", numbersText(p.Mean, 0)},
		{"std", numbersText(p.Std, 1)},
		{"channels", orElse(p.Channels, "rgb")},
		{"layout", orElse(p.Layout, "nchw")},
		{"shape", shapeText(p.Shape)},
		{"ignore", strings.ReplaceAll(strings.Trim(fmt.Sprint(p.Ignore), "[]"), " ", ",")},
		{"label-shift", strconv.Itoa(p.LabelShift)},
		{"orientation", orientation},
	}
}

// IsSetting tells whether a setting has this name.
func IsSetting(name string) bool {
	return slices.ContainsFunc(Settings(profile.Preprocess{}), func(s Setting) bool { return s.Name == name })
}

// Apply sets what s says. It looks at values one by one: profile.Preprocess.Validate at all together. Errors wrap ErrPreprocess.
func (s Setting) Apply(p *profile.Preprocess) (err error) {
	switch s.Name {
	case "size":
		p.Resize, err = parseResize(s.Value)
	case "resize":
		p.Resample, err = parseResample(s.Value)
	case "crop":
		p.Crop, err = parseCrop(s.Value)
	case "divisor":
		p.Divisor, err = parseDivisor(s.Value)
	case "mean":
		p.Mean, err = parseFloats(s.Value)
	case "std":
		p.Std, err = parseFloats(s.Value)
	case "channels":
		p.Channels = s.Value
	case "layout":
		p.Layout = s.Value
	case "shape":
		p.Shape, err = parseInts(s.Value)
	case "ignore":
		p.Ignore, err = parseLabels(s.Value)
	case "label-shift":
		p.LabelShift, err = parseLabelShift(s.Value)
	case "orientation":
		p.AsStored, err = parseOrientation(s.Value)
	default:
		err = fmt.Errorf("%w: no setting %q", ErrPreprocess, s.Name)
	}
	return err
}

// Changes are the settings of to that are other ones than those of from.
func Changes(from, to profile.Preprocess) []Setting {
	before := Settings(from)
	return slices.DeleteFunc(Settings(to), func(s Setting) bool { return slices.Contains(before, s) })
}

// FormatPreprocess is the file that LoadPreprocess reads, with what differs from the defaults.
func FormatPreprocess(p profile.Preprocess) []byte {
	var b []byte
	for _, s := range Changes(profile.Preprocess{}, p) {
		value := s.Value
		if strings.Contains(value, ",") {
			value = "[" + strings.ReplaceAll(value, ",", ", ") + "]"
		}
		b = fmt.Appendf(b, "%s: %s\n", s.Name, value)
	}
	return b
}

func orElse(s, missing string) string {
	if s == "" {
		return missing
	}
	return s
}

func sizeText(s profile.Size, shorter bool) string {
	switch {
	case s == (profile.Size{}):
		return ""
	case s.Height == 0 || s.Height == s.Width && !shorter:
		return strconv.Itoa(s.Width)
	}
	return fmt.Sprintf("%dx%d", s.Height, s.Width)
}

// numbersText writes one number where all are equal.
func numbersText(list []float32, missing float32) string {
	if len(list) == 0 || len(list) == 1 && list[0] == 0 {
		return fmt.Sprint(missing)
	}
	if !slices.ContainsFunc(list, func(v float32) bool { return v != list[0] }) {
		list = list[:1]
	}
	text := make([]string, len(list))
	for i, v := range list {
		text[i] = strconv.FormatFloat(float64(v), 'g', -1, 32)
	}
	return strings.Join(text, ",")
}
