package session

import (
	"fmt"
	"io"

	"github.com/dqa-go/dqa/internal/text"
)

// WriteText writes a plan as people read it.
func (p *Plan) WriteText(w io.Writer, s text.Style) error {
	mode := "float32, in bands"
	if p.Profile != "" {
		mode = "packed as " + p.Profile + " says"
	}
	fmt.Fprintf(w, "%s, %s, %s\n\n", p.Model, mode, text.Count(p.Threads, "thread"))
	fmt.Fprintf(w, "activations of one image at their peak: %s\n", s.Strong(text.Size(p.Peak)))
	fmt.Fprintf(w, "  packed %s, float32 %s, work buffers %s\n", text.Size(p.Packed), text.Size(p.Float), text.Size(p.Work))
	fmt.Fprintf(w, "  without plan or profile the float32 network takes %s (%.1f times as much); the tensors alone %s\n",
		text.Size(p.FloatArena), float64(p.FloatArena)/float64(max(p.Peak, 1)), text.Size(p.FloatIdeal))
	fmt.Fprintf(w, "outputs %s, weights %s\n", text.Size(p.Outputs), text.Size(p.Weights))
	if p.Limit > 0 {
		verdict := s.Good("kept")
		if !p.Kept {
			verdict = s.Bad("exceeded by " + text.Size(p.Peak-p.Limit))
		}
		fmt.Fprintf(w, "limit %s: %s\n", text.Size(p.Limit), verdict)
	}
	var rows [][]string
	for _, n := range p.Nodes {
		bands := fmt.Sprintf("%d x %d rows", n.Bands, n.Rows)
		if n.Whole != "" {
			bands = "whole: " + n.Whole
		}
		stored := n.Stored
		switch {
		case n.Form != "" && n.Stored == "packed":
			stored += " as " + n.Form
		case n.Form != "":
			stored += ", rounded"
		}
		if n.Float != "" {
			stored += ": " + n.Float
		}
		rows = append(rows, []string{n.Name, n.Op, stored, text.Size(n.Bytes), text.Size(n.Work), text.Size(n.Live), bands})
	}
	fmt.Fprintln(w)
	return text.Table(w, "layer\toperators\tstored\tbytes\twork\tall alive\tbands", rows)
}
