package report

import (
	"io"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// TableOptions steer WriteTable.
type TableOptions struct {
	Width    int  // columns of the terminal; 0: 100
	NoLegend bool // leave out the lines below that explain the headings
}

const (
	gap      = "  "
	longest  = 24 // runes of a cell
	minWidth = 24
)

// squeezed lists what a narrow terminal goes without, in this order.
var squeezed = []string{"profile", "agree %", "KL", "seed", "scale", "r", "codes", "ranking", "coder", "drop ± se"}

// WriteTable writes r as a table for terminals: a line on what was measured, one row per method and setting with the
// fp32 row first, and a legend. Columns without content are left out, and so are those that do not fit into the
// width, which is then said.
func WriteTable(w io.Writer, r Result, opt TableOptions) error {
	r = prepare(r)
	width := opt.Width
	if width <= 0 {
		width = 100
	}
	width = max(width, minWidth)
	cols, said, hidden := fit(r, width)

	var b strings.Builder
	for _, warning := range r.Warnings {
		writeWrapped(&b, "WARNING: "+warning, width)
	}
	for _, line := range header(r, width) {
		b.WriteString(line + "\n")
	}
	if r.Resize != "" {
		writeWrapped(&b, "resized to "+r.Resize, width)
	}
	if r.Partial != "" {
		writeWrapped(&b, "partial: "+r.Partial+" were done", width)
	}
	if len(said) > 0 {
		writeWrapped(&b, "throughout: "+strings.Join(said, ", "), width)
	}
	b.WriteString("\n")
	writeGrid(&b, grid(r, cols), cols)
	if len(hidden) > 0 {
		writeWrapped(&b, "not shown for lack of width: "+strings.Join(hidden, ", "), width)
	}
	writeOutputs(&b, r, width)
	if !opt.NoLegend {
		writeLegend(&b, r, cols, width)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// header says what was measured: in one line where it fits, else in three.
func header(r Result, width int) []string {
	line := r.Model + ", " + r.Data + ", " + count(r.Images, "image")
	if utf8.RuneCountInString(line) <= width {
		return []string{line}
	}
	return []string{shorten(r.Model, width), shorten(r.Data, width), count(r.Images, "image")}
}

// fit chooses the columns for a width: what all rows share is said once, then columns are left out.
func fit(r Result, width int) (cols []column, said, hidden []string) {
	cols, said = fold(r, columns(r, false), isCommon)
	if tableWidth(r, cols) > width {
		var more []string
		cols, more = fold(r, cols, func(c column) bool { return c.head == "r" || c.head == "ranking" })
		said = append(said, more...)
	}
	for _, head := range squeezed {
		if tableWidth(r, cols) <= width {
			break
		}
		if i := slices.IndexFunc(cols, func(c column) bool { return c.head == head }); i >= 0 {
			cols = slices.Delete(cols, i, i+1)
			hidden = append(hidden, head)
		}
	}
	return cols, said, hidden
}

func tableWidth(r Result, cols []column) int {
	total := len(gap) * (len(cols) - 1)
	for _, n := range widths(grid(r, cols)) {
		total += n
	}
	return total
}

// grid is the table as text: the headings, then the rows.
func grid(r Result, cols []column) [][]string {
	lines := make([][]string, 1, 1+len(r.Rows))
	for _, c := range cols {
		lines[0] = append(lines[0], shorten(c.head, longest))
	}
	for _, row := range r.Rows {
		line := make([]string, len(cols))
		for i, c := range cols {
			if line[i] = shorten(c.text(row), longest); line[i] == "" {
				line[i] = "-"
			}
		}
		lines = append(lines, line)
	}
	return lines
}

func widths(lines [][]string) []int {
	n := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			n[i] = max(n[i], utf8.RuneCountInString(cell))
		}
	}
	return n
}

func writeGrid(b *strings.Builder, lines [][]string, cols []column) {
	n := widths(lines)
	for _, line := range lines {
		var s strings.Builder
		for i, cell := range line {
			pad := strings.Repeat(" ", n[i]-utf8.RuneCountInString(cell))
			if cols[i].number == nil {
				s.WriteString(cell + pad)
			} else {
				s.WriteString(pad + cell)
			}
			s.WriteString(gap)
		}
		b.WriteString(strings.TrimRight(s.String(), " ") + "\n")
	}
}

// legend explains the headings and coders that r has and that do not explain themselves.
func legend(r Result, cols []column) []string {
	shown := func(head string) bool {
		return slices.ContainsFunc(cols, func(c column) bool { return c.head == head })
	}
	stored := func(coder string) bool {
		return slices.ContainsFunc(r.Rows, func(row Row) bool { return str(row.Coder) == coder })
	}
	var lines []string
	add := func(needed bool, line string) {
		if needed {
			lines = append(lines, line)
		}
	}
	add(shown("stored"), "stored: bits per value in real frames with headers and scales, but without the profile")
	add(shown("drop ± se"), "drop: points lost against fp32 on the same images, ± paired standard error")
	add(shown("KL"), "KL: of the outputs from fp32's, nats per "+klUnit(r))
	add(shown("agree %"), "agree: share of outputs whose largest class is fp32's")
	add(shown("coder") && stored("paper"), "paper: codes raw, shift errors Huffman-coded (the paper's way)")
	add(shown("coder") && stored("fast"), "fast: whole codes, by a prefix code that vector units decode")
	add(shown("coder") && stored("small"), "small: whole codes, entropy-coded by 16 models that the network's channels share")
	add(shown("coder") && stored("smallest"), "smallest: the same codes by 128 models, chosen by the codes to the left and above")
	add(shown("coder") && stored("authors"), "authors: as the paper's authors count, simulated: codes raw, Huffman codes of shift "+
		"errors and their trees, no scales")
	for _, m := range signsAlike(r) {
		add(shown("codes"), "unsigned: for "+m+" the same codes as signed: values of every edge have both signs")
	}
	return lines
}

// signsAlike are the methods whose rows with unsigned codes are those with signed ones: no edge is one-sided.
func signsAlike(r Result) (methods []string) {
	unsigned, alike := map[string]int{}, map[string]int{}
	for _, row := range r.Rows {
		if row.Signed == nil || *row.Signed {
			continue
		}
		unsigned[row.Method]++
		twin := row
		twin.Signed = pointer(true)
		if slices.ContainsFunc(r.Rows, func(o Row) bool { return reflect.DeepEqual(withoutProfile(o), withoutProfile(twin)) }) {
			alike[row.Method]++
		}
		if !slices.Contains(methods, row.Method) {
			methods = append(methods, row.Method)
		}
	}
	return slices.DeleteFunc(methods, func(m string) bool { return alike[m] < unsigned[m] })
}

func withoutProfile(row Row) Row {
	row.ProfileBytes = nil // it says which was asked for
	return row
}

// klUnit is what the KL is counted per.
func klUnit(r Result) string {
	switch str(r.Metric) {
	case "miou":
		return "pixel"
	case "top1":
		return "image"
	}
	return "image (pixel for segmentation)"
}

func writeLegend(b *strings.Builder, r Result, cols []column, width int) {
	lines := legend(r, cols)
	if len(lines) > 0 {
		b.WriteString("\n")
	}
	for _, line := range lines {
		writeWrapped(b, line, width)
	}
}

// writeWrapped breaks a line between words and indents what follows; words longer than the width are shortened.
func writeWrapped(b *strings.Builder, line string, width int) {
	used := 0
	for i, word := range strings.Fields(line) {
		word = shorten(word, width-len(gap))
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case used+1+n > width:
			b.WriteString("\n" + gap)
			used = len(gap)
		default:
			b.WriteString(" ")
			used++
		}
		b.WriteString(word)
		used += n
	}
	b.WriteString("\n")
}

// shorten cuts the middle out of what is longer than n runes: both ends of a path tell something.
func shorten(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	tail := (n - 1) / 2
	head := n - 1 - tail
	return string(runes[:head]) + "…" + string(runes[len(runes)-tail:])
}
