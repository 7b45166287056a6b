//go:build !device

package session

import (
	"fmt"
	"io"
	"math"

	"github.com/dqa-go/dqa/doctor"
	"github.com/dqa-go/dqa/internal/text"
)

// WriteEngine writes rows of BenchEngine as people read them; version is ONNX Runtime's, "" without it.
func WriteEngine(w io.Writer, rows []EngineRow, version string) error {
	var cells [][]string
	for _, r := range rows {
		line := []string{
			r.Model, r.Mode, fmt.Sprint(r.Threads), fmt.Sprintf("%.3f", r.MS), fmt.Sprintf("%.3f", r.MSBest), fmt.Sprintf("%.0f %%", 100*r.Spread),
			fmt.Sprintf("%.3f", r.CPUMS), fmt.Sprintf("%.1f", r.GFLOPS), fmt.Sprintf("%.0f %%", 100*r.PeakShare), text.Size(r.Peak),
			fmt.Sprintf("1/%.1f", float64(r.FloatPeak)/float64(max(r.Peak, 1))), text.Size(r.Resident),
		}
		if r.Equal != nil {
			line = append(line, fmt.Sprintf("%.2f", r.PackedOver), map[bool]string{true: "yes", false: "NO"}[*r.Equal])
		} else {
			line = append(line, "", "")
		}
		if version != "" {
			line = append(line, fmt.Sprintf("%.3f", r.ORTMS), fmt.Sprintf("%.2f", r.Ratio))
		}
		cells = append(cells, line)
	}
	head := "network\tmode\tthreads\tms\tbest\tspread\tcpu ms\tGFLOP/s\tof peak\tactivations\tof float\tresident\tpacked/float\tequal"
	if version != "" {
		head += "\tORT ms\tratio"
	}
	if err := text.Table(w, head, cells); err != nil {
		return err
	}
	fmt.Fprintf(w, "\ninstruction set %s; ms: median of alternating rounds, per image; load average %.1f before\n", rows[0].ISA, rows[0].Load)
	fmt.Fprintln(w,
		"activations: counted; of float: beside the float run on one thread; resident: all memory of a fresh process that did this\n"+
			"equal: packed outputs are those of the simulation, bit for bit")
	if version != "" {
		fmt.Fprintf(w, "ratio: time of ONNX Runtime %s / ours, above 1 we are faster\n", version)
	}
	return nil
}

// WriteClasses writes one line per setting, one column per class.
func WriteClasses(w io.Writer, classes []ClassIoU) error {
	header := "method"
	for c := range classes[0].IoU {
		header += fmt.Sprintf("\t%d", c)
	}
	var rows [][]string
	for _, s := range classes {
		row := []string{s.Name}
		for _, v := range s.IoU {
			if math.IsNaN(v) {
				row = append(row, "-")
			} else {
				row = append(row, fmt.Sprintf("%.2f", v))
			}
		}
		rows = append(rows, row)
	}
	return text.Table(w, header, rows)
}

// WriteChecks writes what was examined, a line each and one for what mends it.
func WriteChecks(w io.Writer, checks []doctor.Check, s text.Style) error {
	paint := map[doctor.Status]func(string) string{doctor.OK: s.Good, doctor.Warning: s.Warn, doctor.Problem: s.Bad, doctor.Skipped: s.Strong}
	for _, c := range checks {
		fmt.Fprintf(w, "%s  %s: %s\n", paint[c.Status](fmt.Sprintf("%-7s", c.Status)), c.Name, text.OneLine(c.Finding))
		if c.Mend != "" {
			fmt.Fprintf(w, "%-7s  try: %s\n", "", text.OneLine(c.Mend))
		}
	}
	return nil
}

// WriteSearches tells what choosing channels, shares and amplitudes took, if anything was chosen.
func WriteSearches(w io.Writer, phases []Phase, workers int) error {
	var rows [][]string
	for _, p := range phases {
		if p.Name != "statistics" && p.Name != "tables" {
			rows = append(rows, []string{p.Name, text.Duration(p.Time.Seconds()), fmt.Sprintf("%.0f", p.Passes)})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	fmt.Fprintf(w, "\ncalibration, besides statistics and tables (%d workers)\n", workers)
	return text.Table(w, "search\ttime\tpasses", rows)
}
