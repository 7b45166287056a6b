//go:build !device

package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/pilot"
	"github.com/dqa-go/dqa/pilot/page"
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
compares float32 with direct quantization, the paper's DQA and graded on other images and prints one table per task. Then it
makes a small pilot of both: report.html and report.ja.html are the classifier's, the folders classify and segment hold all of
theirs; methods.html and report.json have the tables. It takes a minute and a half on two cores; --full takes longer, on more images,
bits and budgets.`,
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
			if err := session.WriteReportAs(out, "methods.html", demoTitle, demoNote, results...); err != nil {
				return err
			}
			if err := a.demoPilots(cmd, out, images); err != nil {
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

// demoPilots makes the pilots of the built-in networks.
func (a *app) demoPilots(cmd *cobra.Command, out string, images int) error {
	bar := a.NewProgress()
	defer a.FinishProgress()
	for _, name := range session.BuiltInNames() {
		net, opt, err := pilot.Demo(name)
		if err != nil {
			return err
		}
		if images > 0 {
			opt.Images = images
		}
		opt.Workers, opt.Progress = a.workers, bar.Report
		study, profile, err := pilot.Run(cmd.Context(), net, opt)
		if err != nil {
			return err
		}
		if err := page.Save(filepath.Join(out, strings.TrimPrefix(name, "demo:")), study, profile); err != nil {
			return err
		}
		if name != session.BuiltInNames()[0] {
			continue
		}
		for _, l := range page.Languages() {
			err := file.Write(filepath.Join(out, l.File), func(w io.Writer) error { return page.WriteHTML(w, study, l.Code) })
			if err != nil {
				return err
			}
		}
	}
	return nil
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
