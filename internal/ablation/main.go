// Command ablation compares the ways in which graded could choose its steps, at equal stored bits: what curves measure,
// steps per channel, corrections. It calibrates on three parts of a calibration set and evaluates on another part of the
// same set; test images have no part in it.
//
//	go run ./internal/ablation -data ../shared/data [-net PATTERN] >docs/results/graded-ablation.md
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/dqa-go/dqa/calib"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
)

// nets with three slices to calibrate on and one to evaluate on; @ is the data folder.
var nets = []struct {
	model   string
	calib   [3]string
	heldOut string
}{
	{"resnet32_cifar10", parts("cifar10:@/cifar10/calib.bin", 0, 64), "cifar10:@/cifar10/calib.bin[2000:4000]"},
	{"unet_deeppcb", parts("npy:@/deeppcb_seg/calib_x.npy,@/deeppcb_seg/calib_y.npy", 0, 8), "npy:@/deeppcb_seg/calib_x.npy,@/deeppcb_seg/calib_y.npy[48:64]"},
	{"espnet_p2q8_camvid", parts("dir:@/camvid/calib", 0, 2), "dir:@/camvid/calib[20:36]"},
	{"mobilenetv2_deeppcb", parts("npy:@/deeppcb_patches/calib_x.npy,@/deeppcb_patches/calib_y.npy", 0, 16), "npy:@/deeppcb_patches/calib_x.npy,@/deeppcb_patches/calib_y.npy[512:1024]"},
	{"vit_tiny_cifar10", parts("cifar10:@/cifar10/calib.bin", 0, 16), "cifar10:@/cifar10/calib.bin[2000:2500]"},
}

func parts(spec string, from, n int) (all [3]string) {
	for i := range all {
		all[i] = fmt.Sprintf("%s[%d:%d]", spec, from+i*n, from+(i+1)*n)
	}
	return all
}

// variant is a way in which graded could choose. Those that measure their curves have neither steps per channel nor corrections, so
// that they differ in nothing but what curves measure.
type variant struct {
	name      string
	objective calib.Objective
	choices   session.Choices
	measured  bool // curves by running the network on
	noBias    bool
	noRows    bool
	only      string // networks that it makes a difference for
}

// plain has no parts that are kept by trial.
var plain = session.Choices{ChannelSteps: session.Never, Gains: session.Never, Means: session.Never}

// variants of graded; the first is the default.
var variants = []variant{
	{name: "default"},
	{name: "without steps per channel", choices: session.Choices{ChannelSteps: session.Never}},
	{name: "always steps per channel", choices: session.Choices{ChannelSteps: session.Always}},
	{name: "means of channels, too", choices: session.Choices{Means: session.ByTrial}},
	{name: "without gains", choices: session.Choices{Gains: session.Never}},
	{name: "biases alone", choices: plain},
	{name: "nothing kept by trial", choices: plain, noBias: true},
	{name: "measured curves", choices: plain, measured: true, noBias: true},
	{name: "without row sums", choices: plain, measured: true, noBias: true, noRows: true, only: "vit"},
	{name: "KL at T=1", choices: plain, measured: true, objective: calib.Objective{Temperature: 1}, noBias: true},
	{name: "KL at T=4", choices: plain, measured: true, objective: calib.Objective{Temperature: 4}, noBias: true, only: "unet|espnet"},
	{name: "KL at T=8", choices: plain, measured: true, objective: calib.Objective{Temperature: 8}, noBias: true},
	{name: "squares of the outputs", choices: plain, measured: true, objective: calib.Objective{Squares: true}, noBias: true},
	{name: "unweighted", choices: plain, measured: true, objective: calib.Objective{Unweighted: true}, noBias: true},
}

func (v *variant) curves() session.Curves {
	if v.measured {
		return session.CurvesMeasured
	}
	return session.CurvesGradient
}

func (v *variant) concerns(model string) bool {
	return v.only == "" || regexp.MustCompile(v.only).MatchString(model)
}

// also lists what the other variants of a network measure: its curves are measured once, by the first of them.
func also(model string, measured bool) []calib.Objective {
	var all []calib.Objective
	for _, v := range variants {
		if measured && v.measured && v.objective != (calib.Objective{}) && v.concerns(model) && !slices.Contains(all, v.objective) {
			all = append(all, v.objective)
		}
	}
	return all
}

// memory keeps curves, which variants with and without biases share.
type memory map[[32]byte][]byte

func (m memory) Load(key [32]byte) ([]byte, error)     { return m[key], nil }
func (m memory) Save(key [32]byte, state []byte) error { m[key] = state; return nil }

var budgets = []float64{1.5, 2, 3}

var coder = profile.Smallest

func setCoder(name string) (err error) {
	coder, err = profile.ParseCoder(name)
	return err
}

func setBudgets(text string) error {
	budgets = nil
	for word := range strings.SplitSeq(text, ",") {
		b, err := strconv.ParseFloat(word, 64)
		if err != nil {
			return err
		}
		budgets = append(budgets, b)
	}
	return nil
}

func main() {
	log.SetFlags(0)
	data := flag.String("data", "../shared/data", "folder with models and datasets")
	pattern := flag.String("net", ".", "networks, by a regular expression")
	some := flag.String("variant", ".", "variants, by a regular expression")
	seeds := flag.Int("parts", 3, "parts to calibrate on")
	flag.Func("coder", "coder whose bits count (default smallest)", setCoder)
	flag.Func("budgets", "stored bits, with commas (default 1.5,2,3)", setBudgets)
	flag.Parse()
	fmt.Println("| network | variant | budget | stored bits | KL | agreement % | drop | biases kept |\n|---|---|---|---|---|---|---|---|")
	for _, n := range nets {
		if !regexp.MustCompile(*pattern).MatchString(n.model) {
			continue
		}
		for _, v := range variants {
			if !v.concerns(n.model) || !regexp.MustCompile(*some).MatchString(v.name) {
				continue
			}
			rows := make([]row, len(budgets))
			for seed := range *seeds {
				if err := measure(*data, n.model, n.calib[seed], n.heldOut, v, rows); err != nil {
					log.Fatal(n.model, ", ", v.name, ": ", err)
				}
			}
			for k, r := range rows {
				fmt.Printf("| %s | %s | %g | %s |\n", n.model, v.name, budgets[k], r.text())
			}
		}
	}
}

// row collects one budget over the parts.
type row struct{ stored, kl, klSE, agreement, drop, biases []float64 }

func (r row) text() string {
	kept := 0
	for _, b := range r.biases {
		if b > 0 {
			kept++
		}
	}
	if len(r.kl) == 1 { // which says nothing of parts
		return fmt.Sprintf("%.2f | %s (images: %.1g) | %.2f | %.2f | %d of 1", r.stored[0], short(r.kl[0]), r.klSE[0],
			r.agreement[0], r.drop[0], kept)
	}
	return fmt.Sprintf("%.2f | %s ± %.1g (images: %.1g) | %.2f ± %.2f | %.2f ± %.2f | %d of %d", mean(r.stored), short(mean(r.kl)), spread(r.kl), mean(r.klSE),
		mean(r.agreement), spread(r.agreement), mean(r.drop), spread(r.drop), kept, len(r.biases))
}

func short(v float64) string { return fmt.Sprintf("%.3g", v) }

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x / float64(len(v))
	}
	return sum
}

// spread is the standard error of the mean over the parts.
func spread(v []float64) float64 {
	m, sum := mean(v), 0.0
	for _, x := range v {
		sum += (x - m) * (x - m)
	}
	if len(v) < 2 {
		return math.NaN()
	}
	return math.Sqrt(sum / float64(len(v)-1) / float64(len(v)))
}

var store = memory{}

func measure(data, model, calibSpec, heldOut string, v variant, rows []row) error {
	ctx := context.Background()
	pre, err := dataset.LoadPreprocess(filepath.Join("testdata", "preprocess", model+".yaml"))
	if err != nil {
		return err
	}
	net, err := session.Open(filepath.Join(data, "models", model+".onnx"), session.Options{Preprocess: &pre, Engine: session.Native})
	if err != nil {
		return err
	}
	inputs := func(spec string) (*dataset.Inputs, error) {
		return net.Data(strings.ReplaceAll(spec, "@", filepath.Join(data, "datasets")))
	}
	images, err := inputs(calibSpec)
	if err != nil {
		return err
	}
	held, err := inputs(heldOut)
	if err != nil {
		return err
	}
	k, err := net.NewCalibrator(images, session.CalibrateOptions{
		Workers: runtime.NumCPU(), Store: store, Coder: &coder, Experiment: session.Experiment{
			Objective: v.objective, Also: also(model, v.measured), NoBiases: v.noBias, NoRowSums: v.noRows,
		}})
	if err != nil {
		return err
	}
	var candidates []session.Candidate
	for _, b := range budgets {
		made, err := k.Calibrate(ctx, session.Variant{
			Setting: profile.Setting{Dial: profile.Budget, Goal: b}, Seed: 1, Curves: v.curves(), Choices: v.choices,
		})
		if err != nil {
			return err
		}
		q, err := net.Bind(made.Profile)
		if err != nil {
			return err
		}
		candidates = append(candidates, q.Candidate())
	}
	res, err := net.Evaluate(ctx, held, candidates, session.EvaluateOptions{Workers: runtime.NumCPU()})
	if err != nil {
		return err
	}
	for i, m := range res.Measured {
		rows[i].add(m.Score.Summary(), m.Codecs[0].Profile(), 8*float64(m.Frames[0])/float64(res.Images))
	}
	fmt.Fprintf(os.Stderr, "%s, %s: done\n", model, calibSpec)
	return nil
}

// add takes in what one part came to; bits are those of an image.
func (r *row) add(s metric.Summary, p *profile.Profile, bits float64) {
	r.stored = append(r.stored, bits/float64(p.Elements()))
	r.kl, r.klSE, r.agreement, r.drop = append(r.kl, s.KL), append(r.klSE, s.KLSE), append(r.agreement, s.Agreement), append(r.drop, s.Drop)
	r.biases = append(r.biases, float64(len(p.Bias)))
	fmt.Fprintf(os.Stderr, "%d biases, %d gains, channel steps %v, means %v\n", len(p.Bias), len(p.Gain), p.Setting.Channels,
		slices.ContainsFunc(p.Edges, func(e profile.Edge) bool { return e.DC }))
}
