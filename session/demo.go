package session

import (
	"context"

	"github.com/dqa-go/dqa/demo"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/report"
)

// DemoOptions steer Demo.
type DemoOptions struct {
	Engine     Engine // "": Auto
	ORTLibrary string
	Workers    int // goroutines; 0 or less: one
	Progress   Progress
}

// DemoSeed is that of every random choice of Demo.
const DemoSeed = 1

// Demo compares the settings of PaperGrid on the built-in networks and images.
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
	variants, err := PaperGrid.Variants(Variant{profile.Setting{Ranking: "energy"}, DemoSeed})
	if err != nil {
		return report.Result{}, err
	}
	net, err := Open(shown.Name, Options{Engine: opt.Engine, ORTLibrary: opt.ORTLibrary})
	if err != nil {
		return report.Result{}, err
	}
	calibration, err := net.Data(shown.Calib)
	if err != nil {
		return report.Result{}, err
	}
	test, err := net.Data(shown.Test)
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
	return res.Report(net.name, test.Source().Spec()), nil
}
