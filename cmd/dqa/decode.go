package main

import (
	"fmt"
	"io"
	"os"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

func (a *app) decode() *cobra.Command {
	var (
		out      string
		baseOnly bool
		whole    bool
	)
	cmd := &cobra.Command{
		Use:   "decode P.dqap FRAME.dqaf -o OUT.npz",
		Short: "restore the activations of a frame, or of a folder of them, as NumPy arrays",
		Long: `decode writes one float32 array per edge, named as the edge, of shape channels x rows x columns (rows x columns x
channels where the network keeps channels last). Of a folder, all frames are decoded and the arrays have one axis more in
front, of the images in the order of frames.json. - is standard input or output. Of a scalable frame (calibrate --scalable)
the base part suffices: the first bytes, as many as "dqa inspect FRAME" says; --base-only does without the rest.`,
		Example: `  dqa decode resnet32.dqap frames/000000.dqaf -o activations.npz
  python3 -c 'import numpy as np; print({k: v.shape for k, v in np.load("activations.npz").items()})'`,
		Args: cli.ExactArgs("the profile", "the frame"), // a folder of frames, too
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := a.readProfile(args[0])
			if err != nil {
				return err
			}
			d, err := a.decodeAt(p, args[1], session.DecodeOptions{BaseOnly: baseOnly, Workers: a.workers, MaxMemory: int64(a.MaxMemory)})
			if err != nil {
				return err
			}
			if whole && !d.Complete {
				return fmt.Errorf("%s: %w: the refinements are missing", args[1], dqa.ErrTruncated)
			}
			w, err := a.WriteOutput(out, func(w io.Writer) error { return session.WriteNPZ(w, d.Edges) })
			if err != nil {
				return err
			}
			v := d.Summary(out)
			if v.NonFinite > 0 {
				a.Note("%s: %d values are infinite: the frame's scales are too large", args[1], v.NonFinite)
			}
			return show(a, w, v)
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "NumPy archive to write; - for standard output")
	cmd.Flags().BoolVar(&baseOnly, "base-only", false, "do without the refinements of a scalable frame")
	cmd.Flags().BoolVar(&whole, "whole", false, "refuse a scalable frame that was cut after its base part")
	cmd.MarkFlagsMutuallyExclusive("base-only", "whole")
	cli.Required(cmd, "output")
	return cmd
}

// decodeAt decodes a frame or a folder of frames.
func (a *app) decodeAt(p *profile.Profile, path string, opt session.DecodeOptions) (*session.Decoded, error) {
	read := func(path string) ([]byte, error) { return a.ReadInput(path, cli.FrameMagic) }
	if info, err := os.Stat(path); path != cli.Pipe && err == nil && info.IsDir() {
		return session.DecodeFolder(p, path, read, opt)
	}
	src, err := read(path)
	if err != nil {
		return nil, err
	}
	d, err := session.Decode(p, src, opt)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}
