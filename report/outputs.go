package report

import (
	"fmt"
	"strings"

	"github.com/dqa-go/dqa/metric"
)

// Output is one of several outputs of a network. All of them count; one, or none, is scored against labels.
type Output struct {
	Name    string `json:"name"`
	Shape   []int  `json:"shape"`
	Kind    string `json:"kind"`    // "classes", "class maps", "presence", "values"
	Measure string `json:"measure"` // how it is compared with float32
	Scored  bool   `json:"scored"`  // KL, agreement and the metric are its
}

// Distance is how far one output is from float32.
type Distance struct {
	Measure   *float64 `json:"measure"`   // KL in nats, or the relative squared error
	Agreement *float64 `json:"agreement"` // percent of equal predictions; null for values
}

// outputsOf lists outputs where there are several, or where the only one cannot be scored.
func outputsOf(o metric.Outputs) []Output {
	if len(o.All) == 1 && o.Scored == 0 {
		return nil
	}
	var all []Output
	for i, v := range o.All {
		all = append(all, Output{v.Name, v.Shape, v.Kind.String(), v.Measure(), i == o.Scored})
	}
	return all
}

func distances(s metric.Summary) []Distance {
	var all []Distance
	for _, d := range s.Distances {
		all = append(all, Distance{number(d.Measure), number(d.Agreement)})
	}
	return all
}

// writeOutputs says which outputs count and how, and what each comes to. Rows that differ in their coder alone are one.
func writeOutputs(b *strings.Builder, r Result, width int) {
	if len(r.Outputs) == 0 {
		return
	}
	b.WriteString("\noutputs, each compared with float32; all of them count\n")
	for _, o := range r.Outputs {
		scored := ""
		if o.Scored {
			scored = "; the columns KL and agree %, and the metric, are of this one"
		}
		writeWrapped(b, fmt.Sprintf("%s %v, %s: %s%s", o.Name, o.Shape, o.Kind, o.Measure, scored), width)
	}
	last := ""
	for _, row := range r.Rows {
		name := rowName(row)
		if len(row.Outputs) == 0 || name == last {
			continue
		}
		last = name
		var parts []string
		for i, d := range row.Outputs {
			part := fmt.Sprintf("%s %s", r.Outputs[i].Name, significantText(d.Measure))
			if d.Agreement != nil {
				part += fmt.Sprintf(" (%.2f %%)", *d.Agreement)
			}
			parts = append(parts, part)
		}
		writeWrapped(b, name+": "+strings.Join(parts, ", "), width)
	}
}

func rowName(row Row) string {
	name := row.Method
	switch {
	case row.Bits != nil:
		name += fmt.Sprintf(" %d", *row.Bits)
	case row.Budget != nil:
		name += fmt.Sprintf(" %g", *row.Budget)
	case row.Goal != nil:
		name += " " + *row.Goal
	}
	if row.ExtraBits != nil {
		name += fmt.Sprintf("+%d", *row.ExtraBits)
	}
	return name
}

func significantText(v *float64) string {
	if v == nil {
		return "not finite"
	}
	return fmt.Sprintf("%.3g", *v)
}
