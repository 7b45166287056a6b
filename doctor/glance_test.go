package doctor_test

import (
	"strings"
	"testing"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/doctor"
	"github.com/dqa-go/dqa/internal/testdata"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/profile"
)

// A glance tells only what is wrong.
func TestGlance(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*doctor.Subject)
		want   []string // words of the findings, in order
	}{
		"as it should be": {func(s *doctor.Subject) { s.Calib = open(t, "demo:classify[60:70]") }, nil},
		"guessing":        {func(s *doctor.Subject) { s.Preprocess.Divisor = 1 }, []string{"near guessing"}},
		"guessing, pixels as they are": {func(s *doctor.Subject) {
			s.Preprocess.Divisor, s.Preprocess.Mean, s.Preprocess.Std = 1, nil, nil
		}, []string{"near guessing", "inputs are"}},
		"too few to tell": {func(s *doctor.Subject) { s.Preprocess.Divisor = 1; s.Data = open(t, "demo:classify[0:8]") }, nil},
		"worse than one class for all": {func(s *doctor.Subject) {
			s.Data = changed{s.Data, func(i int, x *dataset.Sample) {
				if x.Label = 4; i%8 == 0 {
					x.Label = 3
				}
			}, dataset.ClassLabels}
		}, []string{"near guessing"}},
		"calibrated on test images": {func(s *doctor.Subject) { s.Calib = open(t, "demo:classify[50:70]") }, []string{"10 of 60 test images"}},
		"calibrated on one class": {func(s *doctor.Subject) {
			calib := open(t, "demo:classify[60:70]")
			s.Calib = changed{calib, func(_ int, x *dataset.Sample) { x.Label = 2 }, dataset.ClassLabels}
		}, []string{"all 10 calibration images are of one class"}},
		"not a number": {func(s *doctor.Subject) { s.Preprocess.Std = []float32{1e-45} }, []string{"near guessing"}},
	} {
		s := classifier(t)
		c.change(&s)
		checks, err := doctor.Glance(t.Context(), s)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		ok := len(checks) == len(c.want)
		for i, check := range checks {
			ok = ok && strings.Contains(check.Finding, c.want[i]) && check.Mend != ""
		}
		if !ok {
			t.Errorf("%s: %+v, want %q", name, checks, c.want)
		}
	}
}

// TestGlanceAtUnevenClasses: half of these images show nothing, so that a network that only ever says so is right on half of
// them.
func TestGlanceAtUnevenClasses(t *testing.T) {
	g, err := onnx.Load(testdata.Shared(t, "models", "simplecnn_deeppcb.onnx"), onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	right, err := dataset.LoadPreprocess("../testdata/preprocess/simplecnn_deeppcb.yaml")
	if err != nil {
		t.Fatal(err)
	}
	spec := "npy:" + testdata.Shared(t, "datasets", "deeppcb_patches", "test_x.npy") + "," +
		testdata.Shared(t, "datasets", "deeppcb_patches", "test_y.npy")
	for want, pre := range map[string]profile.Preprocess{"hardly more than if all were class 0": {}, "": right} {
		checks, err := doctor.Glance(t.Context(), subject(t, g, pre, spec))
		if err != nil {
			t.Fatal(err)
		}
		if got := len(checks) > 0 && strings.Contains(checks[0].Finding, want); got != (want != "") {
			t.Errorf("%+v, want %q", checks, want)
		}
	}
}
