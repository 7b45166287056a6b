//go:build !device

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/features"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/faults"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

const axesHelp = `what the axes are, a letter each: N the rows, C the channels, others positions ` +
	`(default: N, NC, NTC or NCHW by their number)`

// openRows opens arrays, which are one behind the other.
func (a *app) openRows(paths []string) (features.Rows, error) {
	opt := a.data
	opt.MaxMemory = int64(a.MaxMemory)
	var all []features.Rows
	paths, err := expand(paths)
	if err != nil {
		return nil, err
	}
	for _, p := range paths {
		x, err := dataset.OpenArray(p, opt)
		if err != nil {
			return nil, err
		}
		all = append(all, x)
	}
	return features.Concat(all...)
}

// expand replaces patterns of files by what they match, in the order of names, for those whom no shell has done it.
func expand(paths []string) (all []string, err error) {
	for _, p := range paths {
		found := []string{p}
		if _, err := os.Stat(p); err != nil && strings.ContainsAny(p, "*?") {
			if found, err = filepath.Glob(p); err != nil || len(found) == 0 {
				return nil, fmt.Errorf("%w: nothing matches %s", dataset.ErrMissing, p)
			}
		}
		all = append(all, found...)
	}
	return all, nil
}

// packed opens what is to be packed: arrays, or one that comes through standard input, whose rows one worker reads in order.
func (a *app) packed(args []string) (x features.Rows, again func() (features.Rows, error), err error) {
	if len(args) == 1 && args[0] == cli.Pipe {
		x, err = dataset.OpenStream("standard input", a.In)
		return x, nil, err
	}
	again = func() (features.Rows, error) { return a.openRows(args) }
	x, err = again()
	return x, again, err
}

// fitFlags are those of the verb.
type fitFlags struct {
	axes, coder, out, head, labels string
	transform                      string
	force                          bool
	seed                           uint64
	goals                          map[features.Kind]*float64
}

func (a *app) fit() *cobra.Command {
	f := fitFlags{goals: map[features.Kind]*float64{}}
	cmd := &cobra.Command{
		Use:   "fit X.npy [X2.npy...] -o P.dqap",
		Short: "a profile for arrays of features, without a network",
		Long: `fit finds the coarsest step that keeps to one objective, and teaches a coder, on half of the rows (chosen by their numbers,
of many rows a sample of them). What it tells is measured on the other half. "dqa pack" stores arrays by the profile.

Objectives: --bits, stored bits per value at most; --max-error, squared error relative to the squares of the values;
--min-cosine, mean cosine of rows; --min-neighbours, share of the ten nearest neighbours that stay; --max-loss, points of
accuracy that your own head (an ONNX network from one row to classes) loses on --labels.

--transform pca decorrelates the channels of every position before they are quantized, by an orthogonal matrix that lies in the
profile: embeddings often take half of the bytes then. auto measures both, and keeps pca where the whole array and the profile
take fewer bytes at the same objective.`,
		Example: `  dqa fit embeddings.npy --max-error 0.01 -o embeddings.dqap
  dqa fit hidden.npy --axes NTC --min-cosine 0.999 -o hidden.dqap
  dqa fit features.npy --max-loss 0.5 --head head.onnx --labels y.npy -o features.dqap`,
		Args: atLeastOne("an array"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.runFit(cmd, args, &f) },
	}
	flags := cmd.Flags()
	for _, g := range []struct {
		kind features.Kind
		help string
	}{
		{features.Bits, "stored bits per value, at most"},
		{features.MaxError, "relative squared error, at most: 0.01"},
		{features.MinCosine, "mean cosine of rows, at least: 0.999"},
		{features.MinNeighbours, "share of nearest neighbours that stay, at least: 0.95"},
		{features.MaxLoss, "points of accuracy lost by --head, at most: 0.5"},
	} {
		f.goals[g.kind] = flags.Float64(string(g.kind), 0, g.help)
	}
	cmd.MarkFlagsMutuallyExclusive("bits", "max-error", "min-cosine", "min-neighbours", "max-loss")
	cmd.MarkFlagsOneRequired("bits", "max-error", "min-cosine", "min-neighbours", "max-loss")
	flags.StringVar(&f.axes, "axes", "", axesHelp)
	flags.StringVar(&f.head, "head", "", "ONNX network from one row to a score per class")
	flags.StringVar(&f.labels, "labels", "", "array of the rows' classes, from 0 on")
	flags.StringVar(&f.coder, "coder", "", "fast, small, smallest, or slow smallest2 (default: the fastest other that takes hardly more bits)")
	flags.StringVar(&f.transform, "transform", string(features.TransformNone), "none, pca (principal axes of channels), or auto: the smaller")
	flags.Uint64Var(&f.seed, "seed", 1, "of the choice of rows, where there are many")
	flags.StringVarP(&f.out, "output", "o", "", "profile to write; - for standard output")
	flags.BoolVar(&f.force, "force", false, "overwrite the profile")
	cmd.MarkFlagsRequiredTogether("head", "labels")
	cli.CompleteWords(cmd, "coder", "fast", "small", "smallest", "smallest2")
	cli.CompleteWords(cmd, "transform", "none", "pca", "auto")
	cli.Must(cmd.MarkFlagRequired("output"))
	return cmd
}

func atLeastOne(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cli.Usage(cmd, fmt.Errorf("%s is missing", what))
		}
		return nil
	}
}

func (a *app) runFit(cmd *cobra.Command, args []string, f *fitFlags) error {
	if _, err := os.Stat(f.out); err == nil && !f.force && f.out != cli.Pipe {
		return fmt.Errorf("%s: %w", f.out, faults.ErrExists)
	}
	x, err := a.openRows(args)
	if err != nil {
		return err
	}
	bar := a.NewProgress()
	opt := features.Options{
		Axes: features.Axes(strings.ToUpper(f.axes)), CoderName: f.coder, Seed: f.seed, Name: filepath.Base(args[0]), Tool: session.Version,
		Progress: bar.Report, Transform: features.TransformName(f.transform),
	}
	for kind, goal := range f.goals {
		if cmd.Flags().Changed(string(kind)) {
			opt.Objective = features.Objective{Kind: kind, Goal: *goal}
		}
	}
	if f.head != "" {
		head, err := session.OpenHead(f.head, f.labels, x.Shape(), a.data)
		if err != nil {
			return err
		}
		opt.Score = head.Score
	}
	fitted, err := features.Fit(cmd.Context(), x, opt)
	bar.Finish()
	if err != nil {
		return err
	}
	b, err := fitted.Profile.Encode()
	if err != nil {
		return err
	}
	w, err := a.writeBytes(f.out, b)
	if err != nil {
		return err
	}
	v := fitted.Summary(f.out, len(b))
	return a.Print(w, v, v.WriteText)
}

func (a *app) packVerb() *cobra.Command {
	var axes, prof, out string
	cmd := &cobra.Command{
		Use:   "pack X.npy [X2.npy...] --profile P.dqap -o X.zarr",
		Short: "store arrays of features in few bits, with a certificate of what that costs",
		Long: `pack stores arrays, one behind the other, as one Zarr array (version 3, sharded) in a folder, or in a zip file if its name
ends in .zip; - reads one array from standard input, patterns of names match files. Any row can be read alone. Its attributes
hold a certificate: digests of array and profile, stored bits, and the loss measured on rows that taught no profile. A store
that was stopped is gone on with by the same command, and is the same, byte for byte.

-o - writes a stream of frames to standard output instead, which "dqa unpack -" reads: for pipes. It has no certificate.`,
		Example: `  dqa pack embeddings.npy --profile embeddings.dqap -o embeddings.zarr
  dqa pack part-*.npy --profile hidden.dqap -o hidden.zarr.zip
  python3 embed.py | dqa pack - --profile embeddings.dqap -o embeddings.zarr   # numpy.save(sys.stdout.buffer, x)
  dqa pack x.npy --profile P.dqap -o - | ssh far dqa unpack - --profile P.dqap -o x.npy`,
		Args: atLeastOne("an array"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.readProfile(prof)
			if err != nil {
				return err
			}
			if args, err = expand(args); err != nil {
				return err
			}
			x, again, err := a.packed(args)
			if err != nil {
				return err
			}
			bar := a.NewProgress()
			opt := a.packOptions(bar)
			opt.Axes, opt.Source, opt.Open = features.Axes(strings.ToUpper(axes)), sourceOf(args), again
			if out == cli.Pipe {
				return a.stream(out, func(w io.Writer) (*features.StreamSummary, error) {
					return features.PackStream(cmd.Context(), w, x, p, opt)
				})
			}
			c, err := features.Pack(cmd.Context(), out, x, p, opt)
			bar.Finish()
			if err != nil {
				return err
			}
			return a.Print(a.Out, c, func(w io.Writer) error { return c.WriteText(w, out) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&axes, "axes", "", axesHelp)
	flags.StringVar(&prof, "profile", "", "profile made by fit")
	flags.StringVarP(&out, "output", "o", "", "folder X.zarr, or file X.zarr.zip, to write; - for a stream to standard output")
	cli.Required(cmd, "profile", "output")
	return cmd
}

func (a *app) packOptions(bar *cli.Progress) features.PackOptions {
	return features.PackOptions{
		Tool: session.Version, Workers: a.workers, Limits: dqa.Limits{MaxMemory: int64(a.MaxMemory)}, Progress: bar.Report,
	}
}

// stream writes a stream, or what it held, and tells what it was.
func (a *app) stream(out string, fill func(io.Writer) (*features.StreamSummary, error)) error {
	var v *features.StreamSummary
	w, err := a.WriteOutput(out, func(w io.Writer) (err error) {
		v, err = fill(w)
		return err
	})
	if err != nil {
		return err
	}
	return a.Print(w, v, v.WriteText)
}

// unpackStream reads a stream from standard input.
func (a *app) unpackStream(cmd *cobra.Command, prof, rows, out string) error {
	switch {
	case prof == "":
		return cli.Usage(cmd, errors.New("a stream is read with --profile, the one that it was packed with"))
	case rows != "":
		return cli.Usage(cmd, errors.New("a stream has no rows to read alone: --rows needs a store"))
	}
	p, err := a.readProfile(prof)
	if err != nil {
		return err
	}
	return a.stream(out, func(w io.Writer) (*features.StreamSummary, error) {
		return features.UnpackStream(cmd.Context(), w, a.In, p, a.packOptions(a.NewProgress()))
	})
}

func sourceOf(args []string) string {
	names := make([]string, len(args))
	for i, p := range args {
		names[i] = filepath.Base(p)
	}
	return strings.Join(names, " ")
}

// openStore opens a store; prof is the profile that it must be of, "": whichever.
func (a *app) openStore(name, prof string) (*features.Store, error) {
	var p *profile.Profile
	if prof != "" {
		var err error
		if p, err = a.readProfile(prof); err != nil {
			return nil, err
		}
	}
	return features.OpenStore(name, p, dqa.Limits{MaxMemory: int64(a.MaxMemory)})
}

func (a *app) unpack() *cobra.Command {
	var rows, prof, out string
	cmd := &cobra.Command{
		Use:   "unpack X.zarr -o X.npy",
		Short: "read features of a store back as a NumPy array",
		Long: `unpack writes the array of a store, or some of its rows, as a .npy file. - instead of the store reads a stream of
"dqa pack -o -" from standard input, by the --profile that it was packed with, in bounded memory.`,
		Example: `  dqa unpack embeddings.zarr -o embeddings.npy
  dqa unpack embeddings.zarr --rows 1000:1010 -o rows.npy`,
		Args: cli.ExactArgs("the store"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] == cli.Pipe {
				return a.unpackStream(cmd, prof, rows, out)
			}
			s, err := a.openStore(args[0], prof)
			if err != nil {
				return err
			}
			defer s.Close()
			from, to, err := features.ParseRows(rows, s.Shape()[0])
			if err != nil {
				return err
			}
			bar := a.NewProgress()
			w, err := a.WriteOutput(out, func(w io.Writer) error { return s.Unpack(cmd.Context(), w, from, to, bar.Report) })
			bar.Finish()
			if err != nil {
				return err
			}
			v := unpacked{out, append([]int{to - from}, s.Shape()[1:]...)}
			return a.Print(w, v, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "%s  float32 %v\n", v.Output, v.Shape)
				return err
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&rows, "rows", "", "rows a:b instead of all")
	flags.StringVar(&prof, "profile", "", "refuse a store of another profile than this one")
	flags.StringVarP(&out, "output", "o", "", "NumPy file to write; - for standard output")
	cli.Must(cmd.MarkFlagRequired("output"))
	return cmd
}

// unpacked is what unpack tells.
type unpacked struct {
	Output string `json:"output"`
	Shape  []int  `json:"shape"`
}

func (a *app) verify() *cobra.Command {
	var prof string
	var against []string
	cmd := &cobra.Command{
		Use:   "verify X.zarr [--against X.npy]",
		Short: "check a store of features, and its certificate against the array",
		Long: `verify decodes every chunk of a store. With --against it also checks that the certificate is of exactly this array (or of
several, in the order of pack), and measures the loss anew on the rows that the certificate stands on.

Exit code 5: something does not hold.`,
		Args: cli.ExactArgs("the store"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := a.openStore(args[0], prof)
			if err != nil {
				return err
			}
			defer s.Close()
			var x features.Rows
			if len(against) > 0 {
				if x, err = a.openRows(against); err != nil {
					return err
				}
			}
			bar := a.NewProgress()
			v, err := s.Verify(cmd.Context(), x, bar.Report)
			bar.Finish()
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			return a.Print(a.Out, v, func(w io.Writer) error { return v.WriteText(w, args[0], s) })
		},
	}
	cmd.Flags().StringSliceVar(&against, "against", nil, "the array that was packed")
	cmd.Flags().StringVar(&prof, "profile", "", "refuse a store of another profile than this one")
	return cmd
}
