package main

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

// splitResult is what split --json prints.
type splitResult struct {
	Edge  string         `json:"edge"`
	Head  string         `json:"head"`
	Tail  string         `json:"tail"`
	Cut   []splitTensor  `json:"cut"` // what passes from head to tail
	Bytes map[string]int `json:"bytes"`
}

type splitTensor struct {
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
}

func (a *app) split() *cobra.Command {
	var (
		pre            preprocessFlags
		at, out, edges string
	)
	cmd := &cobra.Command{
		Use:   "split MODEL.onnx --at EDGE -o DIR",
		Short: "cut a network in two models at an edge",
		Long: `split writes head.onnx, which runs from the input to the edge, and tail.onnx, which runs from there to the outputs: two
ONNX models of standard operators for a batch of one image that any runtime loads. Where other tensors are alive at the
cut (shortcuts), they pass from head to tail, too. On this program's engine head and tail give what the whole gives, bit
for bit. EDGE is a name or a number of ` + "`dqa inspect MODEL`; `--cost` there helps to choose." + ``,
		Example: `  dqa split resnet32.onnx --at 15 -o parts
  dqa split unet.onnx --at /enc2/Relu_output_0 -o parts`,
		Args:              exactArgs("MODEL"),
		ValidArgsFunction: completeModel,
		RunE: func(_ *cobra.Command, args []string) error {
			set, err := parseEdges(edges)
			if err != nil {
				return err
			}
			net, err := a.open(args[0], &pre, session.Options{Edges: set})
			if err != nil {
				return err
			}
			return a.splitAt(net, at, out)
		},
	}
	pre.register(cmd, a)
	cmd.Flags().StringVar(&at, "at", "", "edge: its name, or its number")
	cmd.Flags().StringVarP(&out, "output", "o", "", "folder for head.onnx and tail.onnx; made if needed")
	cmd.Flags().StringVar(&edges, "edges", "stored", "stored or activations")
	must(cmd.MarkFlagRequired("at"))
	must(cmd.MarkFlagRequired("output"))
	return cmd
}

func (a *app) splitAt(net *session.Network, at, dir string) error {
	parts, err := net.Split(at)
	if err != nil {
		return err
	}
	if err := file.MkdirAll(dir); err != nil {
		return err
	}
	v := splitResult{
		Edge: parts.Edge, Head: filepath.Join(dir, "head.onnx"), Tail: filepath.Join(dir, "tail.onnx"), Bytes: map[string]int{},
	}
	for i, part := range []*graph.Graph{parts.Head, parts.Tail} {
		path := []string{v.Head, v.Tail}[i]
		model, err := onnx.Marshal(part)
		if err != nil {
			return err
		}
		v.Bytes[filepath.Base(path)] = len(model)
		if err := file.WriteBytes(path, model); err != nil {
			return err
		}
	}
	for _, t := range parts.Tail.Inputs() {
		v.Cut = append(v.Cut, splitTensor{t.Name, t.Shape})
	}
	return a.print(a.out, v, allVisible(v).text)
}

func (v splitResult) text(w io.Writer) error {
	fmt.Fprintf(w, "%s (%d bytes) and %s (%d bytes), cut at %s; from head to tail pass\n", v.Head, v.Bytes["head.onnx"], v.Tail, v.Bytes["tail.onnx"], v.Edge)
	for _, t := range v.Cut {
		fmt.Fprintf(w, "  %s %v\n", t.Name, t.Shape)
	}
	return nil
}
