// Package doctor looks for what first-time users get wrong: how images become inputs, and which labels and images they
// give. It judges by the statistics of the inputs and by the accuracy of the float network under alternatives.
package doctor

import (
	"context"
	"fmt"
	"slices"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/graph"
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
	// Observe compiles the network with other edges; nil: statistics of training are not looked at.
	Observe  func(*graph.Graph, []graph.Edge) (engine.Program, error)
	Progress func(phase string, done, total int) // in images; may be nil

	scored int           // the output
	output metric.Output // and what it holds
	tops   []float32     // that the highest level of pictures may have
}

// Diagnosis is what Examine found.
type Diagnosis struct {
	Checks []Check
	// Preprocess is the subject's with what mends it: what the checks say, as far as it is a setting.
	Preprocess profile.Preprocess
	// Judged: labels or statistics of training told whether it is right.
	Judged bool
}

// Examine makes all checks on the data. Only a cancelled context and files that cannot be read are errors.
func Examine(ctx context.Context, s Subject) (*Diagnosis, error) {
	fit, ok := checkFit(&s)
	d := &Diagnosis{Checks: []Check{fit}}
	if ok {
		if err := d.examineInputs(ctx, &s); err != nil {
			return nil, err
		}
	}
	overlap, err := checkOverlap(s.Data, s.Calib, 0)
	d.Checks = append(d.Checks, overlap)
	if !ok {
		d.Preprocess = s.Preprocess
	}
	return d, err
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

// checkOverlap looks for test images, at most so many (0: all), among those of the calibration.
func checkOverlap(data, calib dataset.Source, most int) (Check, error) {
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
	shared, blank := 0, 0
	sample := spread(data.Len(), most)
	for _, i := range sample {
		d, err := dataset.SampleDigest(data, i)
		if err != nil {
			return c, err
		}
		if !seen[d] {
			continue
		}
		empty, err := isBlank(data, i)
		if err != nil {
			return c, err
		}
		if empty {
			blank++
		} else {
			shared++
		}
	}
	c.Status, c.Finding = OK, fmt.Sprintf("none of %d test images is among %d calibration images", len(sample), calib.Len())
	if shared > 0 {
		c.Status = Problem
		c.Finding = fmt.Sprintf("%d of %d test images are among the calibration images: figures would flatter", shared, len(sample))
		c.Mend = "calibrate on other images: another file or folder, or slices [a:b] that do not overlap"
	}
	if blank > 0 {
		c.Finding += fmt.Sprintf("; %d blank ones, which show nothing, are in both", blank)
	}
	return c, nil
}

// blankLevels is how far the levels of a blank picture may be apart, as a share of the highest: a scanner's noise.
const blankLevels = 0.02

// isBlank tells whether image i shows nothing: all levels of a channel are nearly the same.
func isBlank(src dataset.Source, i int) (bool, error) {
	s, err := src.Sample(i)
	if err != nil {
		return false, err
	}
	img := s.Image
	n := img.Height * img.Width
	top := float32(255)
	switch {
	case img.Float:
		top = slices.Max(img.Pix)
	case img.Top > 0:
		top = img.Top
	}
	for c := range img.Channels {
		plane := img.Pix[c*n:][:n]
		if slices.Max(plane)-slices.Min(plane) > blankLevels*max(top, 0) {
			return false, nil
		}
	}
	return true, nil
}
