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

func (a *app) inspect() *cobra.Command {
	var (
		pre        preprocessFlags
		edges, ref string
		prof       string
		cost       bool
	)
	cmd := &cobra.Command{
		Use:   "inspect FILE",
		Short: "what is in a model, a profile or a frame",
		Long: `inspect tells of a model: operators, edges and why each is one, and what is unsupported (exit code 1 if anything is);
of a profile: what it was made from, how every edge is quantized, and of a graded one what every edge's curve says and
what the whole quantized network came to; of a frame: what its bytes are spent on.`,
		Example: "  dqa inspect resnet32.onnx --edges activations\n  dqa inspect resnet32.onnx --cost\n  dqa inspect resnet32.dqap\n  dqa inspect frames/000000.dqaf --profile resnet32.dqap",
		Args:    cli.ExactArgs("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := a.lookAt(cmd.Context(), args[0], &pre, edges, ref, cost, prof)
			if err != nil {
				return err
			}
			if err := a.Print(a.Out, v, func(w io.Writer) error { return inspect.WriteText(w, text.AllVisible(v)) }); err != nil {
				return err
			}
			return problemOf(v)
		},
	}
	pre.register(cmd, a)
	cmd.Flags().StringVar(&edges, "edges", "stored", "of a model: stored or activations")
	cmd.Flags().StringVar(&ref, "reference", "", "of a model: compare its outputs on a formula's input with those of another runtime in this JSON file; exit code 1 if they differ")
	cmd.Flags().BoolVar(&cost, "cost", false, "of a model: what running up to and from every edge takes, relative to a whole pass")
	cmd.Flags().StringVar(&prof, "profile", "", "of a frame: the profile that it was made with, to see how near its codes are to what the models allow")
	cli.CompleteWords(cmd, "edges", "stored", "activations")
	return cmd
}

// lookAt chooses what is shown of the file.
func (a *app) lookAt(ctx context.Context, path string, flags *preprocessFlags, edges, ref string, cost bool, prof string) (any, error) {
	set, err := graph.EdgeSet(edges), error(nil)
	if ref != "" || cost {
		set, err = parseEdges(edges)
	} else if !session.BuiltIn(path) {
		var b []byte
		if b, err = a.ReadInput(path, cli.EitherMagic); err != nil {
			return nil, err
		}
		switch inspect.KindOf(b) {
		case inspect.ProfileFile:
			return inspect.ParseProfile(path, b)
		case inspect.FrameFile:
			return a.lookAtFrame(path, b, prof)
		}
		if path == cli.Pipe && err == nil {
			return nil, fmt.Errorf("standard input: %w: neither a profile nor a frame; models are read from files", dqa.ErrMagic)
		}
	}
	if err != nil {
		return nil, err
	}
	opt, err := a.complete(path, flags, session.Options{Edges: set})
	if err != nil {
		return nil, err
	}
	switch {
	case ref != "":
		return inspect.CompareReference(path, opt, ref)
	case cost:
		return inspect.MeasureCosts(ctx, path, opt)
	}
	return inspect.LoadModel(path, opt)
}

// lookAtFrame also tells how near codes are to what the models allow, if there is a profile.
func (a *app) lookAtFrame(path string, b []byte, prof string) (any, error) {
	f, err := inspect.ParseFrame(path, b)
	if err != nil || prof == "" {
		return f, err
	}
	p, err := a.readProfile(prof)
	if err != nil {
		return nil, err
	}
	return f, f.Account(b, p, dqa.Limits{MaxMemory: int64(a.MaxMemory)})
}

// problemOf is what scripts want to know by the exit code.
func problemOf(v any) error {
	switch v := v.(type) {
	case *inspect.Model:
		if len(v.Unsupported) > 0 {
			return cli.ErrReported
		}
	case *inspect.Reference:
		if !v.Within {
			return cli.ErrReported
		}
	}
	return nil
}
