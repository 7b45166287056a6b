//go:build !device

package session

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/demo"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/report"
)

// DemoOptions steer Demo.
type DemoOptions struct {
	Engine     Engine // "": Auto
	ORTLibrary string
	Workers    int // goroutines; 0 or less: one
	// Full is PaperGrid on all images; else QuickGrid on a part of them, which takes a fifth of the time.
	Full     bool
	Images   int // calibration and test images of a network at most; 0: all
	Progress Progress
}

// DemoSeed is that of every random choice of Demo.
const DemoSeed = 1

// QuickGrid is what Demo compares in seconds.
var QuickGrid = Grid{"fp32,direct:unsigned,dqa,graded:max-drop=1", []int{3}, []int{3}, []float64{.5}, []float64{2}}

// Demo compares a few settings on the built-in networks and images.
func Demo(ctx context.Context, opt DemoOptions) ([]report.Result, error) {
	var all []report.Result
	for _, net := range demo.Networks() {
		r, err := demoNetwork(ctx, net, opt)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

func demoNetwork(ctx context.Context, shown demo.Net, opt DemoOptions) (report.Result, error) {
	grid, calib, tests := QuickGrid, shown.QuickCalib, shown.QuickTest
	if opt.Full {
		grid, calib, tests = PaperGrid, shown.Calib, shown.Test
	}
	variants, err := grid.Variants(Variant{Setting: profile.Setting{Ranking: "energy"}, Seed: DemoSeed})
	if err != nil {
		return report.Result{}, err
	}
	net, err := Open(shown.Name, Options{Engine: opt.Engine, ORTLibrary: opt.ORTLibrary})
	if err != nil {
		return report.Result{}, err
	}
	calibration, err := net.Data(first(calib, opt.Images))
	if err != nil {
		return report.Result{}, err
	}
	test, err := net.Data(first(tests, opt.Images))
	if err != nil {
		return report.Result{}, err
	}
	k, err := net.NewCalibrator(calibration, CalibrateOptions{Workers: opt.Workers, Progress: opt.Progress})
	if err != nil {
		return report.Result{}, err
	}
	candidates, err := k.Candidates(ctx, variants)
	if err != nil {
		return report.Result{}, err
	}
	res, err := net.Evaluate(ctx, test, candidates, EvaluateOptions{Workers: opt.Workers, Seed: DemoSeed, Progress: opt.Progress})
	if err != nil {
		return report.Result{}, err
	}
	result := net.Report(res, test)
	last := candidates[len(candidates)-1]
	if result.Runs, err = net.runs(ctx, last, test); err == nil && shown.Clean != "" {
		result.Drift, err = net.demoDrift(ctx, last.Codecs[len(last.Codecs)-1].Profile(), shown.Clean, test, opt)
	}
	return result, err
}

// runs is what one image takes in float32, simulated and packed by the last candidate's profile. Another engine than Native has none.
func (n *Network) runs(ctx context.Context, c Candidate, test *dataset.Inputs) ([]report.Run, error) {
	if _, own := n.Memory(); !own {
		return nil, nil
	}
	x, err := test.Input(0)
	if err != nil {
		return nil, err
	}
	b, err := n.BenchEngine(ctx, BenchOptions{Rounds: 3, Profile: c.Codecs[0].Profile(), Simulated: true, Input: x})
	if err != nil {
		return nil, err
	}
	var runs []report.Run
	for _, row := range b.Rows {
		runs = append(runs, report.Run{Mode: row.Mode, MS: row.MS, Peak: row.Peak})
	}
	return runs, nil
}

// first is the SPEC of the first n images of one that ends in [a:b]; of all if n is 0.
func first(spec string, n int) string {
	name, slice, _ := strings.Cut(spec, "[")
	var from, to int
	if _, err := fmt.Sscanf(slice, "%d:%d]", &from, &to); err != nil || n <= 0 {
		return spec
	}
	return fmt.Sprintf("%s[%d:%d]", name, from, min(to, from+n))
}

// BuiltInNames are those of the built-in networks: the classifier, the segmenter.
func BuiltInNames() (names []string) {
	for _, n := range demo.Networks() {
		names = append(names, n.Name)
	}
	return names
}

// BuiltInData are SPECs of disjoint calibration and test images of a built-in network; "" for others.
func BuiltInData(name string) (calib, test string) {
	n, _ := demo.Network(name)
	return n.Calib, n.Test
}

// BuiltInClasses are the names of the classes of the built-in networks.
func BuiltInClasses() []string { return slices.Clone(demo.Classes) }
