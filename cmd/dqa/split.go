package main

import (
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/text"
	"github.com/dqa-go/dqa/session"
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
		Args:              cli.ExactArgs("MODEL"),
		ValidArgsFunction: completeModel,
		RunE: func(_ *cobra.Command, args []string) error {
			parts, err := a.cut(args[0], &pre, edges, prof, at)
			if err != nil {
				return err
			}
			files, err := parts.Save(out)
			if err != nil {
				return err
			}
			return a.Print(a.Out, files, text.AllVisible(files).WriteText)
		},
	}
	pre.register(cmd, a)
	cmd.Flags().StringVar(&at, "at", "", "edge: its name, or its number")
	cmd.Flags().StringVarP(&out, "output", "o", "", "folder for head.onnx and tail.onnx; made if needed")
	cmd.Flags().StringVar(&edges, "edges", "stored", "stored or activations")
	cmd.Flags().StringVar(&prof, "profile", "", "profile of the whole network: profiles of the parts are written, too")
	cmd.MarkFlagsMutuallyExclusive("edges", "profile")
	cli.Must(cmd.MarkFlagRequired("at"))
	cli.Must(cmd.MarkFlagRequired("output"))
	return cmd
}

// parts are a network that is cut in two, with or without a profile.
type parts interface {
	Save(dir string) (*session.CutFiles, error)
}

func (a *app) cut(model string, pre *preprocessFlags, edges, prof, at string) (parts, error) {
	if prof != "" {
		q, err := a.openQuantized(model, pre, prof, false)
		if err != nil {
			return nil, err
		}
		return q.Split(at)
	}
	set, err := parseEdges(edges)
	if err != nil {
		return nil, err
	}
	net, err := a.open(model, pre, session.Options{Edges: set})
	if err != nil {
		return nil, err
	}
	return net.Split(at)
}
