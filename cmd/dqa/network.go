package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

// options are those of opening a network that all verbs share.
func (a *app) options(pre profile.Preprocess, set graph.EdgeSet, skip []string) session.Options {
	data := a.data
	data.MaxMemory = int64(a.MaxMemory)
	return session.Options{Preprocess: &pre, Edges: set, Skip: skip, Data: data, Output: a.output,
		Engine: session.Engine(a.engine), ORTLibrary: a.ortLib}
}

// complete adds what the flags say to opt, whose preprocessing is where theirs begins; nil is the model's own.
func (a *app) complete(model string, flags *preprocessFlags, opt session.Options) (session.Options, error) {
	pre, err := flags.resolve(model, opt.Preprocess)
	if err == nil && opt.Preprocess != nil {
		err = a.checkPreprocess(*opt.Preprocess, pre)
	}
	part, passing, lean := opt.Part, opt.Passing, opt.Lean
	opt = a.options(pre, opt.Edges, opt.Skip)
	opt.Part, opt.Passing, opt.Lean = part, passing, lean
	for _, text := range flags.inputs {
		name, value, e := session.ParseInput(text, opt.Data)
		if e != nil {
			return opt, fmt.Errorf("--input: %w", e)
		}
		if opt.Inputs == nil {
			opt.Inputs = map[string]*graph.Tensor{}
		}
		opt.Inputs[name] = value
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
		err = fmt.Errorf("--skip: %w", err)
	}
	return net, err
}

// openData opens a SPEC for the network and tells what the user should know of how it was read.
func (a *app) openData(net *session.Network, spec string) (*dataset.Inputs, error) {
	src, err := net.DataOptions().Open(spec)
	if err != nil {
		return nil, err
	}
	data, err := net.Inputs(dataset.Pick(src, a.images, pickSeed))
	if err != nil {
		return nil, err
	}
	for _, note := range data.Notes() {
		a.Note("%s", note)
	}
	if len(a.data.Classes) > 0 && dataset.ClassNames(src) == nil {
		a.Note("--classes does nothing for %s: only imagefolder: has class folders", spec)
	}
	if data.Len() < src.Len() {
		a.Note("%d of %d images are taken, spread by seed %d", data.Len(), src.Len(), pickSeed)
	}
	return data, nil
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

// pickSeed decides which images --images takes.
const pickSeed = 1

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

// completeModel makes the shell offer .onnx files and the built-in networks.
func completeModel(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return []string{"onnx"}, cobra.ShellCompDirectiveFilterFileExt
}
