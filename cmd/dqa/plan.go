package main

import (
	"io"

	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/text"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

// planFlags are those of the verb.
type planFlags struct {
	pre     preprocessFlags
	prof    string
	edges   string
	threads int
	limit   cli.Bytes
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
	}
	onModel(cmd, func(model string) error { return a.runPlan(model, &f) })
	f.pre.register(cmd, a)
	flags := cmd.Flags()
	flags.StringVar(&f.prof, "profile", "", "profile made by calibrate: activations lie packed in memory")
	edgesFlag(cmd, &f.edges, "stored, activations or blocks, where there is no profile")
	flags.IntVar(&f.threads, "threads", 1, "threads of one image")
	flags.Var(&f.limit, "limit", "what activations may take: 64MiB, 500KiB")
	return cmd
}

func (a *app) runPlan(model string, f *planFlags) error {
	net, err := a.openEither(model, &f.pre, f.prof, f.edges, false)
	if err != nil {
		return err
	}
	packed, err := net.Pack(session.PackOptions{Threads: f.threads})
	if err != nil {
		return err
	}
	plan := packed.NewPlan(int64(f.limit))
	if err := a.Print(a.Out, plan, func(w io.Writer) error { return text.AllVisible(plan).WriteText(w, a.StyleOf(w)) }); err != nil {
		return err
	}
	if !plan.Kept {
		return cli.ErrReported
	}
	return nil
}
