package session

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/demo"
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

// BuiltIn tells whether a model's name is kept for built-in networks.
func BuiltIn(model string) bool { return strings.HasPrefix(model, "demo:") }

// Contradictions are the settings in which two preprocessings make different inputs of the same picture, as those of the
// second; what is said of labels and of open shapes does not count.
func Contradictions(from, to profile.Preprocess) []dataset.Setting {
	return slices.DeleteFunc(dataset.Changes(from, to), func(s dataset.Setting) bool {
		return s.Name == "ignore" || s.Name == "label-shift" || s.Name == "shape"
	})
}
