//go:build !device

package session

import (
	"context"
	"fmt"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/eval"
	"github.com/dqa-go/dqa/internal/authors"
	"github.com/dqa-go/dqa/method"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/report"
)

// AuthorsOptions steer a run of the authors' protocol. The zero value works.
type AuthorsOptions struct {
	EvaluateOptions        // Seed is also the first of the seeds of rankings
	Bits            []int  // n; nil: 3, 4, 5
	Ranking         string // "": greedy, which needs labels
}

// Authors evaluates by the protocol of the public code of the paper's authors (docs/METHOD.md): their version of
// DQA with rankings of five seeds, the same without important channels, and their baselines. Edges are the network's;
// theirs are graph.Blocks. Rankings are made on the calibration images, flipped and shifted by the seed. It is a simulation:
// nothing is stored, bits are counted as they count them. Errors are those of Calibrate and Evaluate.
func (k *Calibrator) Authors(ctx context.Context, data *dataset.Inputs, opt AuthorsOptions) ([]report.Row, error) {
	if opt.Bits == nil {
		opt.Bits = []int{3, 4, 5}
	}
	if opt.Ranking == "" {
		opt.Ranking = "greedy"
	}
	a := &authorsRun{Calibrator: k, opt: opt}
	for _, e := range k.net.Edges() {
		a.layouts = append(a.layouts, authors.Layout{Channels: e.Channels, Last: e.ChannelsLast})
	}
	for _, bits := range opt.Bits {
		if bits < profile.MinBits || bits > profile.MaxBits {
			return nil, fmt.Errorf("%w: %d bits, %d to %d allowed", ErrSetting, bits, profile.MinBits, profile.MaxBits)
		}
		a.baselines(bits)
	}
	for i := range uint64(authors.Seeds) {
		if err := a.rank(ctx, opt.Seed+i, i == 0); err != nil {
			return nil, err
		}
	}
	return a.evaluate(ctx, data)
}

// authorsRun is the protocol at work.
type authorsRun struct {
	*Calibrator
	opt        AuthorsOptions
	layouts    []authors.Layout
	quantizers []eval.BatchQuantizer
	rows       [][]report.Row // by quantizer: what it is, by way of counting
}

func (a *authorsRun) add(q eval.BatchQuantizer, rows ...report.Row) {
	a.quantizers, a.rows = append(a.quantizers, q), append(a.rows, rows)
}

func (a *authorsRun) baselines(bits int) {
	row := func(method, scale string) report.Row {
		signed := true
		return report.Row{Method: method, Bits: &bits, Signed: &signed, Scale: &scale}
	}
	a.add(&authors.DQA{Bits: bits, Layouts: a.layouts}, row("direct", batchChannel))
	a.add(authors.NewPoT(bits, a.layouts), row("pot", batchChannel))
	a.add(authors.NewEasyQuant(bits, a.layouts), row("easyquant", batchTensor))
	a.add(authors.NewNoisyQuant(bits, a.layouts), row("noisyquant", batchTensor))
}

// Scales of the authors' protocol: of a batch's images together.
const (
	batchChannel = "batch-channel"
	batchTensor  = "batch-tensor"
)

// rank adds DQA with the rankings of one seed; with compressors beside Huffman's codes, too, if wanted.
func (a *authorsRun) rank(ctx context.Context, seed uint64, compress bool) error {
	images, err := a.net.Inputs(dataset.Jitter(a.data.Source(), seed))
	if err != nil {
		return err
	}
	k, err := a.net.NewCalibrator(images, a.Calibrator.opt)
	if err != nil {
		return err
	}
	for _, bits := range a.opt.Bits {
		setting := profile.Setting{Name: "dqa", Bits: bits, ExtraBits: authors.ExtraBits, Ratio: authors.Ratio, Ranking: a.opt.Ranking}
		scores, err := k.c.Scores(ctx, setting, seed)
		if err != nil {
			return err
		}
		q := &authors.DQA{Bits: bits, Layouts: a.layouts, Compress: compress}
		for _, s := range scores {
			q.Important = append(q.Important, method.Top(s, authors.Important(len(s))))
		}
		a.add(q, authorsRows(setting, seed, compress)...)
	}
	return nil
}

// authorsRows say what DQA of the authors is, by way of counting.
func authorsRows(s profile.Setting, seed uint64, compress bool) []report.Row {
	counts := []string{"authors"}
	if compress {
		for _, c := range authors.Compressors {
			counts = append(counts, "authors+"+c.Name)
		}
	}
	signed, global, scale := true, false, batchChannel
	var rows []report.Row
	for i := range counts {
		rows = append(rows, report.Row{
			Method: s.Name, Bits: &s.Bits, ExtraBits: &s.ExtraBits, Ratio: &s.Ratio, Ranking: &s.Ranking, Global: &global, Seed: &seed,
			Signed: &signed, Scale: &scale, Coder: &counts[i],
		})
	}
	return rows
}

func (a *authorsRun) evaluate(ctx context.Context, data *dataset.Inputs) ([]report.Row, error) {
	scores, err := a.net.metric(data, a.opt.Probabilities, a.opt.Seed)
	if err != nil {
		return nil, err
	}
	measured, err := eval.RunBatches(ctx, a.net.prog, data, authors.Batch, a.quantizers, eval.Options{
		Metric: scores, Workers: a.opt.Workers, AllowNonFinite: a.opt.AllowNonFinite, Progress: a.opt.Progress.ofImages(),
	})
	var rows []report.Row
	for k, m := range measured {
		score := report.ScoreRow(m.Score.Summary())
		for i, row := range a.rows[k] {
			bytes := float64(m.Bits[i]) / 8 / float64(data.Len())
			stored := 8 * bytes / float64(a.net.Values())
			row.Value, row.Drop, row.DropSE, row.KL, row.Agreement = score.Value, score.Drop, score.DropSE, score.KL, score.Agreement
			row.Outputs, row.StoredBits, row.FrameBytes = score.Outputs, &stored, &bytes
			rows = append(rows, row)
		}
	}
	return rows, err
}
