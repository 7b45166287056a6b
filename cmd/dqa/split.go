package main

import (
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/spf13/cobra"
)

func (a *app) split() *cobra.Command {
	var (
		pre                  preprocessFlags
		at, out, edges, prof string
	)
	cmd := &cobra.Command{
		Use:   "split MODEL.onnx --at EDGE -o DIR",
		Short: "cut a network in two models at an edge",
		Long: `split writes head.onnx, which runs from the input to the edge, and tail.onnx, which runs from there to the outputs: two
ONNX models of standard operators for a batch of one image that any runtime loads. Where other tensors are alive at the
cut (shortcuts), they pass from head to tail, too. On this program's engine head and tail give what the whole gives, bit
for bit. EDGE is a name or a number of ` + "`dqa inspect MODEL`; `--cost` there helps to choose." + ``,
		Example: `  dqa split resnet32.onnx --at 15 -o parts
  dqa split unet.onnx --at /enc2/Relu_output_0 -o parts
  dqa split resnet32.onnx --at 15 --profile resnet32.dqap -o parts   # and head.dqap, cut.dqap (what passes), tail.dqap`,
	}
	onModel(cmd, func(model string) error {
		net, err := a.openEither(model, &pre, prof, edges, false)
		if err != nil {
			return err
		}
		files, err := net.SplitTo(at, out)
		if err != nil {
			return err
		}
		return show(a, a.Out, files)
	})
	pre.register(cmd, a)
	cmd.Flags().StringVar(&at, "at", "", "edge: its name, or its number")
	cmd.Flags().StringVarP(&out, "output", "o", "", "folder for head.onnx and tail.onnx; made if needed")
	edgesFlag(cmd, &edges, "stored, activations or blocks")
	cmd.Flags().StringVar(&prof, "profile", "", "profile of the whole network: profiles of the parts are written, too")
	cmd.MarkFlagsMutuallyExclusive("edges", "profile")
	cli.Required(cmd, "at", "output")
	return cmd
}
