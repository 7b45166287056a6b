package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// preprocessFlags are the flags that say how images become inputs.
type preprocessFlags struct {
	file, size, resample, crop, mean, std, channels, layout, shape, ignore, shift, orientation string
	palette, classes                                                                           string
	divisor                                                                                    float32
	inputs                                                                                     []string
	set                                                                                        *pflag.FlagSet
	// of the program: palette and classes go there
	data *dataset.Options
}

func (p *preprocessFlags) register(cmd *cobra.Command, a *app) {
	p.data = &a.data
	f := cmd.Flags()
	f.StringVar(&p.file, "preprocess", "", "YAML file with the settings below (default: MODEL.yaml beside the model)")
	f.StringVar(&p.size, "size", "", "resize: 256 (shorter side) or 360x480 (height x width)")
	f.StringVar(&p.resample, "resize", "bilinear", "how --size computes: bilinear or bicubic, as Pillow, or letterbox, as ultralytics")
	f.StringVar(&p.crop, "crop", "", "centre crop after resizing: 224 or 224x224")
	f.StringVar(&p.mean, "mean", "", "per channel, in units of pixel/divisor: .485,.456,.406")
	f.StringVar(&p.std, "std", "", "per channel: .229,.224,.225")
	f.Float32Var(&p.divisor, "divisor", 255, "x = (pixel/divisor - mean) / std")
	f.StringVar(&p.channels, "channels", "rgb", "rgb, bgr or gray: what the network wants")
	f.StringVar(&p.layout, "layout", "nchw", "nchw or nhwc: what the network wants")
	f.StringVar(&p.shape, "shape", "", "input shape of a network with dynamic axes: 1,3,224,224")
	f.StringVar(&p.ignore, "ignore", "", "labels left out of scores, as they are in the data: 11 or -1,255")
	f.StringVar(&p.shift, "label-shift", "0", "added to the other labels: -1 where the data counts classes from 1; 1 where the network's class 0 is a background")
	f.StringVar(&p.orientation, "orientation", "exif", "exif: pictures are turned as their cameras wrote, or stored: they are not")
	f.StringVar(&a.output, "score-output", "", "output that is scored against labels (default: the one that fits them)")
	if slices.Contains([]string{"calibrate", "eval", "sweep", "run", "encode"}, cmd.Name()) {
		f.IntVar(&a.images, "images", 0, "images that are taken of every SPEC, spread over it by a seed (default: all)")
	}
	f.StringVar(&p.palette, "palette", "", "colours of the classes of coloured masks: '#000000,#ff0000', or a file with one colour a line")
	f.StringVar(&p.classes, "classes", "",
		"class folders of an imagefolder in the order of the network's classes: cat,dog, or a file with one a line (default: "+
			"classes.txt, else sorted)")
	f.StringArrayVar(&p.inputs, "input", nil, "value of an input that is no image: NAME=FILE.npy or NAME=NUMBER; may be given several times")
	cli.CompleteWords(cmd, "resize", "bilinear", "bicubic", "letterbox")
	cli.CompleteWords(cmd, "orientation", "exif", "stored")
	cli.CompleteWords(cmd, "channels", "rgb", "bgr", "gray")
	cli.CompleteWords(cmd, "layout", "nchw", "nhwc")
	p.set = f
}

// resolve starts from the file of --preprocess, else from base, else from the model's own, and applies the flags that were
// given.
func (p *preprocessFlags) resolve(model string, base *profile.Preprocess) (pre profile.Preprocess, err error) {
	switch {
	case p.file != "":
		pre, err = dataset.LoadPreprocess(p.file)
	case base != nil:
		pre = *base
	default:
		pre, err = session.DefaultPreprocess(model)
	}
	if err != nil {
		return pre, err
	}
	err = p.apply(&pre)
	return pre, err
}

func (p *preprocessFlags) apply(pre *profile.Preprocess) error {
	var err error
	set := func(name string, parse func() error) {
		if err == nil && p.set.Changed(name) {
			if e := parse(); e != nil {
				err = fmt.Errorf("--%s: %w", name, e)
			}
		}
	}
	set("size", func() (e error) { pre.Resize, e = dataset.ParseResize(p.size); return })
	set("resize", func() (e error) { pre.Resample, e = dataset.ParseResample(p.resample); return })
	set("crop", func() (e error) { pre.Crop, e = dataset.ParseCrop(p.crop); return })
	set("mean", func() (e error) { pre.Mean, e = dataset.ParseFloats(p.mean); return })
	set("std", func() (e error) { pre.Std, e = dataset.ParseFloats(p.std); return })
	set("divisor", func() error {
		pre.Divisor = p.divisor
		if p.divisor == 0 {
			return fmt.Errorf("%w: nothing is divided by 0", dataset.ErrPreprocess)
		}
		return nil
	})
	set("channels", func() error { pre.Channels = p.channels; return nil })
	set("layout", func() error { pre.Layout = p.layout; return nil })
	set("shape", func() (e error) { pre.Shape, e = dataset.ParseInts(p.shape); return })
	set("ignore", func() (e error) { pre.Ignore, e = dataset.ParseLabels(p.ignore); return })
	set("orientation", func() (e error) { pre.AsStored, e = dataset.ParseOrientation(p.orientation); return })
	set("label-shift", func() (e error) { pre.LabelShift, e = dataset.ParseLabelShift(p.shift); return })
	set("palette", func() (e error) { p.data.Palette, e = dataset.ParsePalette(p.palette); return })
	set("classes", func() (e error) { p.data.Classes, e = dataset.ParseClasses(p.classes); return })
	if err != nil {
		return err
	}
	if err := pre.Validate(); err != nil {
		return fmt.Errorf("%w: %w", dataset.ErrPreprocess, err)
	}
	return nil
}

// methodFlags are the settings that all methods share.
type methodFlags struct {
	ranking, scale, edges string
	unsigned, globalRatio bool
	allowNonFinite        bool
	seed                  uint64
	steps                 string
	channels              bool
	curves                string
	scalable              int
	skip, minBits         []string
}

func (m *methodFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&m.ranking, "ranking", "energy", "how channels are ranked (dqa): "+strings.Join(session.Rankings(), ", "))
	f.BoolVar(&m.globalRatio, "global-ratio", false, "r is the share of all values of the network, not of every edge's channels (dqa)")
	f.StringVar(&m.scale, "scale", "dynamic-channel", "dynamic-channel, dynamic-tensor, static-channel or static-tensor")
	f.BoolVar(&m.unsigned, "unsigned", false, "unsigned codes where values cannot be negative: one bit more for nothing")
	f.StringVar(&m.steps, "steps", "free", "free, or pow2: steps are powers of two (graded)")
	f.IntVar(&m.scalable, "scalable", 0, "low bits of codes that are stored apart, 0 to 4: a receiver may do without them (graded, direct)")
	f.BoolVar(&m.channels, "channel-steps", false, "a step per channel, by energy, for comparison (graded)")
	f.StringVar(&m.curves, "curves", "measured", "measured, or gradient: curves are predicted by derivatives (graded)")
	f.StringArrayVar(&m.minBits, "min-bits", nil, "EDGE=BITS: bits per value that the codes of an edge take at least; may be repeated (graded)")
	f.StringArrayVar(&m.skip, "skip", nil, "edge that stays float32 and is not stored: a name or a number of inspect; may be repeated")
	f.StringVar(&m.edges, "edges", "stored", "stored: what a fused runtime writes to memory; activations: outputs of activation functions (the paper)")
	f.Uint64Var(&m.seed, "seed", 1, "of every random choice")
	f.BoolVar(&m.allowNonFinite, "allow-nonfinite", false, "go on when activations are NaN or infinite")
	cli.CompleteWords(cmd, "ranking", session.Rankings()...)
	cli.CompleteWords(cmd, "scale", scaleNames()...)
	cli.CompleteWords(cmd, "curves", "measured", "gradient")
	cli.CompleteWords(cmd, "steps", "free", "pow2")
	cli.CompleteWords(cmd, "edges", string(graph.Stored), string(graph.Activations))
}

func scaleNames() (names []string) {
	for m := profile.DynamicChannel; m <= profile.StaticTensor; m++ {
		names = append(names, m.String())
	}
	return names
}

// options are those of opening a network.
func (m *methodFlags) options() (session.Options, error) {
	set, err := parseEdges(m.edges)
	return session.Options{Edges: set, Skip: m.skip}, err
}

func parseEdges(text string) (graph.EdgeSet, error) {
	switch s := graph.EdgeSet(text); s {
	case graph.Stored, graph.Activations:
		return s, nil
	}
	return "", fmt.Errorf("--edges: %w: %q", graph.ErrEdgeSet, text)
}
