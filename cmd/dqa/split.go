package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/profile"
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
	// Profiles are those of "head", "tail" and "cut", the edges that pass; only with --profile.
	Profiles map[string]string `json:"profiles,omitempty"`
}

type splitTensor struct {
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
	// Stored tells whether frames of the cut's profile hold it; null without --profile.
	Stored *bool `json:"stored,omitempty"`
}

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
			if prof != "" {
				q, err := a.openQuantized(args[0], &pre, prof, false)
				if err != nil {
					return err
				}
				return a.splitQuantized(q, at, out)
			}
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
	cmd.Flags().StringVar(&prof, "profile", "", "profile of the whole network: profiles of the parts are written, too")
	cmd.MarkFlagsMutuallyExclusive("edges", "profile")
	cli.Must(cmd.MarkFlagRequired("at"))
	cli.Must(cmd.MarkFlagRequired("output"))
	return cmd
}

func (a *app) splitAt(net *session.Network, at, dir string) error {
	parts, err := net.Split(at)
	if err != nil {
		return err
	}
	v := newSplitResult(parts, dir)
	var models [2][]byte
	for i, part := range []*graph.Graph{parts.Head, parts.Tail} {
		if models[i], err = onnx.Marshal(part); err != nil {
			return err
		}
	}
	if err := v.write(dir, models[0], models[1]); err != nil {
		return err
	}
	return a.Print(a.Out, v, cli.AllVisible(v).text)
}

func (a *app) splitQuantized(q *session.Quantized, at, dir string) error {
	parts, err := q.Split(at)
	if err != nil {
		return err
	}
	v := newSplitResult(&parts.Parts, dir)
	v.Profiles = map[string]string{}
	if err := v.write(dir, parts.HeadModel, parts.TailModel); err != nil {
		return err
	}
	for part, p := range map[string]*profile.Profile{"head": parts.HeadProfile, "cut": parts.Passing, "tail": parts.TailProfile} {
		v.Profiles[part] = filepath.Join(dir, part+".dqap")
		if err := file.WriteBytes(v.Profiles[part], p.Append(nil)); err != nil {
			return err
		}
	}
	for i := range v.Cut {
		stored := slices.ContainsFunc(parts.Passing.Edges, func(e profile.Edge) bool { return e.Name == v.Cut[i].Name })
		v.Cut[i].Stored = &stored
	}
	return a.Print(a.Out, v, cli.AllVisible(v).text)
}

func newSplitResult(parts *session.Parts, dir string) *splitResult {
	v := &splitResult{
		Edge: parts.Edge, Head: filepath.Join(dir, "head.onnx"), Tail: filepath.Join(dir, "tail.onnx"), Bytes: map[string]int{},
	}
	for _, t := range parts.Tail.Inputs() {
		v.Cut = append(v.Cut, splitTensor{Name: t.Name, Shape: t.Shape})
	}
	return v
}

func (v *splitResult) write(dir string, head, tail []byte) error {
	v.Bytes["head.onnx"], v.Bytes["tail.onnx"] = len(head), len(tail)
	if err := file.MkdirAll(dir); err != nil {
		return err
	}
	if err := file.WriteBytes(v.Head, head); err != nil {
		return err
	}
	return file.WriteBytes(v.Tail, tail)
}

func (v splitResult) text(w io.Writer) error {
	fmt.Fprintf(w, "%s (%d bytes) and %s (%d bytes), cut at %s; from head to tail pass\n",
		v.Head, v.Bytes["head.onnx"], v.Tail, v.Bytes["tail.onnx"], v.Edge)
	for _, t := range v.Cut {
		note := ""
		if t.Stored != nil {
			note = "  in frames of " + v.Profiles["cut"]
			if !*t.Stored {
				note = "  as float32, which dqa run of the head writes"
			}
		}
		fmt.Fprintf(w, "  %s %v%s\n", t.Name, t.Shape, note)
	}
	return nil
}
