package main

import (
	"context"
	"fmt"
	"io"

	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

// engineFlags are those of bench engine.
type engineFlags struct {
	pre     preprocessFlags
	threads []int
	rounds  int
	ort     bool
}

func (a *app) benchEngine() *cobra.Command {
	var f engineFlags
	cmd := &cobra.Command{
		Use:   "engine MODEL...",
		Short: "latency, processor time and memory of the engine, beside ONNX Runtime's",
		Long: `engine runs networks in alternating rounds: on this engine, and with a binary built with the tag ort and its library at
hand (--ort-lib) on ONNX Runtime with all of its optimizations and as many threads. Figures are medians of the rounds. The input are
normally distributed numbers.`,
		Example: `  dqa bench engine resnet32.onnx
  dqa-ort bench engine resnet32.onnx unet.onnx --ort-lib libonnxruntime.so --threads 1,2 --json`,
		Args:              cobra.MatchAll(cobra.MinimumNArgs(1)),
		ValidArgsFunction: completeModel,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.runBenchEngine(cmd.Context(), &f, args) },
	}
	f.pre.register(cmd, a)
	cmd.Flags().IntSliceVar(&f.threads, "threads", []int{1}, "threads of one image: 1,2")
	cmd.Flags().IntVar(&f.rounds, "rounds", 7, "rounds of which the median counts")
	return cmd
}

func (a *app) runBenchEngine(ctx context.Context, f *engineFlags, models []string) error {
	if f.rounds < 1 || len(f.threads) == 0 {
		return fmt.Errorf("%w: --rounds %d, at least 1; --threads %v", session.ErrSetting, f.rounds, f.threads)
	}
	bar := a.newProgress()
	defer bar.finish()
	var rows []session.EngineRow
	version := ""
	for _, model := range models {
		net, err := a.open(model, &f.pre, session.Options{})
		if err != nil {
			return err
		}
		res, err := net.BenchEngine(ctx, session.BenchOptions{
			Threads: f.threads, Rounds: f.rounds, ORT: a.ortLib != "", Model: model, Progress: bar.report,
		})
		if err != nil {
			return fmt.Errorf("%s: %w", model, err)
		}
		rows, version = append(rows, res.Rows...), res.ORTVersion
	}
	bar.finish()
	return a.print(a.out, rows, func(w io.Writer) error { return writeEngine(w, rows, version) })
}

func writeEngine(w io.Writer, rows []session.EngineRow, version string) error {
	var cells [][]string
	for _, r := range rows {
		line := []string{r.Model, r.Mode, fmt.Sprint(r.Threads), fmt.Sprintf("%.3f", r.MS), fmt.Sprintf("%.3f", r.MSBest),
			fmt.Sprintf("%.0f %%", 100*r.Spread), fmt.Sprintf("%.3f", r.CPUMS), fmt.Sprintf("%.1f", r.GFLOPS), fmt.Sprintf("%.0f %%", 100*r.PeakShare)}
		if version != "" {
			line = append(line, fmt.Sprintf("%.3f", r.ORTMS), fmt.Sprintf("%.2f", r.Ratio))
		}
		cells = append(cells, line)
	}
	head := "network\tmode\tthreads\tms\tbest\tspread\tcpu ms\tGFLOP/s\tof peak"
	if version != "" {
		head += "\tORT ms\tratio"
	}
	if err := tableOf(w, head, cells); err != nil {
		return err
	}
	fmt.Fprintf(w, "\ninstruction set %s; ms: median of alternating rounds, per image; load average %.1f before\n", rows[0].ISA, rows[0].Load)
	if version != "" {
		fmt.Fprintf(w, "ratio: time of ONNX Runtime %s / ours, above 1 we are faster\n", version)
	}
	return nil
}
