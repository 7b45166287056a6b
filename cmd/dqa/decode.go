package main

import (
	"fmt"
	"os"

	"github.com/dqa-go/dqa"
	"github.com/spf13/cobra"
)

func (a *app) decode() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:     "decode P.dqap FRAME.dqaf -o OUT.npz",
		Short:   "restore the activations of a frame as NumPy arrays",
		Long:    "decode writes one float32 array per edge, named as the edge, of shape channels x rows x columns.",
		Example: "  dqa decode resnet32.dqap frames/000000.dqaf -o activations.npz",
		Args:    exactArgs("the profile", "the frame"),
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := readProfile(args[0])
			if err != nil {
				return err
			}
			codec, err := dqa.NewCodec(p)
			if err != nil {
				return err
			}
			src, err := os.ReadFile(args[1])
			if err != nil {
				return err
			}
			edges, err := codec.NewDecoder().Decode(src)
			if err != nil {
				return fmt.Errorf("%s: %w", args[1], err)
			}
			if err := writeNPZ(out, p, edges); err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.out, "%s: %d arrays, %d values from %d bytes\n", out, len(edges), p.Elements(), len(src))
			return err
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "NumPy archive to write")
	must(cmd.MarkFlagRequired("output"))
	return cmd
}
