package main

import (
	"fmt"
	"io"

	"github.com/dqa-go/dqa"
	"github.com/spf13/cobra"
)

// decoded is what decode --json prints.
type decoded struct {
	Output     string `json:"output"`
	Arrays     int    `json:"arrays"`
	Values     int    `json:"values"`
	FrameBytes int    `json:"frame_bytes"`
}

func (a *app) decode() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "decode P.dqap FRAME.dqaf -o OUT.npz",
		Short: "restore the activations of a frame as NumPy arrays",
		Long: `decode writes one float32 array per edge, named as the edge, of shape channels x rows x columns (rows x columns x
channels where the network keeps channels last). - is standard input or output.`,
		Example: `  dqa decode resnet32.dqap frames/000000.dqaf -o activations.npz
  python3 -c 'import numpy as np; print({k: v.shape for k, v in np.load("activations.npz").items()})'`,
		Args: exactArgs("the profile", "the frame"),
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := a.readProfile(args[0])
			if err != nil {
				return err
			}
			codec, err := dqa.NewCodec(p)
			if err != nil {
				return err
			}
			src, err := a.readInput(args[1])
			if err != nil {
				return err
			}
			edges, err := codec.NewDecoder().Decode(src)
			if err != nil {
				return fmt.Errorf("%s: %w", args[1], err)
			}
			w, err := a.writeOutput(out, func(w io.Writer) error { return writeNPZ(w, p, edges) })
			if err != nil {
				return err
			}
			v := decoded{out, len(edges), p.Elements(), len(src)}
			return a.print(w, v, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "%s: %d arrays, %d values from %d bytes\n", v.Output, v.Arrays, v.Values, v.FrameBytes)
				return err
			})
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "NumPy archive to write; - for standard output")
	must(cmd.MarkFlagRequired("output"))
	return cmd
}
