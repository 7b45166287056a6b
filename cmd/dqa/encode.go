package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/session"
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
		Long: `encode runs the network on stored activations and writes one frame per image, named as the image, and frames.json,
which tells which frame is which image. Preprocessing and edges are those of the profile. With -o - the frame of a single image goes to standard output.`,
		Example: `  dqa encode resnet32.onnx --profile resnet32.dqap --data 'cifar10:test.bin[0:10]' -o frames
  dqa encode demo:classify --profile demo.dqap --data 'demo:classify[7:8]' -o - | dqa decode demo.dqap - -o edges.npz`,
		Args:              exactArgs("MODEL"),
		ValidArgsFunction: completeModel,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.readProfile(prof)
			if err != nil {
				return err
			}
			net, err := a.open(args[0], &pre, session.OptionsOf(p))
			if err != nil {
				return err
			}
			q, err := bind(net, prof, p)
			if err != nil {
				return err
			}
			return a.encodeAll(cmd.Context(), q, spec, to, allowNonFinite)
		},
	}
	pre.register(cmd, a)
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

func (a *app) encodeAll(ctx context.Context, q *session.Quantized, spec, to string, allowNonFinite bool) error {
	data, err := a.openData(q.Network(), spec)
	if err != nil {
		return err
	}
	bar := a.newProgress()
	defer bar.finish()
	opt := session.EncodeOptions{AllowNonFinite: allowNonFinite, Workers: a.workers, Progress: bar.report}
	if to == pipe {
		return a.encodeToPipe(q, data, opt)
	}
	if err := file.MkdirAll(to); err != nil {
		return err
	}
	total := 0
	names := frameNames{}
	var manifest []framed
	err = q.EncodeAll(ctx, data, opt, func(e session.Encoded) error {
		total += len(e.Frame)
		f := framed{names.name(e.Name, e.Index), e.Name, e.Index}
		manifest = append(manifest, f)
		return file.WriteBytes(filepath.Join(to, f.Frame), e.Frame)
	})
	if err != nil {
		return err
	}
	bar.finish()
	if err := file.Write(filepath.Join(to, manifestName), func(w io.Writer) error { return printJSON(w, manifest) }); err != nil {
		return err
	}
	return a.printEncoded(a.out, to, q, len(manifest), total)
}

// manifestName is the file beside frames that tells which is which image.
const manifestName = "frames.json"

// framed is a line of the manifest.
type framed struct {
	Frame string `json:"frame"` // file beside the manifest
	Image string `json:"image"` // as the data names it
	Index int    `json:"index"` // in the data
}

// encodeToPipe writes the frame of a single image to standard output.
func (a *app) encodeToPipe(q *session.Quantized, data *dataset.Inputs, opt session.EncodeOptions) error {
	if data.Len() != 1 {
		return fmt.Errorf("%w: %d images where standard output takes one: give a slice [a:b] or a folder", dataset.ErrSpec, data.Len())
	}
	ex, err := data.Example(0)
	if err != nil {
		return err
	}
	frame, _, err := q.NewEncoder(opt).Encode(nil, ex.Input)
	if err != nil {
		return fmt.Errorf("%s: %w", ex.Name, err)
	}
	w, err := a.writeOutput(pipe, func(w io.Writer) error { _, err := w.Write(frame); return err })
	if err != nil {
		return err
	}
	return a.printEncoded(w, "standard output", q, 1, len(frame))
}

// encodedFrames is what encode --json prints.
type encodedFrames struct {
	Output     string  `json:"output"`
	Frames     int     `json:"frames"`
	StoredBits float64 `json:"stored_bits"`
	FrameBytes float64 `json:"frame_bytes"` // mean
}

func (a *app) printEncoded(w io.Writer, to string, q *session.Quantized, frames, total int) error {
	mean := float64(total) / float64(frames)
	v := encodedFrames{to, frames, 8 * mean / float64(q.Codec().Profile().Elements()), mean}
	return a.print(w, v, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%d frames in %s, %.3f stored bits per value, %.0f bytes per image on average\n",
			v.Frames, v.Output, v.StoredBits, v.FrameBytes)
		return err
	})
}

// frameNames are those taken, in lower case: some systems take a.dqaf and A.dqaf for one file.
type frameNames map[string]bool

// name makes a file name of an image's: its base name, and its number where that is taken.
func (used frameNames) name(image string, i int) string {
	base := filepath.Base(filepath.ToSlash(image))
	base = visible(strings.TrimSuffix(base, filepath.Ext(base)))
	name := base
	for n := i; base == "" || base == "." || used[strings.ToLower(name)]; n++ {
		if name = fmt.Sprintf("%s-%06d", base, n); !used[strings.ToLower(name)] {
			break
		}
	}
	used[strings.ToLower(name)] = true
	return name + frameExt
}
