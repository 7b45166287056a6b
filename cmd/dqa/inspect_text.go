package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/dqa-go/dqa/inspect"
	"github.com/dqa-go/dqa/internal/text"
)

func profileText(w io.Writer, v *inspect.Profile) error {
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
func gradedText(w io.Writer, v *inspect.Profile) error {
	var rows [][]string
	for i, e := range v.Edges {
		codes := "signed"
		if !e.Signed {
			codes = "unsigned"
		}
		if e.RowSums {
			codes += ", row sums"
		}
		rows = append(rows, []string{fmt.Sprint(i), e.Name, fmt.Sprintf("%dx%dx%d", e.Channels, e.Rows, e.Cols), codes, e.Coder,
			fmt.Sprintf("%.3g", e.Step), fmt.Sprintf("%.2f", e.BitsPerValue), fmt.Sprintf("%.1f %%", 100*e.BitsShare),
			(100 * e.DistortionShare).Text("%.1f %%"), curveText(e.Curve)})
	}
	if err := text.Table(w, "#\tedge\tplanes\tcodes\tcoder\tstep\tbits\tof bits\tof distortion\tdistortion at 4, 3, 2, 1 bits", rows); err != nil {
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
	fmt.Fprintf(w, "KL %s, agreement %s; biases in %d nodes; %d edges skipped\n\n", t.KL.Text("%.3g"), t.Agreement.Text("%.2f %%"), len(v.Biases), len(v.Skip))
	return printSections(w, v.Sections, v.Bytes)
}

// curveText reads the curve at whole bits, between the points that are next to each.
func curveText(curve []inspect.CurvePoint) string {
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

func frameText(w io.Writer, v *inspect.Frame) error {
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
	_, err := fmt.Fprintf(w, "\n%.3f stored bits per value. Codes take %d bytes where %.0f are ideal with these models (%+.2f %%);\n"+
		"everything else is %.2f %% of the frame\n", p.StoredBits, p.CodedBytes, p.IdealBytes, 100*p.OverIdeal, 100*p.Overhead)
	return err
}

func printSections(w io.Writer, sections []inspect.Section, total int) error {
	var rows [][]string
	for _, s := range sections {
		rows = append(rows, []string{s.Name, fmt.Sprint(s.Bytes), fmt.Sprintf("%.2f %%", 100*float64(s.Bytes)/float64(total))})
	}
	rows = append(rows, []string{"file", fmt.Sprint(total), ""})
	return text.Table(w, "section\tbytes\tshare", rows)
}
