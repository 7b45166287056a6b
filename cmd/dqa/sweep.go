package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/dqa-go/dqa/calib"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/eval"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/report"
	"github.com/spf13/cobra"
)

// sweepFlags are those of the verb.
type sweepFlags struct {
	compareFlags
	out    string
	resume bool
}

var sweepGrid = grid{methods: "direct,direct:unsigned,dqa,dqa:unsigned,graded", bits: "2,3,4,5,6", extraBits: "1,2,3", ratios: "0.25,0.5,0.75", budgets: "1,1.5,2,2.5,3"}

func (a *app) sweep() *cobra.Command {
	var f sweepFlags
	cmd := &cobra.Command{
		Use:   "sweep MODEL.onnx --data SPEC --calib SPEC -o DIR",
		Short: "eval over a grid of bits, extra bits and ratios, with a plot",
		Long: `sweep evaluates every method at every n (--bits), m (--extra-bits) and r (--ratio), each stored as the paper does and
with its whole codes entropy-coded, and prints one table. With -o it writes report.html, report.json and sweep.svg, and
keeps what is finished: after an interruption the same command with --resume does only what is missing.

` + variantHelp,
		Example: `  dqa sweep resnet32.onnx --data cifar10:test.bin --calib 'cifar10:calib.bin[0:256]' -o sweep
  dqa sweep demo:classify --data 'demo:classify[64:128]' --calib 'demo:classify[0:64]' \
    --methods direct:unsigned,dqa:mse --bits 3,4 --extra-bits 1,2 --ratio 0.25,0.5`,
		Args:              exactArgs("MODEL"),
		ValidArgsFunction: completeModel,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.runSweep(cmd.Context(), args[0], &f) },
	}
	f.register(cmd, sweepGrid)
	flags := cmd.Flags()
	flags.StringVarP(&f.out, "output", "o", "", "folder for report.html, report.json and sweep.svg; made if needed")
	flags.BoolVar(&f.resume, "resume", false, "keep what an interrupted sweep has finished (needs -o)")
	must(cmd.MarkFlagRequired("calib"))
	return cmd
}

// groupSize is how many variants share one pass over the test images: more save float passes, fewer lose less when
// interrupted.
const groupSize = 6

func (a *app) runSweep(ctx context.Context, model string, f *sweepFlags) error {
	variants, err := f.variants()
	if err != nil {
		return err
	}
	net, err := a.networkFor(model, &f.pre, &f.set)
	if err != nil {
		return err
	}
	data, err := net.openData(f.data)
	if err != nil {
		return err
	}
	ledger, err := openLedger(f.out, f.resume)
	if err != nil {
		return err
	}
	k, err := a.newCalibrator(net, &f.compareFlags, ledger.store())
	if err != nil {
		return err
	}
	defer k.done()
	var all []report.Result
	for group := range slices.Chunk(variants, groupSize) {
		r, err := a.sweepGroup(ctx, net, f, k, data, ledger, group)
		if err != nil {
			return err
		}
		all = append(all, r)
	}
	result := joinResults(all)
	if err := f.write(result); err != nil {
		return err
	}
	if err := ledger.remove(); err != nil {
		return err
	}
	if a.json {
		return report.WriteJSON(a.out, result)
	}
	return report.WriteTable(a.out, result, a.tableOptions())
}

// sweepGroup evaluates some variants, or finds in the ledger that it has been done.
func (a *app) sweepGroup(ctx context.Context, net *network, f *sweepFlags, k *calibrator, data *dataset.Inputs, l *ledger, group []variant) (report.Result, error) {
	var candidates []eval.Candidate
	h := sha256.New()
	digest, err := data.Source().Digest()
	if err != nil {
		return report.Result{}, err
	}
	fmt.Fprintf(h, "%x %+v %+v", digest, net.pre, f.metric(net))
	for _, v := range group {
		c, err := k.candidate(ctx, v)
		if err != nil {
			return report.Result{}, err
		}
		for _, codec := range c.Codecs {
			d := codec.Profile().Digest()
			h.Write(d[:])
		}
		candidates = append(candidates, c)
	}
	k.done()
	key := fmt.Sprintf("%x", h.Sum(nil)[:16])
	if r, ok := l.Groups[key]; ok {
		return r, nil
	}
	res, err := a.evaluate(ctx, net, &f.compareFlags, data, candidates)
	if err != nil {
		return report.Result{}, err
	}
	r := res.Report(net.name, data.Source().Spec())
	return r, l.add(key, r)
}

// joinResults puts the rows of all groups below one float row.
func joinResults(all []report.Result) report.Result {
	joined := all[0]
	for _, r := range all[1:] {
		joined.Rows = append(joined.Rows, r.Rows[1:]...)
	}
	return joined
}

func (f *sweepFlags) write(r report.Result) error {
	if f.out == "" {
		return nil
	}
	if err := writeReport(f.out, "DQA sweep: "+r.Model, "", []report.Result{r}); err != nil {
		return err
	}
	return file.Write(filepath.Join(f.out, "sweep.svg"), func(w io.Writer) error { return report.PlotSVG(w, r, report.PlotOptions{}) })
}

// ledger is what a sweep has finished, in its output folder. Without a folder it forgets.
type ledger struct {
	dir    string
	resume bool
	saved  []string                 // files
	Groups map[string]report.Result `json:"groups"`
}

func openLedger(dir string, resume bool) (*ledger, error) {
	l := &ledger{dir: dir, resume: resume, Groups: map[string]report.Result{}}
	if dir == "" {
		return l, nil
	}
	if err := file.MkdirAll(dir); err != nil || !resume {
		return l, err
	}
	b, err := file.Read(l.path())
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	}
	if err != nil {
		return nil, err
	}
	l.saved = append(l.saved, l.path())
	if err := json.Unmarshal(b, l); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", calib.ErrOtherState, l.path(), err)
	}
	return l, nil
}

func (l *ledger) path() string { return filepath.Join(l.dir, "sweep"+progressExt) }

func (l *ledger) add(key string, r report.Result) error {
	l.Groups[key] = r
	if l.dir == "" {
		return nil
	}
	b, err := json.Marshal(l)
	if err != nil {
		return err
	}
	l.saved = append(l.saved, l.path())
	return file.WriteBytes(l.path(), b)
}

// store keeps the progress of searches beside the ledger.
func (l *ledger) store() calib.Store {
	if l.dir == "" {
		return nil
	}
	return l
}

func (l *ledger) searchPath(key [32]byte) string {
	return filepath.Join(l.dir, fmt.Sprintf("ranking-%x%s", key[:8], progressExt))
}

// Load implements calib.Store.
func (l *ledger) Load(key [32]byte) ([]byte, error) {
	path := l.searchPath(key)
	l.saved = append(l.saved, path)
	if !l.resume {
		return nil, nil
	}
	b, err := file.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

// Save implements calib.Store.
func (l *ledger) Save(key [32]byte, state []byte) error {
	return file.WriteBytes(l.searchPath(key), state)
}

// remove ends the sweep for good.
func (l *ledger) remove() error {
	for _, path := range l.saved {
		if err := file.Remove(path); err != nil {
			return err
		}
	}
	return nil
}
