package metric

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/tensor"
)

// Kind is what an output holds, and so how two of it are compared.
type Kind uint8

// Kinds of outputs.
const (
	Values   Kind = iota // numbers, such as boxes, depths, features: relative squared error
	Classes              // 1 x K: KL and arg max
	Maps                 // 1 x K x H x W, the classes of every position: KL and arg max
	Presence             // one channel, a class against its absence: KL of Bernoulli distributions and a threshold
)

func (k Kind) String() string { return [...]string{"values", "classes", "class maps", "presence"}[k] }

// Output is one output of a network and how it is compared.
type Output struct {
	Name          string
	Shape         []int
	Kind          Kind
	Probabilities bool // and not logits
	// Inner outputs are computed from on the way to others: features.
	Inner bool
}

// Measure says how the output is compared.
func (o Output) Measure() string {
	switch {
	case o.Kind == Values:
		return "relative squared error"
	case o.Kind == Presence && o.Probabilities:
		return "KL of probabilities, threshold 0.5"
	case o.Kind == Presence:
		return "KL of logits, threshold 0"
	}
	return "KL, arg max"
}

// Outputs are all outputs of a network. All of them count, equally; one, or none, is scored against labels.
type Outputs struct {
	All    []Output
	Scored int // index in All; -1: none can be
	// Labelled: there are labels, and they fit the scored one.
	Labelled bool
	// Doubt says that others could be scored as well; "" where there is no choice.
	Doubt string
}

// Labels are what outputs are to be scored against.
type Labels struct {
	Classes, Masks bool
	Output         string // the name of the output that is to be scored; "": the one that fits
	Probabilities  bool   // outputs of classes are probabilities
}

// OutputsOf finds out what a network's outputs hold: by their shapes, by what they are computed with, and by the labels,
// which are for classifiers (1 x K, or one channel) or for maps. What is computed from on the way to another output
// (features before logits) is scored only by name. A name that no output has, or that of one which labels do not fit, is
// ErrOutput, as are labels that fit none.
func OutputsOf(g *graph.Graph, l Labels) (Outputs, error) {
	out := Outputs{Scored: -1}
	for _, v := range g.Outputs {
		out.All = append(out.All, describe(g, v, l))
	}
	var fit []int
	for i, o := range out.All {
		if l.Output == o.Name || l.Output == "" && !o.Inner && o.fits(l) {
			fit = append(fit, i)
		}
	}
	switch {
	case len(fit) == 0 && l.Output != "":
		return out, fmt.Errorf("%w: no output is called %q: %s", ErrOutput, l.Output, out)
	case len(fit) == 0 && (l.Classes || l.Masks):
		return out, fmt.Errorf("%w: none fits the labels, which are %s: %s", ErrOutput, l, out)
	case len(fit) == 0:
		return out, nil
	}
	out.Scored = fit[0]
	if o := out.All[fit[0]]; !o.fits(l) {
		return out, fmt.Errorf("%w: output %s does not fit the labels, which are %s", ErrOutput, o, l)
	}
	out.Labelled = l.Classes || l.Masks
	if len(fit) > 1 {
		out.Doubt = fmt.Sprintf("output %s is scored, %s could be as well: --output NAME chooses", out.All[fit[0]].Name, out.All[fit[1]].Name)
	}
	return out, nil
}

func (l Labels) String() string {
	switch {
	case l.Classes:
		return "classes of images"
	case l.Masks:
		return "masks"
	}
	return "none"
}

func (o Output) String() string { return fmt.Sprintf("%s %v (%s)", o.Name, o.Shape, o.Kind) }

func (o Outputs) String() string {
	var all []string
	for _, v := range o.All {
		all = append(all, v.String())
	}
	return strings.Join(all, ", ")
}

// fits tells whether the output can be scored against such labels.
func (o Output) fits(l Labels) bool {
	one := len(o.Shape) <= 2 || len(o.Shape) == 4 && o.Shape[2] == 1 && o.Shape[3] == 1
	switch {
	case o.Kind == Values:
		return false
	case l.Classes:
		return one
	case l.Masks:
		return len(o.Shape) == 4
	}
	return true
}

// describe tells what an output holds.
func describe(g *graph.Graph, v graph.Value, l Labels) Output {
	o := Output{Name: v.Name, Shape: v.Shape, Inner: isInner(g, v.Name), Kind: Values}
	last := lastOp(g, v.Name)
	t := tensor.Tensor{Shape: v.Shape}
	classes, _, err := sizes(&t, &t)
	switch {
	case err != nil:
	case classes == 1 && (last == "Sigmoid" || last == "HardSigmoid"):
		o.Kind, o.Probabilities = Presence, true
	case classes == 1 && (l.Classes || l.Masks || l.Probabilities): // a depth has no such labels
		o.Kind, o.Probabilities = Presence, l.Probabilities
	case classes == 1:
	case len(g.Outputs) > 1 && (o.Inner || numbersByName.MatchString(v.Name)):
	case len(v.Shape) == 4:
		o.Kind = Maps
	default:
		o.Kind = Classes
	}
	if o.Kind == Classes || o.Kind == Maps {
		o.Probabilities = l.Probabilities || len(g.Outputs) > 1 && last == "Softmax"
	}
	return o
}

// numbersByName are outputs that detectors call so beside those of classes.
var numbersByName = regexp.MustCompile(`(?i)box|loc|reg|landmark|kps|offset|delta|coord|ltrb|feature|embed`)

// movers are operators that leave values as they are.
var movers = []string{"Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose"}

// lastOp is the operator that computes a value, past those that only move it.
func lastOp(g *graph.Graph, value string) string {
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		if n := g.Nodes[i]; slices.Contains(n.Outputs, value) {
			if !slices.Contains(movers, n.Op) {
				return n.Op
			}
			value = n.Inputs[0]
		}
	}
	return ""
}

// isInner tells whether another output is computed from a value, by more than moving it.
func isInner(g *graph.Graph, value string) bool {
	moved, computed := map[string]bool{value: true}, map[string]bool{}
	for _, n := range g.Nodes {
		mover := slices.Contains(movers, n.Op)
		for _, in := range n.Inputs {
			for _, out := range n.Outputs {
				moved[out] = moved[out] || moved[in] && mover
				computed[out] = computed[out] || computed[in] || moved[in] && !mover
			}
		}
	}
	return slices.ContainsFunc(g.Outputs, func(o graph.Value) bool { return computed[o.Name] })
}

// Distance is how far one output is from the float network's.
type Distance struct {
	Measure   float64 // KL in nats, mean over positions, or the relative squared error
	Agreement float64 // share of equal predictions, 0..1; NaN for values
}

// CompareOutputs is Compare for all outputs of an image: the record is that of the scored output, with the distance of
// every output besides where there are several. Without a scored output KL and agreement are NaN.
func CompareOutputs(o Outputs, ref, got []*tensor.Tensor, class int, mask []int32, opt Options) (Record, error) {
	r := Record{KL: math.NaN(), Agreement: math.NaN(), RefRank: -1, GotRank: -1}
	if o.Scored >= 0 {
		opt := opt
		opt.Probabilities = o.All[o.Scored].Probabilities
		var err error
		r, err = Compare(ref[o.Scored], got[o.Scored], class, mask, opt)
		switch {
		case err != nil && len(o.All) == 1:
			return r, err
		case err != nil:
			return r, fmt.Errorf("output %s: %w", o.All[o.Scored].Name, err)
		}
	}
	if len(o.All) == 1 && o.Scored == 0 {
		return r, nil
	}
	for i, v := range o.All {
		d, err := v.distance(ref[i], got[i])
		if err != nil {
			return r, fmt.Errorf("output %s: %w", v.Name, err)
		}
		r.Distances = append(r.Distances, d)
	}
	return r, nil
}

func (o Output) distance(ref, got *tensor.Tensor) (Distance, error) {
	if o.Kind == Values {
		e, err := RelativeError(ref, got)
		return Distance{e, math.NaN()}, err
	}
	r, err := Compare(ref, got, -1, nil, Options{Probabilities: o.Probabilities})
	return Distance{r.KL, r.Agreement}, err
}

// RelativeError is the sum of squared differences by the sum of squares of ref. Values that are not finite in both alike
// are equal, in one alone make it +Inf.
func RelativeError(ref, got *tensor.Tensor) (float64, error) {
	if !slices.Equal(ref.Shape, got.Shape) {
		return 0, fmt.Errorf("%w: shapes %v and %v differ", ErrOutput, ref.Shape, got.Shape)
	}
	var errors, squares float64
	for i, v := range ref.Data {
		x, y := float64(v), float64(got.Data[i])
		switch {
		case x-x != 0 || y-y != 0:
			if x != y && !(x != x && y != y) {
				return math.Inf(1), nil
			}
		default:
			errors += float64((x - y) * (x - y))
			squares += float64(x * x)
		}
	}
	if errors == 0 {
		return 0, nil
	}
	return errors / max(squares, 0x1p-126), nil
}
