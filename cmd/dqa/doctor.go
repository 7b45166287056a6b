package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/doctor"
	"github.com/dqa-go/dqa/engine/ort"
	"github.com/dqa-go/dqa/internal/cpu"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/session"
	"github.com/dqa-go/dqa/tensor"
	"github.com/spf13/cobra"
)

// doctorFlags are those of the verb.
type doctorFlags struct {
	pre           preprocessFlags
	edges         string
	data, calib   string
	images        int
	probabilities bool
}

func (a *app) doctor() *cobra.Command {
	var f doctorFlags
	cmd := &cobra.Command{
		Use:   "doctor MODEL.onnx",
		Short: "is everything as the network wants it: machine, model, preprocessing, labels, data?",
		Long: `doctor tells what this machine offers and whether the network is supported. With --data it also looks for what
first-time users get wrong (layout, BGR or RGB, a missing division or normalization, labels shifted by one or of another
data set), by the statistics of the inputs and by the accuracy under the alternatives, and names the flags that mend it;
with --calib, too, it looks for test images among the calibration images.

Exit code 1: a problem was found.`,
		Example: `  dqa doctor resnet32.onnx
  dqa doctor resnet32.onnx --data cifar10:test.bin --calib 'cifar10:calib.bin[0:256]'
  dqa doctor demo:classify --data demo:classify --divisor 1`,
		Args:              exactArgs("MODEL"),
		ValidArgsFunction: completeModel,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.runDoctor(cmd.Context(), args[0], &f) },
	}
	f.pre.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.data, "data", "", "test images (SPEC), with labels if you have them")
	flags.StringVar(&f.calib, "calib", "", "calibration images (SPEC)")
	flags.StringVar(&f.edges, "edges", "stored", "stored or activations")
	flags.IntVar(&f.images, "images", 200, "images to run, spread evenly over --data; 0: all")
	flags.BoolVar(&f.probabilities, "probabilities", false, "the network's outputs are probabilities (it ends in a softmax)")
	completeWords(cmd, "edges", []string{"stored", "activations"})
	return cmd
}

func (a *app) runDoctor(ctx context.Context, model string, f *doctorFlags) error {
	checks := a.checkMachine()
	net, more, err := a.checkModel(model, f)
	if err != nil {
		return err
	}
	checks = append(checks, more...)
	if net != nil && f.data != "" {
		more, err := a.checkData(ctx, net, f)
		if err != nil {
			return err
		}
		checks = append(checks, more...)
	}
	if err := a.print(a.out, checks, func(w io.Writer) error { return a.printChecks(w, checks) }); err != nil {
		return err
	}
	for _, c := range checks {
		if c.Status == doctor.Problem {
			return errReported
		}
	}
	return nil
}

func (a *app) checkMachine() []doctor.Check {
	memory := "memory unknown"
	if total, free, ok := systemMemory(); ok {
		memory = fmt.Sprintf("%.1f GiB of memory, %.1f GiB free", float64(total)/(1<<30), float64(free)/(1<<30))
	}
	machine := doctor.Check{Name: "machine", Status: doctor.OK,
		Finding: fmt.Sprintf("%s/%s, %d cores, instruction set %s, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), cpu.ISA(), memory)}
	if cpu.ISA() == cpu.Generic {
		machine.Status = doctor.Warning
		machine.Finding += "; there are no kernels for this processor, the engine runs about 20 times slower than with AVX2"
		if os.Getenv("DQA_ISA") != "" {
			machine.Mend = "unset DQA_ISA"
		}
	}
	return []doctor.Check{machine, a.checkORT()}
}

// checkORT tells of the second engine, which nobody needs.
func (a *app) checkORT() doctor.Check {
	c := doctor.Check{Name: "libraries", Status: doctor.OK, Finding: "none needed: the engine is built in"}
	path, err := ort.FindLibrary(a.ortLib)
	switch {
	case !ort.Enabled:
		c.Finding += "; this binary was built without the second engine, ONNX Runtime (build tag ort)"
	case err != nil:
		c.Finding += "; for the second engine: " + ort.HowToGet
	default:
		c.Finding += "; ONNX Runtime found at " + path
	}
	return c
}

// systemMemory reads what Linux tells; other systems are not asked.
func systemMemory() (total, free uint64, ok bool) {
	b, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, 0, false
	}
	for line := range strings.Lines(string(b)) {
		var kib uint64
		if n, _ := fmt.Sscanf(line, "MemTotal: %d kB", &kib); n == 1 {
			total = kib << 10
		}
		if n, _ := fmt.Sscanf(line, "MemAvailable: %d kB", &kib); n == 1 {
			free = kib << 10
		}
	}
	return total, free, total > 0
}

// checkModel returns a nil network where the model is not supported.
func (a *app) checkModel(model string, f *doctorFlags) (*session.Network, []doctor.Check, error) {
	set, err := (&methodFlags{edges: f.edges}).edgeSet()
	if err != nil {
		return nil, nil, err
	}
	pre, err := f.pre.resolve(model, nil)
	if err != nil {
		return nil, nil, err
	}
	net, err := a.openNetwork(model, pre, set)
	var unsupported *onnx.UnsupportedError
	switch {
	case errors.As(err, &unsupported):
		var all []doctor.Check
		for _, n := range unsupported.Nodes {
			all = append(all, doctor.Check{Name: "model", Status: doctor.Problem, Finding: oneLine(n.String()),
				Mend: "export the network without this operator, or report the model"})
		}
		return nil, all, nil
	case err != nil:
		return nil, nil, err
	}
	values := 0
	for _, e := range net.Program().Edges() {
		values += e.Channels * e.Rows * e.Cols
	}
	return net, []doctor.Check{{Name: "model", Status: doctor.OK, Finding: fmt.Sprintf(
		"%s is supported: opset %d, input %v, %d edges (%s) with %d values per image, %s per image on one core",
		net.Name(), net.Graph().Opset, net.Graph().Input.Shape, len(net.Program().Edges()), set, values, fmt.Sprintf("%.3g ms", 1000*passTime(net)))}}, nil
}

// passTime is the shortest of three runs, in seconds.
func passTime(net *session.Network) float64 {
	x := tensor.New(net.Graph().Input.Shape...)
	best := time.Hour
	for range 3 {
		start := time.Now()
		if _, err := net.Program().Run(x, nil); err != nil {
			return 0 // what is wrong with the model shows elsewhere
		}
		best = min(best, time.Since(start))
	}
	return best.Seconds()
}

func (a *app) checkData(ctx context.Context, net *session.Network, f *doctorFlags) ([]doctor.Check, error) {
	s := doctor.Subject{Program: net.Program(), Preprocess: net.Preprocess(), Probabilities: f.probabilities, Images: f.images, Workers: a.workers}
	var err error
	if s.Data, err = dataset.Open(f.data); err != nil {
		return nil, err
	}
	if f.calib != "" {
		if s.Calib, err = dataset.Open(f.calib); err != nil {
			return nil, err
		}
	}
	bar := a.newProgress()
	defer bar.finish()
	s.Progress = func(phase string, done, total int) { bar.report(phase, "images", done, total) }
	return doctor.Examine(ctx, s)
}

func (a *app) printChecks(w io.Writer, checks []doctor.Check) error {
	s := a.styleOf(w)
	paint := map[doctor.Status]func(string) string{doctor.OK: s.good, doctor.Warning: s.warn, doctor.Problem: s.bad, doctor.Skipped: s.strong}
	for _, c := range checks {
		fmt.Fprintf(w, "%s  %s: %s\n", paint[c.Status](fmt.Sprintf("%-7s", c.Status)), c.Name, oneLine(c.Finding))
		if c.Mend != "" {
			fmt.Fprintf(w, "%-7s  try: %s\n", "", c.Mend)
		}
	}
	return nil
}
