// Package doctor looks for what first-time users get wrong: how images become inputs, and which labels and images they
// give. It judges by the statistics of the inputs and by the accuracy of the float network under alternatives.
package doctor

import (
	"context"
	"fmt"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/profile"
)

// Status says how a check came out.
type Status string

// The statuses.
const (
	OK      Status = "ok"
	Warning Status = "warning" // may be meant
	Problem Status = "problem"
	Skipped Status = "skipped" // could not be checked
)

// Check is one finding.
type Check struct {
	Name    string `json:"name"`
	Status  Status `json:"status"`
	Finding string `json:"finding"`
	Mend    string `json:"mend"` // flags that mend it, or what to do; "" where nothing is to be mended
}

// Subject is what is examined. Calib may be nil.
type Subject struct {
	Program     engine.Program
	Preprocess  profile.Preprocess
	Data, Calib dataset.Source
	Output      string // that is scored; "": the one that fits the labels
	// Probabilities: the outputs are probabilities, not logits.
	Probabilities bool
	Images        int // of Data that the network is run on, spread evenly; 0: all
	Workers       int
	Progress      func(phase string, done, total int) // in images; may be nil

	scored int           // the output
	output metric.Output // and what it holds
}

// Examine makes all checks on the data. Only a cancelled context and files that cannot be read are errors.
func Examine(ctx context.Context, s Subject) ([]Check, error) {
	fit, ok := checkFit(&s)
	checks := []Check{fit}
	if ok {
		more, err := examineInputs(ctx, &s)
		if err != nil {
			return nil, err
		}
		checks = append(checks, more...)
	}
	overlap, err := checkOverlap(s.Data, s.Calib)
	return append(checks, overlap), err
}

// checkFit tries the first image, then the other layout.
func checkFit(s *Subject) (Check, bool) {
	c := Check{Name: "input shape", Status: OK}
	err := tryFit(s, s.Preprocess)
	if err == nil {
		c.Finding = fmt.Sprintf("images become inputs of %v", s.Program.Graph().Input.Shape)
		return c, true
	}
	c.Status, c.Finding = Problem, err.Error()
	other := s.Preprocess
	other.Layout = "nhwc"
	if s.Preprocess.Layout == "nhwc" {
		other.Layout = "nchw"
	}
	if tryFit(s, other) == nil {
		c.Mend = "--layout " + other.Layout
		s.Preprocess = other
		return c, true
	}
	c.Mend = "--size, --crop, --channels, --layout or --shape, as the finding says"
	return c, false
}

func tryFit(s *Subject, p profile.Preprocess) error {
	in, err := dataset.NewInputs(s.Data, p, s.Program.Graph().Input.Shape)
	if err != nil {
		return err
	}
	_, err = in.Input(0)
	return err
}

// checkOverlap looks for test images among those of the calibration.
func checkOverlap(data, calib dataset.Source) (Check, error) {
	c := Check{Name: "calibration images", Status: Skipped, Finding: "no --calib given"}
	if calib == nil {
		return c, nil
	}
	seen := map[[32]byte]bool{}
	for i := range calib.Len() {
		d, err := dataset.SampleDigest(calib, i)
		if err != nil {
			return c, err
		}
		seen[d] = true
	}
	shared := 0
	for i := range data.Len() {
		d, err := dataset.SampleDigest(data, i)
		if err != nil {
			return c, err
		}
		if seen[d] {
			shared++
		}
	}
	c.Status, c.Finding = OK, fmt.Sprintf("none of %d test images is among %d calibration images", data.Len(), calib.Len())
	if shared > 0 {
		c.Status = Problem
		c.Finding = fmt.Sprintf("%d of %d test images are among the calibration images: figures would flatter", shared, data.Len())
		c.Mend = "calibrate on other images: another file or folder, or slices [a:b] that do not overlap"
	}
	return c, nil
}
