// Package demo holds two small networks for surface inspection, a classifier and a segmenter, and draws the images that
// they were trained on and are shown on: textures with scratches, pits, stains and cracks. All of it is made by this
// project; train/ holds the scripts.
package demo

import (
	_ "embed"

	"github.com/dqa-go/dqa/profile"
)

//go:embed models/classify.onnx
var classifyModel []byte

//go:embed models/segment.onnx
var segmentModel []byte

// Net is an embedded network with the data that it is shown on.
type Net struct {
	Name        string // also the SPEC of its images: "demo:classify"
	Model       []byte // ONNX
	Preprocess  profile.Preprocess
	Calib, Test string // disjoint slices of the images, as SPECs
	// QuickCalib and QuickTest are parts of these, for a look that takes seconds.
	QuickCalib, QuickTest string
	Clean                 string // images that a reference is learned from where drift is shown; "": it is not
}

// Networks returns the classifier and the segmenter.
func Networks() []Net {
	return []Net{
		{
			"demo:classify", classifyModel, preprocess(), "demo:classify[0:128]", "demo:classify[128:1128]",
			"demo:classify[0:64]", "demo:classify[128:528]", "demo:classify[1200:1456]",
		},
		{
			"demo:segment", segmentModel, preprocess(), "demo:segment[0:64]", "demo:segment[64:264]",
			"demo:segment[0:12]", "demo:segment[64:128]", "",
		},
	}
}

// preprocess is px/127.5 - 1.
func preprocess() profile.Preprocess {
	return profile.Preprocess{Divisor: 127.5, Mean: []float32{1}, Std: []float32{1}, Channels: "gray"}
}

// Network finds an embedded network by its name.
func Network(name string) (Net, bool) {
	for _, n := range Networks() {
		if n.Name == name {
			return n, true
		}
	}
	return Net{}, false
}
