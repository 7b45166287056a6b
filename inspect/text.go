package inspect

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/dqa-go/dqa/internal/text"
)

// WriteText writes what this package returns as people read it. Names are written as they are.
func WriteText(w io.Writer, v any) error {
	switch v := v.(type) {
	case *Model:
		return modelText(w, v)
	case *Profile:
		return profileText(w, v)
	case *Frame:
		return frameText(w, v)
	case *Reference:
		return referenceText(w, v)
	}
	return costsText(w, v.(*Costs))
}

func modelText(w io.Writer, v *Model) error {
	if len(v.Unsupported) > 0 {
		fmt.Fprintf(w, "%s cannot be run: %d nodes are not supported\n", v.Model, len(v.Unsupported))
		for _, u := range v.Unsupported {
			fmt.Fprintf(w, "  %s\n", u)
		}
		return nil
	}
	fmt.Fprintf(w, "%s  opset %d, input %v, outputs %v\nsha256 %s\n\noperators:", v.Model, v.Opset, v.Input, v.Outputs, v.Digest)
	for _, op := range slices.Sorted(maps.Keys(v.Operators)) {
		fmt.Fprintf(w, " %s x%d", op, v.Operators[op])
	}
	if len(v.Kinds) > 1 {
		fmt.Fprint(w, "\n\noutputs, all of which count:")
		for _, o := range v.Kinds {
			fmt.Fprintf(w, "\n  %s: %s, by %s", o.Name, o.Kind, o.Measure)
			if o.Scored {
				fmt.Fprint(w, "; scored, unless labels fit another")
			}
		}
	}
	fmt.Fprintf(w, "\n\n%d edges (%s), %d values per image\n", len(v.Edges), v.EdgeSet, v.Values)
	var rows [][]string
	for i, e := range v.Edges {
		side := "two"
		if e.OneSided {
			side = "one"
		}
		rows = append(rows, []string{fmt.Sprint(i), e.Name, fmt.Sprint(e.Shape), side, e.Reason})
	}
	if err := text.Table(w, "#\tedge\tshape\tsides\twhy", rows); err != nil {
		return err
	}
	fmt.Fprintf(w, "\n%d values are not edges\n", len(v.Others))
	rows = rows[:0]
	for _, name := range slices.Sorted(maps.Keys(v.Others)) {
		rows = append(rows, []string{name, v.Others[name]})
	}
	return text.Table(w, "value\twhy not", rows)
}

func referenceText(w io.Writer, v *Reference) error {
	var rows [][]string
	for _, o := range v.Outputs {
		verdict := "equal but for rounding"
		switch {
		case !o.Within:
			verdict = "DIFFERENT"
		case v.Quantized:
			verdict = "the same arg max (quantized: a tie that rounds the other way moves values by whole steps)"
		}
		rows = append(rows, []string{o.Name, fmt.Sprintf("%.2g", o.Difference), fmt.Sprintf("%.2g", o.Norm), fmt.Sprint(o.SameArgMax), verdict})
	}
	return text.Table(w, "output\tlargest difference / largest value\tnorm\tsame arg max\tverdict", rows)
}

func costsText(w io.Writer, v *Costs) error {
	fmt.Fprintf(w, "%s  %.3g ms per image on one core; relative to that:\n\n", v.Model, 1000*v.Seconds)
	var rows [][]string
	for i, e := range v.Edges {
		rows = append(rows, []string{fmt.Sprint(i), e.Name, fmt.Sprintf("%.3f", e.Head), fmt.Sprintf("%.3f", e.Tail), fmt.Sprint(e.Live)})
	}
	return text.Table(w, "#\tedge\tup to it\tafter it\tlive tensors", rows)
}

func profileText(w io.Writer, v *Profile) error {
	fmt.Fprintf(w, "%s  profile of %s (sha256 %.12s...)\n", v.File, v.Model, v.ModelSHA)
	fmt.Fprintf(w, "%s, coder %s, edges %s, seed %d\n", v.Setting, v.Coder, v.EdgeSet, v.Seed)
	fmt.Fprintf(w, "calibrated on %d images of %s (sha256 %.12s...) by %s, %s\n", v.Images, v.Data, v.DataSHA, v.Tool, v.ISA)
	fmt.Fprintf(w, "preprocessing: %s\ndigest %s\n\n", v.Preprocess, v.Digest)
	if v.SelfTest != nil {
		return gradedText(w, v)
	}
	var rows [][]string
	for i, e := range v.Edges {
		codes := "signed"
		if !e.Signed {
			codes = "unsigned"
		}
		rows = append(rows, []string{fmt.Sprint(i), e.Name, fmt.Sprintf("%dx%dx%d", e.Channels, e.Rows, e.Cols), codes,
			fmt.Sprintf("%d+%d", e.Bits, e.ExtraBits), fmt.Sprintf("%d of %d", len(e.Important), e.Channels),
			fmt.Sprintf("%dx%d", e.TileChannels, e.TileRows), fmt.Sprint(e.Tiles)})
	}
	if err := text.Table(w, "#\tedge\tplanes\tcodes\tbits\timportant\ttile\ttiles", rows); err != nil {
		return err
	}
	fmt.Fprintln(w)
	return printSections(w, v.Sections, v.Bytes)
}

// gradedText shows every edge's curve, what was chosen of it and what that takes, then the self-test.
func gradedText(w io.Writer, v *Profile) error {
	var rows [][]string
	for i, e := range v.Edges {
		codes := "signed"
		if !e.Signed {
			codes = "unsigned"
		}
		if e.RowSums {
			codes += ", row sums"
		}
		if e.Means {
			codes += ", means"
		}
		coder := e.Coder
		if e.Earlier != "" {
			at := slices.IndexFunc(v.Edges, func(o ProfileEdge) bool { return o.Name == e.Earlier })
			coder += fmt.Sprintf(" beside %d", at)
		}
		rows = append(rows, []string{fmt.Sprint(i), e.Name, fmt.Sprintf("%dx%dx%d", e.Channels, e.Rows, e.Cols), codes, coder,
			fmt.Sprintf("%.3g", e.Step), fmt.Sprintf("%.2f", e.BitsPerValue), fmt.Sprintf("%.1f %%", 100*e.BitsShare),
			(100 * e.DistortionShare).Text("%.1f %%"), curveText(e.Curve)})
	}
	if err := text.Table(w, "#\tedge\tplanes\tcodes\tcoder\tstep\tbits\tof bits\tof distortion\tdistortion at 4, 3, 2, 1 bits",
		rows); err != nil {
		return err
	}
	t := v.SelfTest
	fmt.Fprintf(w, "\nself-test on the %d calibration images (distortion: %s)\n", t.Images, t.Distortion)
	err := text.Table(w, "\tdistortion\tstored bits", [][]string{
		{"predicted by the curves", t.Predicted.Distortion.Text("%.3g"), fmt.Sprintf("%.3f", t.Predicted.StoredBits)},
		{"measured, whole network", t.Measured.Distortion.Text("%.3g"), fmt.Sprintf("%.3f", t.Measured.StoredBits)},
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "KL %s, agreement %s; biases in %d nodes, gains in %d; %s skipped\n\n", t.KL.Text("%.3g"),
		t.Agreement.Text("%.2f %%"), len(v.Biases), len(v.Gains), text.Count(len(v.Skip), "edge"))
	return printSections(w, v.Sections, v.Bytes)
}

// curveText reads the curve at whole bits, between the points that are next to each.
func curveText(curve []CurvePoint) string {
	var parts []string
	for _, bits := range []float64{4, 3, 2, 1} {
		text := "-"
		for k := 1; k < len(curve); k++ {
			a, b := curve[k-1], curve[k]
			if a.BitsPerValue >= bits && b.BitsPerValue < bits {
				t := (a.BitsPerValue - bits) / (a.BitsPerValue - b.BitsPerValue)
				text = fmt.Sprintf("%.1e", (1-t)*float64(a.Distortion)+t*float64(b.Distortion))
				break
			}
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "  ")
}

func frameText(w io.Writer, v *Frame) error {
	fmt.Fprintf(w, "%s  frame of %d edges in %d tiles, made with profile %s...\n\n", v.File, v.Edges, v.Tiles, v.Profile[:12])
	if err := printSections(w, v.Sections, v.Bytes); err != nil {
		return err
	}
	switch {
	case v.Cut:
		fmt.Fprintf(w, "\nscalable: only the base part is there\n")
	case v.Base > 0:
		fmt.Fprintf(w, "\nscalable: the first %d bytes, the base part, suffice for coarser values\n", v.Base)
	}
	if v.Payload == nil {
		return nil
	}
	p := v.Payload
	fmt.Fprintf(w, "\n%.3f stored bits per value. Codes take %d bytes where %.0f are ideal with these models (%+.2f %%);\n"+
		"everything else is %.2f %% of the frame\n", p.StoredBits, p.CodedBytes, p.IdealBytes, 100*p.OverIdeal, 100*p.Overhead)
	return savingText(w, v.Earlier)
}

// savingText shows what earlier edges save.
func savingText(w io.Writer, savings []Saving) error {
	if len(savings) == 0 {
		return nil
	}
	var rows [][]string
	row := func(edge, earlier string, beside, without float64) {
		rows = append(rows, []string{edge, earlier, fmt.Sprintf("%.0f", beside), fmt.Sprintf("%.0f", without),
			fmt.Sprintf("%.1f %%", 100*(1-beside/without))})
	}
	var beside, without float64
	for _, s := range savings {
		row(s.Edge, s.Earlier, s.Beside, s.Without)
		beside, without = beside+s.Beside, without+s.Without
	}
	row("all of them", "", beside, without)
	fmt.Fprintln(w)
	return text.Table(w, "edge\tbeside\tbytes of codes\twithout\tsaved", rows)
}

func printSections(w io.Writer, sections []Section, total int) error {
	var rows [][]string
	for _, s := range sections {
		rows = append(rows, []string{s.Name, fmt.Sprint(s.Bytes), fmt.Sprintf("%.2f %%", 100*float64(s.Bytes)/float64(total))})
	}
	rows = append(rows, []string{"file", fmt.Sprint(total), ""})
	return text.Table(w, "section\tbytes\tshare", rows)
}
