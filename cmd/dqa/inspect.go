package main

import (
	"context"
	"fmt"
	"io"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/inspect"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/text"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

// inspectFlags are those of the verb.
type inspectFlags struct {
	pre              preprocessFlags
	edges, ref, prof string
	cost             bool
}

func (a *app) inspect() *cobra.Command {
	var f inspectFlags
	cmd := &cobra.Command{
		Use:   "inspect FILE",
		Short: "what is in a model, a profile or a frame",
		Long: `inspect tells of a model: operators, edges and why each is one, and what is unsupported (exit code 1 if anything is);
of a profile: what it was made from, how every edge is quantized, and of a graded one what every edge's curve says and
what the whole quantized network came to; of a frame: what its bytes are spent on.`,
		Example: "  dqa inspect resnet32.onnx --edges activations\n  dqa inspect resnet32.onnx --cost\n  dqa inspect resnet32.dqap\n  dqa inspect frames/000000.dqaf --profile resnet32.dqap",
		Args:    cli.ExactArgs("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := a.lookAt(cmd.Context(), args[0], &f)
			if err != nil {
				return err
			}
			if err := a.Print(a.Out, v, func(w io.Writer) error { return inspect.WriteText(w, text.AllVisible(v)) }); err != nil {
				return err
			}
			if inspect.FindsProblem(v) {
				return cli.ErrReported
			}
			return nil
		},
	}
	f.pre.register(cmd, a)
	edgesFlag(cmd, &f.edges, "of a model: stored, activations or blocks")
	cmd.Flags().StringVar(&f.ref, "reference", "", "of a model: compare its outputs on a formula's input with those of another "+
		"runtime in this JSON file; exit code 1 if they differ")
	cmd.Flags().BoolVar(&f.cost, "cost", false, "of a model: what running up to and from every edge takes, relative to a whole pass")
	cmd.Flags().StringVar(&f.prof, "profile", "", "of a frame: the profile that it was made with, to see how near its codes are "+
		"to what the models allow")
	return cmd
}

// lookAt chooses what is shown of the file.
func (a *app) lookAt(ctx context.Context, path string, f *inspectFlags) (any, error) {
	set, err := graph.EdgeSet(f.edges), error(nil)
	if f.ref != "" || f.cost {
		set, err = parseEdges(f.edges)
	} else if !session.BuiltIn(path) {
		var b []byte
		if b, err = a.ReadInput(path, cli.EitherMagic); err != nil {
			return nil, err
		}
		if v, err := inspect.Parse(path, b); v != nil || err != nil {
			return a.account(v, b, f.prof, err)
		}
		if path == cli.Pipe {
			return nil, fmt.Errorf("standard input: %w: neither a profile nor a frame; models are read from files", dqa.ErrMagic)
		}
	}
	if err != nil {
		return nil, err
	}
	opt, err := a.complete(path, &f.pre, session.Options{Edges: set})
	if err != nil {
		return nil, err
	}
	switch {
	case f.ref != "":
		return inspect.CompareReference(path, opt, f.ref)
	case f.cost:
		return inspect.MeasureCosts(ctx, path, opt)
	}
	return inspect.LoadModel(path, opt)
}

// account tells how near a frame's codes are to what the models of the profile allow, if there is one.
func (a *app) account(v any, b []byte, prof string, err error) (any, error) {
	f, ok := v.(*inspect.Frame)
	if err != nil || !ok || prof == "" {
		return v, err
	}
	p, err := a.readProfile(prof)
	if err != nil {
		return nil, err
	}
	return f, f.Account(b, p, dqa.Limits{MaxMemory: int64(a.MaxMemory)})
}
