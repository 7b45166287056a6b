// Package method turns what was measured on calibration images into the way every edge is quantized: one file per
// method behind one interface.
package method

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/profile"
)

// ErrSetting wraps everything that is wrong with a setting.
var ErrSetting = errors.New("setting not allowed")

// ErrUnmeasured is wrapped beside ErrSetting where a dial speaks of what this network's outputs or images do not have.
var ErrUnmeasured = errors.New("cannot be measured")

// Stats are what one float pass over the calibration images finds in one edge, by channel.
type Stats struct {
	Min, Max  []float32 // finite values only; 0 where there are none
	Squares   []float64 // mean squares of the finite values
	NonFinite int
}

// Score says how important a channel is: the higher First, the more; where those are equal, the higher Second.
type Score struct{ First, Second float64 }

// compare orders scores from the most important on.
func (s Score) compare(t Score) int {
	return cmp.Or(cmp.Compare(t.First, s.First), cmp.Compare(t.Second, s.Second))
}

// Env is what a method may learn. It is implemented by the calibration.
type Env interface {
	Edges() []graph.Edge
	Stats() ([]Stats, error)
	// Rank scores the channels of the edges, which say how a channel is quantized that is not important:
	// result[edge][channel].
	Rank(ranking string, edges []profile.Edge) ([][]Score, error)
	// SquaredErrors sums what every variant of every edge does to the values of the float network:
	// result[edge][variant][channel]. what names the search in progress reports.
	SquaredErrors(what string, variants [][]profile.Edge) ([][][]float64, error)
	// Curves says what every step of every edge alone does: result[question][edge][step].
	Curves(asked []Question) ([][][]Effect, error)
	// Sensitivity sums, by edge and channel, what small errors of single values do to the outputs: zeros where nobody knows.
	Sensitivity(edges []profile.Edge) ([][]float64, error)
	// Distortion names what Curves and Try call so.
	Distortion() string
	// Try runs the whole quantized network on calibration images, and counts real frames of some that their coder was not taught on.
	Try(edges []profile.Edge, by profile.Corrections) (Trial, error)
	// StoredBits are Trial.Bits of as many images as there are; 0 where trials look at all.
	StoredBits(edges []profile.Edge, by profile.Corrections) (float64, error)
	// Correct measures what quantizing the edges changes, node by node, with gains or without; nothing where the engine cannot.
	Correct(edges []profile.Edge, gains bool) (profile.Corrections, error)
	// Choices are what may be left out or demanded of what graded finds out by trial.
	Choices() Choices
	// MinBits are the bits per value that the codes of an edge take at least; 0 for most.
	MinBits(edge string) float64
	// Seed is that of every random choice.
	Seed() uint64
}

// Method plans how edges are quantized.
type Method interface {
	Name() string
	// Complete checks a setting and fills in what the method does not use, so that equal behaviour is written equally.
	Complete(profile.Setting) (profile.Setting, error)
	// Plan returns the edges without tables, in the order of env.Edges.
	Plan(env Env, setting profile.Setting) (*Plan, error)
}

// Plan is how a network is quantized.
type Plan struct {
	Edges []profile.Edge // without tables
	profile.Corrections
	Evidence *profile.Evidence
	Channels bool   // edges have steps per channel
	Note     string // what the user should know; mostly nothing
	Reached  *Trial // of the whole, where it was searched for; nil: not measured
}

// Trial is what the whole quantized network came to on the calibration images.
type Trial struct {
	Images     int
	Bits       float64 // stored per value, in real frames
	Distortion float64 // as in Effect
	KL         float64 // nats per image (per pixel); NaN where outputs cannot be scored
	Agreement  float64 // percent; NaN as well
	Drop       float64 // points of accuracy; NaN without labels
	// Typical is the square of the mean root of the images' distortions. It compares what is tried: a mean is that of few images which
	// any change sends elsewhere. HeldOut is the same of images that no corrections are measured on.
	Typical, HeldOut float64
	// CodeBits are what the codes of every edge took in those frames, in bits of an image; nil: not measured.
	CodeBits []float64
}

var methods = []Method{Direct{}, Clip{}, NoisyQuant{}, DQA{}, Graded{}}

// ByName finds a method.
func ByName(name string) (Method, error) {
	for _, m := range methods {
		if m.Name() == name {
			return m, nil
		}
	}
	return nil, fmt.Errorf("%w: method %q unknown, one of %q", ErrSetting, name, Names())
}

// Complete checks a setting of any method and leaves out of it what the method does not use.
func Complete(s profile.Setting) (profile.Setting, error) {
	m, err := ByName(s.Name)
	if err != nil {
		return s, err
	}
	return m.Complete(s)
}

// Names lists the methods.
func Names() []string {
	names := make([]string, len(methods))
	for i, m := range methods {
		names[i] = m.Name()
	}
	return names
}

// completePlain is Complete for methods with nothing but bits, signs and scales.
func completePlain(name string, s profile.Setting) (profile.Setting, error) {
	s = profile.Setting{Name: name, Bits: s.Bits, Unsigned: s.Unsigned, Scale: s.Scale}
	return s, checkBits(s.Bits)
}

// checkRefine demands that a bit is left when the low ones are stored apart.
func checkRefine(s profile.Setting) error {
	if s.Refine < 0 || s.Refine > profile.MaxExtra || s.Refine >= s.Bits {
		return fmt.Errorf("%w: %d of %d bits stored apart, at most %d allowed", ErrSetting, s.Refine, s.Bits, min(profile.MaxExtra, s.Bits-1))
	}
	return nil
}

func checkBits(bits int) error {
	if bits < profile.MinBits || bits > profile.MaxBits {
		return fmt.Errorf("%w: %d bits, %d to %d allowed", ErrSetting, bits, profile.MinBits, profile.MaxBits)
	}
	return nil
}

// plain returns the edges with n-bit codes, one-sided ones unsigned if the setting says so, and with steps from the
// calibration maxima where scales are static.
func plain(env Env, s profile.Setting) ([]profile.Edge, error) {
	stats, err := env.Stats()
	if err != nil {
		return nil, err
	}
	graph := env.Edges()
	edges := make([]profile.Edge, len(graph))
	for i, g := range graph {
		oneSided := g.OneSided || slices.Min(stats[i].Min) >= 0
		edges[i] = profile.Edge{
			Name: g.Name,
			Geometry: profile.Geometry{
				Channels: g.Channels, Rows: g.Rows, Cols: g.Cols, ChannelsLast: g.ChannelsLast,
				Tile: profile.TileFor(g.Channels, g.Rows, g.Cols),
			},
			Quantizer: profile.Quantizer{OneSided: oneSided, Unsigned: s.Unsigned && oneSided, Bits: s.Bits, Scale: s.Scale},
			Coding:    profile.Coding{Refine: s.Refine},
		}
		setSteps(&edges[i], stats[i])
	}
	return edges, nil
}
