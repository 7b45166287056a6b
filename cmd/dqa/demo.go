//go:build !device

package main

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/report"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

func (a *app) demo() *cobra.Command {
	var (
		out    string
		images int
		full   bool
	)
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "the whole job on two built-in networks: calibrate, evaluate, report",
		Long: `demo calibrates a built-in classifier and a built-in segmenter for surface inspection on images that it generates,
compares float32 with direct quantization, the paper's DQA and graded on other images, prints one table per task and
writes report.html and report.json. It takes 15 to 20 seconds on two cores; --full takes five times as long, on more
images, bits and budgets.`,
		Args: cli.ExactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			start := time.Now()
			if err := file.CheckFolder(out); err != nil {
				return err
			}
			bar := a.NewProgress()
			results, err := session.Demo(cmd.Context(), session.DemoOptions{
				Engine: session.Engine(a.engine), ORTLibrary: a.ortLib, Workers: a.workers, Full: full, Images: images, Progress: bar.Report,
			})
			if err != nil {
				return err
			}
			a.FinishProgress()
			if err := session.WriteReport(out, demoTitle, demoNote, results...); err != nil {
				return err
			}
			if a.JSON {
				return report.WriteJSON(a.Out, results...)
			}
			return a.printDemo(results, out, time.Since(start))
		},
	}
	cmd.Flags().IntVar(&images, "images", 0, "calibration and test images of a network at most (0: all that are meant)")
	cmd.Flags().StringVarP(&out, "output", "o", "dqa-demo", "folder for report.html and report.json; made if needed")
	cmd.Flags().BoolVar(&full, "full", false, "more images, bits and budgets")
	return cmd
}

const (
	demoTitle = "DQA demo: surface inspection in a few bits per activation"
	demoNote  = "Both networks and all images are made by this project; calibration and test images are disjoint. Seed 1."
)

func (a *app) printDemo(results []report.Result, dir string, took time.Duration) error {
	for i, r := range results {
		if i > 0 {
			fmt.Fprintln(a.Out)
		}
		opt := a.tableOptions()
		opt.NoLegend = i+1 < len(results)
		if err := report.WriteTable(a.Out, r, opt); err != nil {
			return err
		}
		fmt.Fprintln(a.Out, report.Summary(r))
		if text := report.RunsText(r); text != "" {
			fmt.Fprintln(a.Out, text)
		}
		if text := report.DriftText(r); text != "" {
			fmt.Fprintf(a.Out, "\n%s\n", text)
		}
	}
	_, err := fmt.Fprintf(a.Out, "\n%.0f seconds, seed 1. Look at %s\n", took.Seconds(), filepath.Join(dir, "report.html"))
	return err
}
