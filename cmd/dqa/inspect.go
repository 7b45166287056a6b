package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

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
			if err := a.Print(a.Out, v, func(w io.Writer) error { return inspectText(w, cli.AllVisible(v)) }); err != nil {
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

func inspectText(w io.Writer, v any) error {
	switch v := v.(type) {
	case *inspect.Model:
		return modelText(w, v)
	case *inspect.Profile:
		return profileText(w, v)
	case *inspect.Frame:
		return frameText(w, v)
	case *inspect.Reference:
		return referenceText(w, v)
	}
	return costsText(w, v.(*inspect.Costs))
}

func modelText(w io.Writer, v *inspect.Model) error {
	if len(v.Unsupported) > 0 {
		fmt.Fprintf(w, "%s cannot be run: %d nodes are not supported\n", v.Model, len(v.Unsupported))
		for _, u := range v.Unsupported {
			fmt.Fprintf(w, "  %s\n", u)
		}
		return nil
	}
	fmt.Fprintf(w, "%s  opset %d, input %v, outputs %v\nsha256 %s\n\noperators:", v.Model, v.Opset, v.Input, v.Outputs, v.Digest)
	for _, op := range slices.Sorted(maps.Keys(v.Operators)) {
		fmt.Fprintf(w, " %s x%d", op, v.Operators[op])
	}
	if len(v.Kinds) > 1 {
		fmt.Fprint(w, "\n\noutputs, all of which count:")
		for _, o := range v.Kinds {
			fmt.Fprintf(w, "\n  %s: %s, by %s", o.Name, o.Kind, o.Measure)
			if o.Scored {
				fmt.Fprint(w, "; scored, unless labels fit another")
			}
		}
	}
	fmt.Fprintf(w, "\n\n%d edges (%s), %d values per image\n", len(v.Edges), v.EdgeSet, v.Values)
	var rows [][]string
	for i, e := range v.Edges {
		side := "two"
		if e.OneSided {
			side = "one"
		}
		rows = append(rows, []string{fmt.Sprint(i), e.Name, fmt.Sprint(e.Shape), side, e.Reason})
	}
	if err := text.Table(w, "#\tedge\tshape\tsides\twhy", rows); err != nil {
		return err
	}
	fmt.Fprintf(w, "\n%d values are not edges\n", len(v.Others))
	rows = rows[:0]
	for _, name := range slices.Sorted(maps.Keys(v.Others)) {
		rows = append(rows, []string{name, v.Others[name]})
	}
	return text.Table(w, "value\twhy not", rows)
}

func referenceText(w io.Writer, v *inspect.Reference) error {
	var rows [][]string
	for _, o := range v.Outputs {
		verdict := "equal but for rounding"
		switch {
		case !o.Within:
			verdict = "DIFFERENT"
		case v.Quantized:
			verdict = "the same arg max (quantized: a tie that rounds the other way moves values by whole steps)"
		}
		rows = append(rows, []string{o.Name, fmt.Sprintf("%.2g", o.Difference), fmt.Sprintf("%.2g", o.Norm), fmt.Sprint(o.SameArgMax), verdict})
	}
	return text.Table(w, "output\tlargest difference / largest value\tnorm\tsame arg max\tverdict", rows)
}

func costsText(w io.Writer, v *inspect.Costs) error {
	fmt.Fprintf(w, "%s  %.3g ms per image on one core; relative to that:\n\n", v.Model, 1000*v.Seconds)
	var rows [][]string
	for i, e := range v.Edges {
		rows = append(rows, []string{fmt.Sprint(i), e.Name, fmt.Sprintf("%.3f", e.Head), fmt.Sprintf("%.3f", e.Tail), fmt.Sprint(e.Live)})
	}
	return text.Table(w, "#\tedge\tup to it\tafter it\tlive tensors", rows)
}
