package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/dqa-go/dqa/demo"
	"github.com/dqa-go/dqa/internal/atomicfile"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/report"
	"github.com/spf13/cobra"
)

func (a *app) demo() *cobra.Command {
	var out string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "the whole job on two built-in networks: calibrate, evaluate, report",
		Long: `demo calibrates a built-in classifier and a built-in segmenter for surface inspection on images that it generates,
compares float32 with direct quantization and DQA at 3, 4 and 5 bits on other images, prints one table per task and
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
			if asJSON {
				return report.WriteJSON(a.out, results...)
			}
			return a.printDemo(results, out, time.Since(start))
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "dqa-demo", "folder for report.html and report.json; made if needed")
	cmd.Flags().BoolVar(&asJSON, "json", false, "JSON (an array of two) instead of tables")
	return cmd
}

const (
	demoTitle = "DQA demo: surface inspection in a few bits per activation"
	demoNote  = "Both networks and all images are made by this project; calibration and test images are disjoint. Seed 1."
)

func (a *app) runDemo(cmd *cobra.Command, demoNet demo.Net) (report.Result, error) {
	f := &evalFlags{set: methodFlags{extraBits: 3, ratio: 0.5, ranking: "energy", scale: profile.DynamicChannel.String(), seed: 1}, methods: "direct,dqa", bits: "3,4,5"}
	settings, err := f.settings()
	if err != nil {
		return report.Result{}, err
	}
	net, err := openNetwork(demoNet.Name, demoNet.Preprocess, onnx.Stored)
	if err != nil {
		return report.Result{}, err
	}
	candidates, err := a.calibrateAll(cmd.Context(), net, demoNet.Calib, settings, &f.set)
	if err != nil {
		return report.Result{}, err
	}
	result, _, err := a.evaluate(cmd.Context(), net, demoNet.Test, candidates, f)
	return result, err
}

// writeReport writes report.json and report.html to dir.
func writeReport(dir, title, note string, results []report.Result) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("%w %s: %w", atomicfile.ErrWrite, dir, err)
	}
	err := atomicfile.Write(filepath.Join(dir, "report.json"), func(w io.Writer) error { return report.WriteJSON(w, results...) })
	if err != nil {
		return err
	}
	return atomicfile.Write(filepath.Join(dir, "report.html"), func(w io.Writer) error {
		return report.WriteHTML(w, title, results, report.HTMLOptions{Note: note})
	})
}

func (a *app) printDemo(results []report.Result, dir string, took time.Duration) error {
	for i, r := range results {
		if i > 0 {
			fmt.Fprintln(a.out)
		}
		if err := report.WriteTable(a.out, r, report.TableOptions{NoLegend: i+1 < len(results)}); err != nil {
			return err
		}
		fmt.Fprintln(a.out, report.Summary(r))
	}
	_, err := fmt.Fprintf(a.out, "\n%.0f seconds, seed 1. Look at %s\n", took.Seconds(), filepath.Join(dir, "report.html"))
	return err
}
