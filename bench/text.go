package bench

import (
	"fmt"
	"io"

	"github.com/dqa-go/dqa/internal/text"
)

// WriteText tells of tensors that what names, and puts both places of a path into one line.
func (r *Result) WriteText(w io.Writer, what string) error {
	fmt.Fprintf(w, "%s: %d values a frame, %.0f %% of them zero; instruction set %s, one core\n\n", what, r.Values,
		100*r.Sparsity, r.Rows[0].ISA)
	var rows [][]string
	for i := 0; i < len(r.Rows); {
		row := r.Rows[i]
		cells := []string{row.Path, fmt.Sprintf("%.2f", row.Bits), fmt.Sprintf("%+.0f %%", 100*(row.Bits/row.Entropy-1))}
		for ; i < len(r.Rows) && r.Rows[i].Path == row.Path; i++ {
			cells = append(cells, fmt.Sprintf("%.3f", r.Rows[i].Encode), fmt.Sprintf("%.3f", r.Rows[i].Decode))
		}
		rows = append(rows, append(cells, row.What))
	}
	header := "path\tbits\tover entropy"
	for _, row := range r.Rows {
		if row.Path == r.Rows[0].Path {
			header += fmt.Sprintf("\tencode (%s)\tdecode (%s)", row.Where, row.Where)
		}
	}
	if err := text.Table(w, header+"\t", rows); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, `
bits: per value, with headers, scales and checksums, without the profile
over entropy: of the codes, each channel by its own distribution
encode, decode: from float32 to bytes and back, 1.000 is as fast as copy() of the float32 values; cache: 1 MiB, memory: 64 MiB`)
	return err
}
