package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/calib"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/internal/file"
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
		Use:   "encode MODEL.onnx --profile P.dqap --data SPEC -o DIR",
		Short: "run the network and store the activations of every image as a frame",
		Long: `encode runs the network on stored activations and writes one frame per image, named as the image. Preprocessing and
edges are those of the profile. With -o - the frame of a single image goes to standard output.`,
		Example: `  dqa encode resnet32.onnx --profile resnet32.dqap --data 'cifar10:test.bin[0:10]' -o frames
  dqa encode demo:classify --profile demo.dqap --data 'demo:classify[7:8]' -o - | dqa decode demo.dqap - -o edges.npz`,
		Args:              exactArgs("MODEL"),
		ValidArgsFunction: completeModel,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.readProfile(prof)
			if err != nil {
				return err
			}
			resolved, err := resolvePreprocess(args[0], &pre, &p.Preprocess)
			if err != nil {
				return err
			}
			net, err := a.openNetwork(args[0], resolved, onnx.EdgeSet(p.EdgeSet), p.Skip...)
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
			if net.prog, err = net.biased(p.Bias); err != nil {
				return err
			}
			return a.encodeAll(cmd, net, codec, spec, to, allowNonFinite)
		},
	}
	pre.register(cmd)
	f := cmd.Flags()
	f.StringVar(&prof, "profile", "", "profile made by calibrate; - for standard input")
	f.StringVar(&spec, "data", "", "images (SPEC)")
	f.StringVarP(&to, "output", "o", "", "folder for the frames, one per image, made if needed; - for standard output")
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
	if to == pipe {
		return a.encodeToPipe(net, codec, data, allowNonFinite)
	}
	if err := file.MkdirAll(to); err != nil {
		return err
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
		bar.report("encoding", "images", i+1, data.Len())
		return file.WriteBytes(filepath.Join(to, name), e.frame)
	})
	if err != nil {
		return err
	}
	bar.finish()
	return a.printEncoded(a.out, to, codec, data.Len(), total)
}

// encodeToPipe writes the frame of a single image to standard output.
func (a *app) encodeToPipe(net *network, codec *dqa.Codec, data *dataset.Inputs, allowNonFinite bool) error {
	if data.Len() != 1 {
		return fmt.Errorf("%w: %d images where standard output takes one: give a slice [a:b] or a folder", dataset.ErrSpec, data.Len())
	}
	e, err := encodeImage(net, codec, data, 0, allowNonFinite)
	if err != nil {
		return err
	}
	w, err := a.writeOutput(pipe, func(w io.Writer) error { _, err := w.Write(e.frame); return err })
	if err != nil {
		return err
	}
	return a.printEncoded(w, "standard output", codec, 1, len(e.frame))
}

// encodedFrames is what encode --json prints.
type encodedFrames struct {
	Output     string  `json:"output"`
	Frames     int     `json:"frames"`
	StoredBits float64 `json:"stored_bits"`
	FrameBytes float64 `json:"frame_bytes"` // mean
}

func (a *app) printEncoded(w io.Writer, to string, codec *dqa.Codec, frames, total int) error {
	mean := float64(total) / float64(frames)
	v := encodedFrames{to, frames, 8 * mean / float64(codec.Profile().Elements()), mean}
	return a.print(w, v, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%d frames in %s, %.3f stored bits per value, %.0f bytes per image on average\n",
			v.Frames, v.Output, v.StoredBits, v.FrameBytes)
		return err
	})
}

func encodeImage(net *network, codec *dqa.Codec, data *dataset.Inputs, i int, allowNonFinite bool) (encoded, error) {
	ex, err := data.Example(i)
	if err != nil {
		return encoded{}, err
	}
	enc := codec.NewEncoder()
	if _, err := net.prog.Run(ex.Input, enc.Hook); err != nil {
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
