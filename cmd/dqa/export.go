//go:build !device

package main

import (
	"fmt"
	"os"

	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/faults"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

func (a *app) export() *cobra.Command {
	var (
		pre                 preprocessFlags
		prof, out, integers string
		force               bool
	)
	cmd := &cobra.Command{
		Use:   "export MODEL.onnx --profile P.dqap -o q.onnx",
		Short: "the quantized network as an ONNX model that any runtime runs",
		Long: `export writes the network with its activations quantized as the profile says: standard operators only (Mul, Clip,
QuantizeLinear, DequantizeLinear; Round where codes have more than 8 bits; ReduceMax and Div where steps are each image's), steps,
clamping, biases and gains in the graph, for a batch of one image. Nothing is stored in few bits while it runs, but any runtime
computes what this program computes: equal values give equal codes, and all that differs are the last bits of sums between edges.
Not exported are profiles with a fixed bias of every value (noisyquant) or with means of tiles beside the codes.`,
		Example: `  dqa export resnet32.onnx --profile resnet32.dqap -o q.onnx
  dqa export unet.onnx --profile unet.dqap --integers int4 -o q.onnx   # INT4 where codes fit: opset 21`,
	}
	onModel(cmd, func(model string) error {
		narrowest, err := session.ParseInteger(integers)
		if err != nil {
			return err
		}
		if _, err := os.Stat(out); err == nil && !force && out != cli.Pipe {
			return fmt.Errorf("%s: %w", out, faults.ErrExists)
		}
		net, err := a.openQuantized(model, &pre, prof, false)
		if err != nil {
			return err
		}
		b, err := net.Export(narrowest)
		if err != nil {
			return err
		}
		w, err := a.writeBytes(out, b.Model)
		if err != nil {
			return err
		}
		b.Output = out
		return show(a, w, b)
	})
	pre.register(cmd, a)
	flags := cmd.Flags()
	flags.StringVar(&prof, "profile", "", "profile of the network")
	flags.StringVarP(&out, "output", "o", "", "model to write; - for standard output")
	flags.StringVar(&integers, "integers", "int8", "narrowest type of codes: int8, int4 (opset 21) or int2 (opset 25)")
	flags.BoolVar(&force, "force", false, "overwrite the model")
	cli.CompleteWords(cmd, "integers", "int8", "int4", "int2")
	cli.Required(cmd, "profile", "output")
	return cmd
}
