package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

func (a *app) encode() *cobra.Command {
	var (
		pre                   preprocessFlags
		prof, store, spec, to string
		allowNonFinite        bool
	)
	cmd := &cobra.Command{
		Use:   "encode MODEL.onnx --profile P.dqap --data SPEC -o DIR",
		Short: "run the network and store the activations of every image as a frame",
		Long: `encode runs the network on stored activations and writes one frame per image, named as the image, and frames.json,
which tells which frame is which image. Preprocessing and edges are those of the profile. With -o - ` +
			`the frame of a single image goes to standard output.

Of the head of a cut (split --profile), frames need hold only what passes to the tail: with --store cut.dqap they do, while
the head computes with all edges stored, as --profile says.`,
		Example: `  dqa encode head.onnx --profile head.dqap --store cut.dqap --data dir:photos -o frames
  dqa encode resnet32.onnx --profile resnet32.dqap --data 'cifar10:test.bin[0:10]' -o frames
  dqa encode demo:classify --profile demo.dqap --data 'demo:classify[7:8]' -o - | dqa decode demo.dqap - -o edges.npz`,
		Args:              cli.ExactArgs("MODEL"),
		ValidArgsFunction: completeModel,
		RunE: func(cmd *cobra.Command, args []string) error {
			q, err := a.openQuantized(args[0], &pre, prof, dataset.IsTensors(spec))
			if err == nil && store != "" {
				q, err = a.storing(q, store)
			}
			if err != nil {
				return err
			}
			return a.encodeAll(cmd.Context(), q, spec, to, allowNonFinite)
		},
	}
	pre.register(cmd, a)
	f := cmd.Flags()
	f.StringVar(&prof, "profile", "", "profile made by calibrate; - for standard input")
	f.StringVar(&store, "store", "", "profile of the edges that frames hold (default: that of --profile)")
	f.StringVar(&spec, "data", "", "images (SPEC), or npz:FILE[,FILE...]: tensors for a part; FILE may be -")
	f.StringVarP(&to, "output", "o", "", "folder for the frames, one per image, made if needed; - for standard output")
	f.BoolVar(&allowNonFinite, "allow-nonfinite", false, "go on when activations are NaN or infinite")
	for _, name := range []string{"profile", "data", "output"} {
		cli.Must(cmd.MarkFlagRequired(name))
	}
	return cmd
}

// openQuantized opens the network of a profile and binds it; a part reads tensors, not images.
func (a *app) openQuantized(model string, pre *preprocessFlags, path string, part bool) (*session.Quantized, error) {
	p, err := a.readProfile(path)
	if err != nil {
		return nil, err
	}
	opt := session.OptionsOf(p)
	opt.Part = part
	net, err := a.open(model, pre, opt)
	if err != nil {
		return nil, err
	}
	return bind(net, path, p)
}

// storing makes frames of the edges of another profile alone.
func (a *app) storing(q *session.Quantized, path string) (*session.Quantized, error) {
	p, err := a.readProfile(path)
	if err != nil {
		return nil, err
	}
	if q, err = q.Storing(p); err != nil {
		return nil, fmt.Errorf("--store %s: %w", path, err)
	}
	return q, nil
}

func (a *app) encodeAll(ctx context.Context, q *session.Quantized, spec, to string, allowNonFinite bool) error {
	data, err := a.openFeed(q.Network(), spec)
	if err != nil {
		return err
	}
	bar := a.NewProgress()
	defer bar.Finish()
	opt := session.EncodeOptions{AllowNonFinite: allowNonFinite, Workers: a.workers, Progress: bar.Report}
	if to == cli.Pipe {
		return a.encodeToPipe(q, data, opt)
	}
	if err := file.MkdirAll(to); err != nil {
		return err
	}
	total := 0
	names := frameNames{}
	var manifest []session.FrameFile
	err = q.EncodeAll(ctx, data, opt, func(e session.Encoded) error {
		total += len(e.Frame)
		f := session.FrameFile{Frame: names.name(e.Name, e.Index), Image: e.Name, Index: e.Index}
		manifest = append(manifest, f)
		return file.WriteBytes(filepath.Join(to, f.Frame), e.Frame)
	})
	if err != nil {
		return err
	}
	bar.Finish()
	if err := file.Write(filepath.Join(to, session.ManifestName), func(w io.Writer) error { return cli.PrintJSON(w, manifest) }); err != nil {
		return err
	}
	return a.printEncoded(a.Out, to, q, len(manifest), total)
}

// encodeToPipe writes the frame of a single image to standard output.
func (a *app) encodeToPipe(q *session.Quantized, data session.Feed, opt session.EncodeOptions) error {
	if data.Len() != 1 {
		return fmt.Errorf("%w: %d images where standard output takes one: give a slice [a:b] or a folder", dataset.ErrSpec, data.Len())
	}
	name, inputs, err := data.Feed(0)
	if err != nil {
		return err
	}
	frame, _, err := q.NewEncoder(opt).EncodeInputs(nil, inputs)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	w, err := a.WriteOutput(cli.Pipe, func(w io.Writer) error { _, err := w.Write(frame); return err })
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
	return a.Print(w, v, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%d frames in %s, %.3f stored bits per value, %.0f bytes per image on average\n",
			v.Frames, v.Output, v.StoredBits, v.FrameBytes)
		return err
	})
}

// frameNames are those taken, in lower case: some systems take a.dqaf and A.dqaf for one file.
type frameNames map[string]bool

// name makes a file name of an image's: its base name, and its number where that is taken. Numbers have six digits, so that
// names sort as images do.
func (used frameNames) name(image string, i int) string {
	base := filepath.Base(filepath.ToSlash(image))
	base = cli.Visible(strings.TrimSuffix(base, filepath.Ext(base)))
	if n, err := strconv.ParseUint(base, 10, 31); err == nil && base == fmt.Sprint(n) {
		base = fmt.Sprintf("%06d", n)
	}
	name := base
	for n := i; base == "" || base == "." || used[strings.ToLower(name)]; n++ {
		if name = fmt.Sprintf("%s-%06d", base, n); !used[strings.ToLower(name)] {
			break
		}
	}
	used[strings.ToLower(name)] = true
	return name + session.FrameExt
}
