package doctor_test

import (
	"context"
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/demo"
	"github.com/dqa-go/dqa/doctor"
	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/engine/native"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/testdata"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/profile"
)

// classifier is the demo's network on 60 of its images.
func classifier(t *testing.T) doctor.Subject {
	t.Helper()
	net, _ := demo.Network("demo:classify")
	g, err := onnx.Parse(net.Model, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return subject(t, g, net.Preprocess, "demo:classify[0:60]")
}

func subject(t *testing.T, g *graph.Graph, pre profile.Preprocess, spec string) doctor.Subject {
	t.Helper()
	edges, err := g.FindEdges(graph.Stored)
	if err != nil {
		t.Fatal(err)
	}
	prog, err := native.Compile(g, edges)
	if err != nil {
		t.Fatal(err)
	}
	return doctor.Subject{Program: prog, Preprocess: pre, Data: open(t, spec), Workers: 2, Observe: observe}
}

func observe(g *graph.Graph, edges []graph.Edge) (engine.Program, error) {
	return native.Compile(g, edges)
}

func open(t *testing.T, spec string) dataset.Source {
	t.Helper()
	src, err := dataset.Open(spec)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func examine(t *testing.T, s doctor.Subject) map[string]doctor.Check {
	t.Helper()
	d, err := doctor.Examine(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]doctor.Check{}
	for _, c := range d.Checks {
		if c.Finding == "" || (c.Mend == "") != (c.Status == doctor.OK || c.Status == doctor.Skipped) {
			t.Errorf("%+v: a finding is always told, a way out where one is needed", c)
		}
		named[c.Name] = c
	}
	return named
}

// changed alters the samples of a source.
type changed struct {
	dataset.Source
	change func(i int, s *dataset.Sample)
	labels dataset.LabelKind
}

func (c changed) Labels() dataset.LabelKind { return c.labels }

func (c changed) Sample(i int) (dataset.Sample, error) {
	s, err := c.Source.Sample(i)
	c.change(i, &s)
	return s, err
}

func TestFindings(t *testing.T) {
	relabel := func(f func(i, label int) int) func(*doctor.Subject) {
		return func(s *doctor.Subject) {
			s.Data = changed{s.Data, func(i int, x *dataset.Sample) { x.Label = f(i, x.Label) }, dataset.ClassLabels}
		}
	}
	for name, c := range map[string]struct {
		change func(*doctor.Subject)
		check  string
		status doctor.Status
		mend   string
	}{
		"as it should be":      {func(*doctor.Subject) {}, "preprocessing and labels", doctor.OK, ""},
		"labels in range":      {func(*doctor.Subject) {}, "label range", doctor.OK, ""},
		"values":               {func(*doctor.Subject) {}, "input values", doctor.OK, ""},
		"no calibration":       {func(*doctor.Subject) {}, "calibration images", doctor.Skipped, ""},
		"division missing":     {func(s *doctor.Subject) { s.Preprocess.Divisor = 1 }, "preprocessing and labels", doctor.Problem, "--divisor 255"},
		"undivided values":     {func(s *doctor.Subject) { s.Preprocess = profile.Preprocess{Divisor: 1} }, "input values", doctor.Warning, "--divisor 255"},
		"wrong layout":         {func(s *doctor.Subject) { s.Preprocess.Layout = "nhwc" }, "input shape", doctor.Problem, "--layout nchw"},
		"labels from 1":        {relabel(func(_, l int) int { return l + 1 }), "label range", doctor.Problem, "--label-shift -1"},
		"labels too large":     {relabel(func(_, l int) int { return 7 * (l + 1) }), "label range", doctor.Problem, "give the labels"},
		"labels of other kind": {relabel(func(i, _ int) int { return (i*i + i/3) % 5 }), "data set", doctor.Problem, "data set that the network"},
		"labels renumbered":    {relabel(func(_, l int) int { return (l + 2) % 5 }), "order of classes", doctor.Problem, "renumber the labels"},
		"one class":            {relabel(func(_, _ int) int { return 1 }), "label range", doctor.Warning, "several classes"},
		"without labels": {func(s *doctor.Subject) {
			s.Data = changed{s.Data, func(_ int, x *dataset.Sample) { x.Label = -1 }, dataset.Unlabelled}
		}, "preprocessing and labels", doctor.Skipped, ""},
		"divided before": {func(s *doctor.Subject) {
			s.Data = changed{s.Data, func(_ int, x *dataset.Sample) {
				x.Image.Float = true
				for i := range x.Image.Pix {
					x.Image.Pix[i] /= 255
				}
			}, dataset.ClassLabels}
		}, "input values", doctor.Problem, "--divisor 1"},
		"empty images": {func(s *doctor.Subject) {
			s.Data = changed{s.Data, func(_ int, x *dataset.Sample) { clear(x.Image.Pix) }, dataset.ClassLabels}
		}, "input values", doctor.Problem, "check the images"},
		"not a number": {func(s *doctor.Subject) {
			s.Data = changed{s.Data, func(_ int, x *dataset.Sample) { x.Image.Pix[3] = float32(math.NaN()) }, dataset.ClassLabels}
		}, "input values", doctor.Problem, "NaN"},
		"calibration apart":    {func(s *doctor.Subject) { s.Calib = open(t, "demo:classify[60:70]") }, "calibration images", doctor.OK, ""},
		"calibration the same": {func(s *doctor.Subject) { s.Calib = open(t, "demo:classify[50:70]") }, "calibration images", doctor.Problem, "other images"},
	} {
		s := classifier(t)
		c.change(&s)
		got, ok := examine(t, s)[c.check]
		if !ok || got.Status != c.status || !strings.Contains(got.Mend, c.mend) {
			t.Errorf("%s: %s: %+v, want %s with %q", name, c.check, got, c.status, c.mend)
		}
	}
}

// Mended by the flags that were found, there is nothing more to find.
func TestImagesThatDoNotFitAtAll(t *testing.T) {
	s := classifier(t)
	s.Data = open(t, "demo:segment[0:3]")
	checks := examine(t, s)
	if checks["input shape"].Status != doctor.Problem || len(checks) != 2 {
		t.Errorf("%+v", checks)
	}
}

func TestProgressAndCancelling(t *testing.T) {
	s := classifier(t)
	ctx, cancel := context.WithCancel(t.Context())
	s.Progress = func(phase string, done, total int) {
		if done < 1 || done > total {
			t.Errorf("%s: %d of %d", phase, done, total)
		}
		if strings.HasPrefix(phase, "trying") && done == 10 {
			cancel()
		}
	}
	if _, err := doctor.Examine(ctx, s); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestUnreadableImages(t *testing.T) {
	s := classifier(t)
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/a.png", []byte("no"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Calib = open(t, "dir:"+dir)
	if _, err := doctor.Examine(t.Context(), s); err != nil {
		t.Errorf("digests need no decoding: %v", err)
	}
}

// On a real colour network: what was done wrong is named, alone and two at a time.
func TestRealNetwork(t *testing.T) {
	model := testdata.Shared(t, "models", "resnet32_cifar10.onnx")
	g, err := onnx.Load(model, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	right, err := dataset.LoadPreprocess("../testdata/preprocess/resnet32_cifar10.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*profile.Preprocess)
		mend   []string
	}{
		"right":               {func(p *profile.Preprocess) {}, nil},
		"bgr":                 {func(p *profile.Preprocess) { p.Channels = "bgr" }, []string{"--channels rgb"}},
		"no normalization":    {func(p *profile.Preprocess) { p.Mean, p.Std = nil, nil }, []string{"--mean", "--std"}},
		"labels shifted":      {func(p *profile.Preprocess) { p.LabelShift = -1; p.Ignore = []int{0} }, []string{"--label-shift 0"}},
		"bgr, no division":    {func(p *profile.Preprocess) { *p = profile.Preprocess{Channels: "bgr", Divisor: 1} }, []string{"--divisor 255", "--channels rgb"}},
		"normalized, shifted": {func(p *profile.Preprocess) { p.Mean, p.Std, p.LabelShift, p.Ignore = nil, nil, -1, []int{0} }, []string{"--label-shift 0", "--mean"}},
	} {
		if !testdata.CI() && name != "bgr, no division" {
			continue // one setting takes long enough
		}
		s := subject(t, g, right, "cifar10:"+testdata.Shared(t, "datasets", "cifar10", "test.bin"))
		c.change(&s.Preprocess)
		s.Images = 200
		got := examine(t, s)["preprocessing and labels"]
		if want := map[bool]doctor.Status{true: doctor.OK, false: doctor.Problem}[c.mend == nil]; got.Status != want {
			t.Errorf("%s: %+v", name, got)
		}
		for _, m := range c.mend {
			if !strings.Contains(got.Mend, m) {
				t.Errorf("%s: %q lacks %q", name, got.Mend, m)
			}
		}
	}
}
