//go:build !device

package main

import (
	"github.com/spf13/cobra"
)

func (a *app) split() *cobra.Command {
	var (
		pre                  preprocessFlags
		at, out, edges, prof string
		advised              adviseFlags
	)
	cmd := &cobra.Command{
		Use:   "split MODEL.onnx --at EDGE -o DIR",
		Short: "cut a network in two models at an edge, or tell where to",
		Long: `split writes head.onnx, which runs from the input to the edge, and tail.onnx, which runs from there to the outputs: two
ONNX models of standard operators for a batch of one image that any runtime loads. Where other tensors are alive at the
cut (shortcuts), they pass from head to tail, too. On this program's engine head and tail give what the whole gives, bit
for bit. EDGE is a name or a number of ` + "`dqa inspect MODEL`; `--cost` there helps to choose." + `

With --advise it writes nothing: it measures on test images what passes, what is lost and how long an answer takes at this link
for cuts and some bits, beside JPEG, WebP (if cwebp is installed) and PNG files of the input and beside running everything on the
device, and says plainly what is best.`,
		Example: `  dqa split resnet32.onnx --at 15 -o parts
  dqa split unet.onnx --at /enc2/Relu_output_0 -o parts
  dqa split resnet32.onnx --at 15 --profile resnet32.dqap -o parts   # and head.dqap, cut.dqap (what passes), tail.dqap
  dqa split demo:classify --advise --data 'demo:classify[64:164]' --calib 'demo:classify[0:64]' --link 1Mbit`,
	}
	onModel(cmd, func(model string) error {
		if advised.on {
			return a.runAdvise(cmd, model, &advised, &pre, edges)
		}
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
	advised.register(cmd)
	cmd.MarkFlagsOneRequired("at", "advise")
	cmd.MarkFlagsMutuallyExclusive("at", "advise")
	cmd.MarkFlagsMutuallyExclusive("profile", "advise")
	cmd.MarkFlagsRequiredTogether("at", "output")
	return cmd
}
