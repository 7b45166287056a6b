package main

import (
	"fmt"
	"slices"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// preprocessFlags are the flags that say how images become inputs. Those of dataset.Settings have no variables: their texts are read
// where they are given.
type preprocessFlags struct {
	file, palette, classes string
	divisor                float32
	inputs                 []string
	set                    *pflag.FlagSet
	data                   *dataset.Options // of the program: palette and classes go there
}

func (p *preprocessFlags) register(cmd *cobra.Command, a *app) {
	p.data = &a.data
	f := cmd.Flags()
	p.set = f
	f.StringVar(&p.file, "preprocess", "", "YAML file with the settings below (default: MODEL.yaml beside the model)")
	f.Float32Var(&p.divisor, "divisor", 255, "x = (pixel/divisor - mean) / std")
	for _, s := range []struct{ name, value, usage string }{
		{"size", "", "resize: 256 (shorter side) or 360x480 (height x width)"},
		{"resize", "bilinear", "how --size computes: bilinear or bicubic, as Pillow, or letterbox, as ultralytics"},
		{"crop", "", "centre crop after resizing: 224 or 224x224"},
		{"mean", "", "per channel, in units of pixel/divisor: .485,.456,.406"},
		{"std", "", "per channel: .229,.224,.225"},
		{"channels", "rgb", "rgb, bgr or gray: what the network wants"},
		{"layout", "nchw", "nchw or nhwc: what the network wants"},
		{"shape", "", "input shape of a network with dynamic axes: 1,3,224,224"},
		{"ignore", "", "labels left out of scores, as they are in the data: 11 or -1,255"},
		{"label-shift", "0", "added to the other labels: -1 where the data counts classes from 1; 1 where the network's class 0 is a background"},
		{"orientation", "exif", "exif: pictures are turned as their cameras wrote, or stored: they are not"},
	} {
		f.String(s.name, s.value, s.usage)
	}
	f.StringVar(&a.output, "score-output", "", "output that is scored against labels (default: the one that fits them)")
	if slices.Contains([]string{"calibrate", "eval", "sweep", "run", "encode", "drift"}, cmd.Name()) {
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

func (p *preprocessFlags) apply(pre *profile.Preprocess) (err error) {
	p.set.Visit(func(f *pflag.Flag) {
		if err != nil {
			return
		}
		switch f.Name {
		case "divisor":
			if pre.Divisor = p.divisor; p.divisor == 0 {
				err = fmt.Errorf("%w: nothing is divided by 0", dataset.ErrPreprocess)
			}
		case "palette":
			p.data.Palette, err = dataset.ParsePalette(p.palette)
		case "classes":
			p.data.Classes, err = dataset.ParseClasses(p.classes)
		default:
			if dataset.IsSetting(f.Name) {
				err = dataset.Setting{Name: f.Name, Value: f.Value.String()}.Apply(pre)
			}
		}
		if err != nil {
			err = fmt.Errorf("--%s: %w", f.Name, err)
		}
	})
	if err != nil {
		return err
	}
	if err := pre.Validate(); err != nil {
		return fmt.Errorf("%w: %w", dataset.ErrPreprocess, err)
	}
	return nil
}

func edgesFlag(cmd *cobra.Command, edges *string, usage string) {
	cmd.Flags().StringVar(edges, "edges", string(graph.Stored), usage)
	cli.CompleteWords(cmd, "edges", edgeSets()...)
}

func parseEdges(text string) (graph.EdgeSet, error) {
	if s := graph.EdgeSet(text); slices.Contains(graph.EdgeSets(), s) {
		return s, nil
	}
	return "", fmt.Errorf("--edges: %w: %q", graph.ErrEdgeSet, text)
}

func edgeSets() (names []string) {
	for _, s := range graph.EdgeSets() {
		names = append(names, string(s))
	}
	return names
}
