package main

import (
	"context"
	"fmt"

	"github.com/dqa-go/dqa/calib"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/internal/atomicfile"
	"github.com/dqa-go/dqa/profile"
	"github.com/spf13/cobra"
)

func (a *app) calibrate() *cobra.Command {
	var (
		pre                   preprocessFlags
		set                   methodFlags
		data, out, methodName string
		bits                  int
		coder                 string
	)
	cmd := &cobra.Command{
		Use:   "calibrate MODEL.onnx --data SPEC -o P.dqap",
		Short: "learn a profile from unlabelled images",
		Example: `  dqa calibrate resnet32.onnx --data 'cifar10:calib.bin[0:256]' -o resnet32.dqap
  dqa calibrate demo:classify --data 'demo:classify[0:128]' --bits 4 -o demo.dqap`,
		Args: exactArgs("MODEL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			setting, err := set.setting(methodName, bits)
			if err != nil {
				return &usageError{cmd, err}
			}
			c, err := parseCoder(coder, setting)
			if err != nil {
				return &usageError{cmd, err}
			}
			net, err := a.networkFor(args[0], &pre, &set)
			if err != nil {
				return err
			}
			source, err := net.openData(data)
			if err != nil {
				return err
			}
			plan, err := a.plan(cmd.Context(), net, source, setting, &set)
			if err != nil {
				return err
			}
			p := plan.Profile(c)
			if err := net.origin(p, source); err != nil {
				return err
			}
			encoded := p.Append(nil)
			if err := atomicfile.WriteBytes(out, encoded); err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.out, "%s: %s for %s, %d edges, %d values per image, calibrated on %d images, seed %d, %d bytes\n",
				out, describe(p.Method), net.name, len(p.Edges), p.Elements(), p.Data.Images, p.Seed, len(encoded))
			return err
		},
	}
	pre.register(cmd)
	set.register(cmd)
	f := cmd.Flags()
	f.StringVar(&data, "data", "", "calibration images (SPEC); labels are not used")
	f.StringVarP(&out, "output", "o", "", "profile to write")
	f.StringVar(&methodName, "method", "dqa", "direct or dqa")
	f.IntVar(&bits, "bits", 3, "n: bits of a code, 2 to 8")
	f.StringVar(&coder, "coder", "", "raw, huffman-errors or huffman (default: as the paper stores it)")
	must(cmd.MarkFlagRequired("data"))
	must(cmd.MarkFlagRequired("output"))
	return cmd
}

// networkFor opens the network with the flags' preprocessing and edge set.
func (a *app) networkFor(model string, pre *preprocessFlags, set *methodFlags) (*network, error) {
	edges, err := set.edgeSet()
	if err != nil {
		return nil, err
	}
	resolved, err := resolvePreprocess(model, pre, nil)
	if err != nil {
		return nil, err
	}
	return openNetwork(model, resolved, edges)
}

// must is for errors that only a bug in this program can cause.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// describe names a setting as people do: "dqa 3+3 bits, r 0.5, energy".
func describe(m profile.Method) string {
	s := fmt.Sprintf("%s %d bits", m.Name, m.Bits)
	if m.ExtraBits > 0 {
		s = fmt.Sprintf("%s %d+%d bits, r %g, %s", m.Name, m.Bits, m.ExtraBits, m.Ratio, m.Ranking)
	}
	if m.Unsigned {
		s += ", unsigned"
	}
	return s + ", " + m.Scale.String()
}

// paperCoder is how the paper stores a method: raw codes, Huffman-coded shift errors.
func paperCoder(m profile.Method) profile.Coder {
	if m.ExtraBits > 0 {
		return profile.HuffmanErrors
	}
	return profile.Raw
}

func parseCoder(name string, m profile.Method) (profile.Coder, error) {
	if name == "" {
		return paperCoder(m), nil
	}
	return profile.ParseCoder(name)
}

// plan calibrates one setting.
func (a *app) plan(ctx context.Context, net *network, data *dataset.Inputs, setting profile.Method, set *methodFlags) (*calib.Plan, error) {
	bar := a.newProgress()
	defer bar.finish()
	return calib.Calibrate(ctx, net.prog, data, calib.Options{
		Method: setting, Seed: set.seed, Workers: a.workers, AllowNonFinite: set.allowNonFinite,
		Progress: func(phase string, done, total int) { bar.report("calibrating: "+phase, done, total) },
	})
}
