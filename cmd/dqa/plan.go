package main

import (
	"fmt"
	"io"

	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

// planFlags are those of the verb.
type planFlags struct {
	pre     preprocessFlags
	prof    string
	edges   string
	threads int
	limit   byteSize
}

func (a *app) plan() *cobra.Command {
	var f planFlags
	cmd := &cobra.Command{
		Use:   "plan MODEL.onnx",
		Short: "the memory that activations take, before anything runs",
		Long: `plan tells how many bytes the activations of one image take at their peak, and at which layer: with --profile as "dqa run
--packed" runs the network, else in float32, in bands of rows. The network's input and outputs do not count; weights are told
apart. Layers that cannot run in bands, and edges that cannot be packed, are named with the reason.

Exit code 1: the peak exceeds --limit.`,
		Example: `  dqa plan unet.onnx
  dqa plan unet.onnx --profile unet.dqap --limit 4MiB
  dqa plan unet.onnx --profile unet.dqap --threads 4 --json`,
		Args:              exactArgs("MODEL"),
		ValidArgsFunction: completeModel,
		RunE:              func(_ *cobra.Command, args []string) error { return a.runPlan(args[0], &f) },
	}
	f.pre.register(cmd, a)
	flags := cmd.Flags()
	flags.StringVar(&f.prof, "profile", "", "profile made by calibrate: activations lie packed in memory")
	flags.StringVar(&f.edges, "edges", "stored", "stored or activations, where there is no profile")
	flags.IntVar(&f.threads, "threads", 1, "threads of one image")
	flags.Var(&f.limit, "limit", "what activations may take: 64MiB, 500KiB")
	completeWords(cmd, "edges", []string{"stored", "activations"})
	return cmd
}

func (a *app) runPlan(model string, f *planFlags) error {
	packed, err := a.pack(model, f)
	if err != nil {
		return err
	}
	plan := packed.NewPlan(int64(f.limit))
	if err := a.print(a.out, plan, func(w io.Writer) error { return a.planText(w, plan) }); err != nil {
		return err
	}
	if !plan.Kept {
		return errReported
	}
	return nil
}

func (a *app) pack(model string, f *planFlags) (*session.Packed, error) {
	opt := session.PackOptions{Threads: f.threads}
	if f.prof != "" {
		q, err := a.openQuantized(model, &f.pre, f.prof, false)
		if err != nil {
			return nil, err
		}
		return q.Pack(opt)
	}
	set, err := parseEdges(f.edges)
	if err != nil {
		return nil, err
	}
	net, err := a.open(model, &f.pre, session.Options{Edges: set})
	if err != nil {
		return nil, err
	}
	return net.Pack(opt)
}

func (a *app) planText(w io.Writer, p *session.Plan) error {
	s, mode := a.styleOf(w), "float32, in bands"
	if p.Profile != "" {
		mode = "packed as " + p.Profile + " says"
	}
	fmt.Fprintf(w, "%s, %s, %d threads\n\nactivations of one image at their peak: %s\n", p.Model, mode, p.Threads, s.strong(sizeText(p.Peak)))
	fmt.Fprintf(w, "  packed %s, float32 %s, work buffers %s\n", sizeText(p.Packed), sizeText(p.Float), sizeText(p.Work))
	fmt.Fprintf(w, "  without plan or profile the float32 network takes %s (%.1f times as much); the tensors alone %s\n",
		sizeText(p.FloatArena), float64(p.FloatArena)/float64(max(p.Peak, 1)), sizeText(p.FloatIdeal))
	fmt.Fprintf(w, "outputs %s, weights %s\n", sizeText(p.Outputs), sizeText(p.Weights))
	if p.Limit > 0 {
		verdict := s.good("kept")
		if !p.Kept {
			verdict = s.bad("exceeded by " + sizeText(p.Peak-p.Limit))
		}
		fmt.Fprintf(w, "limit %s: %s\n", sizeText(p.Limit), verdict)
	}
	var rows [][]string
	for _, n := range p.Nodes {
		bands := fmt.Sprintf("%d x %d rows", n.Bands, n.Rows)
		if n.Whole != "" {
			bands = "whole: " + n.Whole
		}
		stored := n.Stored
		if n.Float != "" {
			stored += ": " + n.Float
		}
		rows = append(rows, []string{n.Name, n.Op, stored, sizeText(n.Bytes), sizeText(n.Work), sizeText(n.Live), bands})
	}
	fmt.Fprintln(w)
	return tableOf(w, "layer\toperators\tstored\tbytes\twork\tall alive\tbands", rows)
}

// sizeText is a number of bytes for people.
func sizeText(n int64) string {
	switch {
	case n >= 100<<20:
		return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d bytes", n)
}
