package main

import (
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/dqa-go/dqa/demo"
	"github.com/dqa-go/dqa/eval"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/report"
	"github.com/spf13/cobra"
)

func (a *app) demo() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "the whole job on two built-in networks: calibrate, evaluate, report",
		Long: `demo calibrates a built-in classifier and a built-in segmenter for surface inspection on images that it generates,
compares float32 with direct quantization, the paper's DQA and graded on other images, prints one table per task and
writes report.html and report.json.`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			start := time.Now()
			var results []report.Result
			for _, net := range demo.Networks() {
				r, err := a.runDemo(cmd, net)
				if err != nil {
					return err
				}
				results = append(results, r)
			}
			if err := writeReport(out, demoTitle, demoNote, results); err != nil {
				return err
			}
			if a.json {
				return report.WriteJSON(a.out, results...)
			}
			return a.printDemo(results, out, time.Since(start))
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "dqa-demo", "folder for report.html and report.json; made if needed")
	return cmd
}

const (
	demoTitle = "DQA demo: surface inspection in a few bits per activation"
	demoNote  = "Both networks and all images are made by this project; calibration and test images are disjoint. Seed 1."
)

func (a *app) runDemo(cmd *cobra.Command, demoNet demo.Net) (report.Result, error) {
	f := &compareFlags{data: demoNet.Test, calib: demoNet.Calib, grid: paperGrid, set: methodFlags{ranking: "energy", scale: profile.DynamicChannel.String(), steps: "free", seed: 1}}
	variants, err := f.variants()
	if err != nil {
		return report.Result{}, err
	}
	net, err := a.openNetwork(demoNet.Name, demoNet.Preprocess, onnx.Stored)
	if err != nil {
		return report.Result{}, err
	}
	data, err := net.openData(f.data)
	if err != nil {
		return report.Result{}, err
	}
	k, err := a.newCalibrator(net, f, nil)
	if err != nil {
		return report.Result{}, err
	}
	defer k.done()
	var candidates []eval.Candidate
	for _, v := range variants {
		c, err := k.candidate(cmd.Context(), v)
		if err != nil {
			return report.Result{}, err
		}
		candidates = append(candidates, c)
	}
	k.done()
	res, err := a.evaluate(cmd.Context(), net, f, data, candidates)
	if err != nil {
		return report.Result{}, err
	}
	return res.Report(net.name, data.Source().Spec()), nil
}

// writeReport writes report.json and report.html to dir.
func writeReport(dir, title, note string, results []report.Result) error {
	if err := file.MkdirAll(dir); err != nil {
		return err
	}
	err := file.Write(filepath.Join(dir, "report.json"), func(w io.Writer) error { return report.WriteJSON(w, results...) })
	if err != nil {
		return err
	}
	return file.Write(filepath.Join(dir, "report.html"), func(w io.Writer) error {
		return report.WriteHTML(w, title, results, report.HTMLOptions{Note: note})
	})
}

func (a *app) printDemo(results []report.Result, dir string, took time.Duration) error {
	for i, r := range results {
		if i > 0 {
			fmt.Fprintln(a.out)
		}
		opt := a.tableOptions()
		opt.NoLegend = i+1 < len(results)
		if err := report.WriteTable(a.out, r, opt); err != nil {
			return err
		}
		fmt.Fprintln(a.out, report.Summary(r))
	}
	_, err := fmt.Fprintf(a.out, "\n%.0f seconds, seed 1. Look at %s\n", took.Seconds(), filepath.Join(dir, "report.html"))
	return err
}
