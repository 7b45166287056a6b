package main

import (
	"context"
	"fmt"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/internal/cli"
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
	}
	onModel(cmd, func(model string) error {
		q, err := a.openQuantized(model, &pre, prof, dataset.IsTensors(spec))
		if err == nil && store != "" {
			q, err = a.storing(q, store)
		}
		if err != nil {
			return err
		}
		return a.encodeAll(cmd.Context(), q, spec, to, allowNonFinite)
	})
	pre.register(cmd, a)
	f := cmd.Flags()
	f.StringVar(&prof, "profile", "", "profile made by calibrate; - for standard input")
	f.StringVar(&store, "store", "", "profile of the edges that frames hold (default: that of --profile)")
	f.StringVar(&spec, "data", "", "images (SPEC), or npz:FILE[,FILE...]: tensors for a part; FILE may be -")
	f.StringVarP(&to, "output", "o", "", "folder for the frames, one per image, made if needed; - for standard output")
	f.BoolVar(&allowNonFinite, "allow-nonfinite", false, "go on when activations are NaN or infinite")
	cli.Required(cmd, "profile", "data", "output")
	return cmd
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
	opt := session.EncodeOptions{AllowNonFinite: allowNonFinite, Workers: a.workers, Progress: bar.Report}
	if to == cli.Pipe {
		return a.encodeToPipe(q, data, opt)
	}
	encoded, err := q.EncodeTo(ctx, to, data, opt)
	if err != nil {
		return err
	}
	return show(a, a.Out, encoded)
}

// encodeToPipe writes the frame of a single image to standard output.
func (a *app) encodeToPipe(q *session.Quantized, data session.Feed, opt session.EncodeOptions) error {
	if data.Len() != 1 {
		return fmt.Errorf("%w: %d images where standard output takes one: give a slice [a:b] or a folder", dataset.ErrSpec, data.Len())
	}
	frame, err := q.EncodeFirst(data, opt)
	if err != nil {
		return err
	}
	w, err := a.writeBytes(cli.Pipe, frame)
	if err != nil {
		return err
	}
	return show(a, w, q.Summary("standard output", 1, len(frame)))
}
