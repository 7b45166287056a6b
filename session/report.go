//go:build !device

package session

import (
	"io"
	"path/filepath"
	"slices"

	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/report"
)

// WriteReport writes report.json and report.html to dir, which is made if needed, without the folders of absolute paths
// (report.Portable). note stands at the page's top.
func WriteReport(dir, title, note string, results ...report.Result) error {
	return WriteReportAs(dir, "report.html", title, note, results...)
}

// WriteReportAs is WriteReport with another name for the page.
func WriteReportAs(dir, page, title, note string, results ...report.Result) error {
	if err := file.MkdirAll(dir); err != nil {
		return err
	}
	results = slices.Clone(results)
	for i, r := range results {
		results[i] = report.Portable(r)
	}
	err := file.Write(filepath.Join(dir, "report.json"), func(w io.Writer) error { return report.WriteJSON(w, results...) })
	if err != nil {
		return err
	}
	return file.Write(filepath.Join(dir, page), func(w io.Writer) error {
		return report.WriteHTML(w, title, results, report.HTMLOptions{Note: note})
	})
}

// WriteSweepReport writes what WriteReport does, and sweep.svg.
func WriteSweepReport(dir string, r report.Result) error {
	if err := WriteReport(dir, "DQA sweep: "+r.Model, "", r); err != nil {
		return err
	}
	return file.Write(filepath.Join(dir, "sweep.svg"), func(w io.Writer) error { return report.PlotSVG(w, r, report.PlotOptions{}) })
}
