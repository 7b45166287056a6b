package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/calib"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/internal/atomicfile"
	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/onnx"
	"github.com/spf13/cobra"
)

const frameExt = ".dqaf"

func (a *app) encode() *cobra.Command {
	var (
		pre            preprocessFlags
		prof, spec, to string
		allowNonFinite bool
	)
	cmd := &cobra.Command{
		Use:     "encode MODEL.onnx --profile P.dqap --data SPEC -o DIR",
		Short:   "run the network and store the activations of every image as a frame",
		Example: `  dqa encode resnet32.onnx --profile resnet32.dqap --data 'cifar10:test.bin[0:10]' -o frames`,
		Args:    exactArgs("MODEL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := readProfile(prof)
			if err != nil {
				return err
			}
			resolved, err := resolvePreprocess(args[0], &pre, &p.Preprocess)
			if err != nil {
				return err
			}
			net, err := openNetwork(args[0], resolved, onnx.EdgeSet(p.EdgeSet))
			if err != nil {
				return err
			}
			if err := net.matches(prof, p); err != nil {
				return err
			}
			codec, err := dqa.NewCodec(p)
			if err != nil {
				return err
			}
			return a.encodeAll(cmd, net, codec, spec, to, allowNonFinite)
		},
	}
	pre.register(cmd)
	f := cmd.Flags()
	f.StringVar(&prof, "profile", "", "profile made by calibrate")
	f.StringVar(&spec, "data", "", "images (SPEC)")
	f.StringVarP(&to, "output", "o", "", "folder for the frames, one per image; made if needed")
	f.BoolVar(&allowNonFinite, "allow-nonfinite", false, "go on when activations are NaN or infinite")
	for _, name := range []string{"profile", "data", "output"} {
		must(cmd.MarkFlagRequired(name))
	}
	return cmd
}

// encoded is one image's frame.
type encoded struct {
	name  string
	frame []byte
}

func (a *app) encodeAll(cmd *cobra.Command, net *network, codec *dqa.Codec, spec, to string, allowNonFinite bool) error {
	data, err := net.openData(spec)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return fmt.Errorf("%w %s: %w", atomicfile.ErrWrite, to, err)
	}
	bar := a.newProgress()
	defer bar.finish()
	total := 0
	names := map[string]bool{}
	err = parallel.Ordered(cmd.Context(), data.Len(), a.workers, func(_, i int) (encoded, error) {
		return encodeImage(net, codec, data, i, allowNonFinite)
	}, func(i int, e encoded) error {
		name := frameName(e.name, i, names)
		total += len(e.frame)
		bar.report("encoding", i+1, data.Len())
		return atomicfile.WriteBytes(filepath.Join(to, name), e.frame)
	})
	if err != nil {
		return err
	}
	bar.finish()
	p := codec.Profile()
	_, err = fmt.Fprintf(a.out, "%d frames in %s, %.3f stored bits per value, %d bytes per image on average\n",
		data.Len(), to, 8*float64(total)/float64(data.Len())/float64(p.Elements()), total/data.Len())
	return err
}

func encodeImage(net *network, codec *dqa.Codec, data *dataset.Inputs, i int, allowNonFinite bool) (encoded, error) {
	ex, err := data.Example(i)
	if err != nil {
		return encoded{}, err
	}
	enc := codec.NewEncoder()
	if _, err := net.prog.Run(ex.Input, enc.Edge); err != nil {
		return encoded{}, fmt.Errorf("%s: %w", ex.Name, err)
	}
	if n := enc.NonFinite(); n > 0 && !allowNonFinite {
		return encoded{}, fmt.Errorf("%s: %w (%d values)", ex.Name, calib.ErrNonFinite, n)
	}
	frame, err := enc.AppendFrame(nil)
	return encoded{ex.Name, frame}, err
}

// frameName makes a file name of a sample's name, unique within the run.
func frameName(sample string, i int, used map[string]bool) string {
	base := filepath.Base(filepath.ToSlash(sample))
	base = strings.TrimSuffix(base, filepath.Ext(base))
	if base == "" || base == "." || used[base] {
		base = fmt.Sprintf("%s-%06d", base, i)
	}
	used[base] = true
	return base + frameExt
}
