//go:build !device

package main

import (
	"strings"

	"github.com/dqa-go/dqa/inspect"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

func (a *app) recalibrate() *cobra.Command {
	var (
		pre             preprocessFlags
		prof, spec, out string
		opt             session.RecalibrateOptions
	)
	cmd := &cobra.Command{
		Use:   "recalibrate MODEL.onnx --profile P.dqap --data NEW -o P2.dqap",
		Short: "repair a profile with images as they are now, unlabelled, if that gains anything",
		Long: `recalibrate makes a profile anew where images have changed (dqa drift), from 32 of them or more, without labels.

tables, the default, repairs bits: coders learn the codes as they are now; values stay as they are. steps also gives channels of one-sided
edges steps with which codes are as large as the profile's reference says (profiles with steps per channel). full is as calibrate.

Each half of the images makes a profile, and the other half runs the network with the old profile, with that one, and the float network
side by side. Only if both halves together find it better beyond doubt is a profile made of all images and written: by two standard errors
of bits (tables), or by less KL on so many images that chance would not do it (2.5 standard errors of ranks), while neither mean KL nor
agreement is worse by more than its standard error. Exit code 1: it is not, and nothing was written. The profile keeps whose child it is,
why, and of which images.`,
		Example: `  dqa recalibrate resnet32.onnx --profile resnet32.dqap --data dir:today -o repaired.dqap --reason "a new lamp"
  dqa diff resnet32.dqap repaired.dqap`,
	}
	onModel(cmd, func(model string) error {
		if err := file.CheckOutput(out); out != cli.Pipe && err != nil {
			return err
		}
		q, err := a.openQuantized(model, &pre, prof, false)
		if err != nil {
			return err
		}
		data, err := a.openData(q.Network(), spec)
		if err != nil {
			return err
		}
		bar := a.NewProgress()
		opt.Workers, opt.Progress = a.workers, bar.Report
		made, err := q.Network().Recalibrate(cmd.Context(), q.Codec().Profile(), data, opt)
		if err != nil {
			return err
		}
		bar.Finish()
		w := a.Out
		if made.Accepted {
			if w, err = a.writeBytes(out, made.Profile.Append(nil)); err != nil {
				return err
			}
		}
		if err := show(a, w, made); err != nil || made.Accepted {
			return err
		}
		return cli.ErrReported
	})
	pre.register(cmd, a)
	f := cmd.Flags()
	f.StringVar(&prof, "profile", "", "profile to repair; - for standard input")
	f.StringVar(&spec, "data", "", "images as they are now (SPEC), 32 or more; labels are not used")
	f.StringVarP(&out, "output", "o", "", "profile to write if it is better; - for standard output")
	f.StringVar(&opt.Level, "level", session.RepairTables, strings.Join(session.RepairLevels(), ", "))
	f.StringVar(&opt.Reason, "reason", "", "why, for the profile's lineage")
	f.BoolVar(&opt.Probabilities, "probabilities", false, "the network's outputs are probabilities")
	cli.CompleteWords(cmd, "level", session.RepairLevels()...)
	cli.Required(cmd, "profile", "data", "output")
	return cmd
}

func (a *app) diff() *cobra.Command {
	return &cobra.Command{
		Use:   "diff P1.dqap P2.dqap",
		Short: "what one profile has otherwise than another, in words",
		Long: `diff tells what the second profile has otherwise: what it was made from and how, edge by edge bits, steps and coders, and
whether one was made of the other (recalibrate). Exit code 0 whether or not they differ.`,
		Example: "  dqa diff resnet32.dqap repaired.dqap",
		Args:    cli.ExactArgs("the first profile", "the second"),
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := a.readProfile(args[0])
			if err != nil {
				return err
			}
			q, err := a.readProfile(args[1])
			if err != nil {
				return err
			}
			return show(a, a.Out, inspect.Compare(p, q))
		},
	}
}
