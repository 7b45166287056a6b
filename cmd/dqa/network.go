package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/text"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

// warn tells at once what may make all that follows worthless; reports tell it again.
func (a *app) warn(warning, hint string) {
	a.warnings = append(a.warnings, warning)
	a.Warn(warning, hint)
}

// complete adds what the flags say to opt, whose preprocessing is where theirs begins; nil is the model's own.
func (a *app) complete(model string, flags *preprocessFlags, opt session.Options) (session.Options, error) {
	pre, err := flags.resolve(model, opt.Preprocess)
	if err == nil && opt.Preprocess != nil {
		var warning string
		if warning, err = session.CheckPreprocess(*opt.Preprocess, pre); warning != "" {
			a.warn(warning, "leave these flags out, unless these images are stored in another way than those were")
		}
	}
	opt.Preprocess, opt.Output, opt.Engine, opt.ORTLibrary, opt.Data = &pre, a.output, session.Engine(a.engine), a.ortLib, a.data
	opt.Data.MaxMemory = int64(a.MaxMemory)
	if err != nil {
		return opt, err
	}
	if opt.Inputs, err = session.ParseInputs(flags.inputs, opt.Data); err != nil {
		err = fmt.Errorf("--input: %w", err)
	}
	return opt, err
}

// open loads MODEL, which is a file or the name of a built-in network.
func (a *app) open(model string, flags *preprocessFlags, opt session.Options) (*session.Network, error) {
	own := session.PreprocessFile(model)
	if flags.file == "" && opt.Preprocess == nil && own != "" {
		a.Note("preprocessing is that of %s", own)
	}
	opt, err := a.complete(model, flags, opt)
	if err != nil {
		return nil, err
	}
	net, err := session.Open(model, opt)
	if errors.Is(err, session.ErrNoEdge) {
		err = fmt.Errorf("--skip or --cut: %w", err)
	}
	return net, err
}

// opened is a network in float32 or on stored activations.
type opened interface {
	Pack(session.PackOptions) (*session.Packed, error)
	NewRunner(session.PackOptions) (*session.Runner, error)
	SplitTo(at, dir string) (*session.CutFiles, error)
}

// openEither opens the network of a profile, or where there is none one with these edges; a part reads tensors, not images.
func (a *app) openEither(model string, pre *preprocessFlags, prof, edges string, part bool) (opened, error) {
	if prof != "" {
		return a.openQuantized(model, pre, prof, part)
	}
	set, err := parseEdges(edges)
	if err != nil {
		return nil, err
	}
	return a.open(model, pre, session.Options{Edges: set, Part: part, Lean: true})
}

// openQuantized opens the network of a profile and binds it.
func (a *app) openQuantized(model string, pre *preprocessFlags, path string, part bool) (*session.Quantized, error) {
	net, p, err := a.openWith(model, pre, path, session.Options{Part: part, Lean: true})
	if err != nil {
		return nil, err
	}
	return bind(net, path, p)
}

// openWith opens a network as its profile says, or where path is "" as opt does; p is nil then.
func (a *app) openWith(
	model string, pre *preprocessFlags, path string, opt session.Options,
) (net *session.Network, p *profile.Profile, err error) {
	if path != "" {
		if p, err = a.readProfile(path); err != nil {
			return nil, nil, err
		}
		part, lean := opt.Part, opt.Lean
		opt = session.OptionsOf(p)
		opt.Part, opt.Lean = part, lean
	}
	net, err = a.open(model, pre, opt)
	return net, p, err
}

// openData opens a SPEC for the network and tells what the user should know of how it was read.
func (a *app) openData(net *session.Network, spec string) (*dataset.Inputs, error) {
	data, notes, err := net.Some(spec, a.images)
	for _, note := range notes {
		a.Note("%s", note)
	}
	return data, err
}

// openFeed opens what a network or a part of one is to run on: a SPEC of images, or npz: and archives of tensors.
func (a *app) openFeed(net *session.Network, spec string) (session.Feed, error) {
	if !dataset.IsTensors(spec) {
		return a.openData(net, spec)
	}
	if a.images > 0 {
		return nil, fmt.Errorf("%w: --images takes some of a SPEC of images; of %s take a slice [a:b]", dataset.ErrSpec, spec)
	}
	var stdin []byte
	if dataset.ReadsStdin(spec) {
		var err error
		if stdin, err = a.ReadInput(cli.Pipe, cli.ArchiveMagic); err != nil {
			return nil, err
		}
	}
	return net.OpenTensors(spec, stdin)
}

// show prints a result; names in its text are visible.
func show[T interface{ WriteText(io.Writer) error }](a *app, w io.Writer, v T) error {
	return a.Print(w, v, text.AllVisible(v).WriteText)
}

// writeBytes writes a file or standard output. It returns where the summary goes.
func (a *app) writeBytes(path string, b []byte) (summary io.Writer, err error) {
	return a.WriteOutput(path, func(w io.Writer) error { _, err := w.Write(b); return err })
}

// readProfile reads a .dqap file or standard input.
func (a *app) readProfile(path string) (*profile.Profile, error) {
	b, err := a.ReadInput(path, cli.ProfileMagic)
	if err != nil {
		return nil, err
	}
	p, err := profile.Parse(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// bind makes the network compute as the profile says that was read from path.
func bind(net *session.Network, path string, p *profile.Profile) (*session.Quantized, error) {
	q, err := net.Bind(p)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return q, nil
}

// onModel makes cmd a verb on one MODEL; the shell offers .onnx files.
func onModel(cmd *cobra.Command, run func(model string) error) {
	cmd.Args = cli.ExactArgs("MODEL")
	cmd.ValidArgsFunction = completeModel
	cmd.RunE = func(_ *cobra.Command, args []string) error { return run(args[0]) }
}

// completeModel makes the shell offer .onnx files and the built-in networks.
func completeModel(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return []string{"onnx"}, cobra.ShellCompDirectiveFilterFileExt
}

const specHelp = `Data is named by a SPEC:
  cifar10:FILE.bin          original binary format
  dir:DIR                   images in a folder and those below it, no labels
  imagefolder:DIR           one sub-folder per class, sorted or as in its classes.txt
  images:LIST               lines of: path, class index (separated by tabs, commas or spaces)
  masks:IMAGES,LABELS       two folders of equal names, or two arrays
  npy:X  or  npy:X,Y        arrays of images, and labels or masks: .npy, .npz or FILE.npz:NAME
  demo:classify, demo:segment
  corrupt:KIND:SEVERITY:SPEC  images made worse, as in CIFAR-10-C: corrupt:fog:3:demo:classify (severity 1 to 5)
  npz:FILE[,FILE...]        tensors that run and decode wrote, for the tail of a cut (run, encode)
A trailing [a:b] takes images a to b-1, [a:b:s] every s-th of them; "," "[" and "\" in a path are quoted with "\".
`
