package session

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/demo"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/profile"
)

// DefaultPreprocess is how images become inputs of a model if nobody says otherwise: a built-in network's own way, or
// what the YAML file beside the model says, for net.onnx either net.yaml or net.onnx.yaml; none is fine. Errors are those
// of dataset.LoadPreprocess.
func DefaultPreprocess(model string) (profile.Preprocess, error) {
	if net, ok := demo.Network(model); ok {
		return net.Preprocess, nil
	}
	if name := PreprocessFile(model); name != "" {
		return dataset.LoadPreprocess(name)
	}
	return profile.Preprocess{}, nil
}

// PreprocessFile is the YAML file beside a model that DefaultPreprocess reads; "" where there is none.
func PreprocessFile(model string) string {
	if BuiltIn(model) {
		return ""
	}
	for _, name := range []string{strings.TrimSuffix(model, filepath.Ext(model)) + ".yaml", model + ".yaml"} {
		if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
			return name
		}
	}
	return ""
}

// PreprocessTarget is where WritePreprocess finds readers: the file of PreprocessFile, or the one that there would be.
func PreprocessTarget(model string) string {
	if own := PreprocessFile(model); own != "" {
		return own
	}
	return strings.TrimSuffix(model, filepath.Ext(model)) + ".yaml"
}

// WritePreprocess writes a preprocessing as DefaultPreprocess reads it, below a comment of one line.
func WritePreprocess(path, comment string, p profile.Preprocess) error {
	text := append(fmt.Appendf(nil, "# %s\n", strings.Map(printable, comment)), dataset.FormatPreprocess(p)...)
	return file.WriteBytes(path, text)
}

// printable drops what would end a comment.
func printable(r rune) rune {
	if !unicode.IsPrint(r) {
		return -1
	}
	return r
}

// BuiltIn tells whether a model's name is kept for built-in networks.
func BuiltIn(model string) bool { return strings.HasPrefix(model, "demo:") }

// Contradictions are the settings in which two preprocessings make different inputs of the same picture, as those of the
// second; what is said of labels and of open shapes does not count, nor that a mean is given in other units.
func Contradictions(from, to profile.Preprocess) []dataset.Setting {
	same := sameScale(from, to)
	return slices.DeleteFunc(dataset.Changes(from, to), func(s dataset.Setting) bool {
		switch s.Name {
		case "ignore", "label-shift", "shape":
			return true
		case "divisor", "mean", "std":
			return same
		case "channels": // colour that is made gray, or never was: to the network it is the same
			return from.Channels == "" && to.Channels == "gray" || from.Channels == "gray" && to.Channels == ""
		}
		return false
	})
}

// sameScale tells whether x = (pixel/divisor - mean) / std is the same.
func sameScale(p, q profile.Preprocess) bool {
	of := func(list []float32, c int, missing float64) float64 {
		if len(list) == 0 {
			return missing
		}
		return float64(list[min(c, len(list)-1)])
	}
	scale := func(p profile.Preprocess, c int) (a, b float64) {
		divisor := of([]float32{p.Divisor}, 0, 0)
		if divisor == 0 {
			divisor = 255
		}
		std := of(p.Std, c, 1)
		return 1 / (divisor * std), of(p.Mean, c, 0) / std
	}
	const rounding = 1e-4
	for c := range max(len(p.Mean), len(q.Mean), len(p.Std), len(q.Std), 1) {
		a, b := scale(p, c)
		d, e := scale(q, c)
		if math.Abs(a-d) > rounding*math.Abs(d) || math.Abs(b-e) > rounding {
			return false
		}
	}
	return true
}

// CheckPreprocess compares the preprocessing that a profile was calibrated with with another one. Images may be stored in another way,
// which is worth a warning, "" for none; but the network wants the same channels: the error wraps ErrSetting.
func CheckPreprocess(calibrated, now profile.Preprocess) (warning string, err error) {
	var differ []string
	for _, s := range Contradictions(calibrated, now) {
		if s.Name == "channels" || s.Name == "layout" {
			return "", fmt.Errorf("%w: --%s %s contradicts the profile, which was calibrated with %s",
				ErrSetting, s.Name, s.Value, settingOf(calibrated, s.Name))
		}
		differ = append(differ, fmt.Sprintf("--%s %s (profile: %s)", s.Name, s.Value, settingOf(calibrated, s.Name)))
	}
	if len(differ) > 0 {
		warning = "images are prepared in another way than those that the profile was calibrated on: " + strings.Join(differ, ", ")
	}
	return warning, nil
}

func settingOf(p profile.Preprocess, name string) string {
	for _, s := range dataset.Settings(p) {
		if s.Name == name && s.Value != "" {
			return s.Value
		}
	}
	return "none"
}

// CheckAlike refuses profiles, named by paths, that want different inputs: all get those of the first. The error wraps ErrSetting.
func CheckAlike(profiles []*profile.Profile, paths []string) error {
	for i, p := range profiles[1:] {
		for _, s := range Contradictions(profiles[0].Preprocess, p.Preprocess) {
			return fmt.Errorf("%w: %s was calibrated with --%s %s and %s with %s: evaluate one after the other", ErrSetting,
				paths[i+1], s.Name, s.Value, paths[0], settingOf(profiles[0].Preprocess, s.Name))
		}
	}
	return nil
}
