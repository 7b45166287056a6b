package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

// decoded is what decode --json prints.
type decoded struct {
	Output     string `json:"output"`
	Arrays     int    `json:"arrays"`
	Values     int64  `json:"values"`
	FrameBytes int    `json:"frame_bytes"`
	BaseOnly   bool   `json:"base_only"` // without the refinements of a scalable frame
	// NonFinite values are infinite: scales near the largest float32 make them.
	NonFinite int64 `json:"nonfinite,omitempty"`
}

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
			d, size, err := a.decodeAt(p, args[1], session.DecodeOptions{BaseOnly: baseOnly, Workers: a.workers, MaxMemory: int64(a.MaxMemory)})
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
			v := decoded{out, len(d.Edges), valuesOf(d.Edges), size, !d.Complete, nonFinite(d.Edges)}
			if v.NonFinite > 0 {
				a.Note("%s: %d values are infinite: the frame's scales are too large", args[1], v.NonFinite)
			}
			return a.Print(w, v, func(w io.Writer) error {
				note := ""
				if v.BaseOnly {
					note = ", base only"
				}
				_, err := fmt.Fprintf(w, "%s: %d arrays, %d values from %d bytes%s\n", v.Output, v.Arrays, v.Values, v.FrameBytes, note)
				return err
			})
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "NumPy archive to write; - for standard output")
	cmd.Flags().BoolVar(&baseOnly, "base-only", false, "do without the refinements of a scalable frame")
	cmd.Flags().BoolVar(&whole, "whole", false, "refuse a scalable frame that was cut after its base part")
	cmd.MarkFlagsMutuallyExclusive("base-only", "whole")
	cli.Must(cmd.MarkFlagRequired("output"))
	return cmd
}

// decodeAt decodes a frame or a folder of frames, of so many bytes.
func (a *app) decodeAt(p *profile.Profile, path string, opt session.DecodeOptions) (d *session.Decoded, size int, err error) {
	if info, err := os.Stat(path); path == cli.Pipe || err != nil || !info.IsDir() {
		src, err := a.ReadInput(path, cli.FrameMagic)
		if err != nil {
			return nil, 0, err
		}
		if d, err = session.Decode(p, src, opt); err != nil {
			return nil, 0, fmt.Errorf("%s: %w", path, err)
		}
		return d, len(src), nil
	}
	frames, err := session.FramesOf(path)
	if err != nil {
		return nil, 0, err
	}
	d, err = session.DecodeAll(p, len(frames), func(i int) ([]byte, error) {
		src, err := a.ReadInput(filepath.Join(path, frames[i].Frame), cli.FrameMagic)
		size += len(src)
		return src, err
	}, opt)
	return d, size, err
}

func valuesOf(arrays []session.Array) (n int64) {
	for _, a := range arrays {
		n += int64(len(a.Data))
	}
	return n
}

// nonFinite counts values that are NaN or infinite.
func nonFinite(arrays []session.Array) (n int64) {
	for _, a := range arrays {
		for _, v := range a.Data {
			if v-v != 0 {
				n++
			}
		}
	}
	return n
}
