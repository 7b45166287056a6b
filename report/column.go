package report

import "slices"

// column is one column of the tables. A column in which no row has anything is left out.
type column struct {
	head   string
	title  string             // in words
	text   func(Row) string   // "" where it does not apply
	number func(Row) *float64 // what to sort by; nil: a column of words, aligned left
	wide   bool               // on the page only
	common bool               // a value that all rows share is said once above the table
}

// columns are all columns that say something about r.
func columns(r Result, page bool) []column {
	all := []column{
		{head: "method", title: "method", text: func(row Row) string { return row.Method }},
		{head: "bits", title: "bits per code (+ extra bits of important channels), or budget", text: bitsText, number: bitsNumber},
		{head: "codes", title: "codes", text: signedText, common: true},
		{head: "scale", title: "scale", text: func(row Row) string { return str(row.Scale) }, common: true},
		{head: "r", title: "share of important channels", text: ratioText, number: func(row Row) *float64 { return row.Ratio }},
		{head: "ranking", title: "ranking of channels", text: func(row Row) string { return str(row.Ranking) }},
		{head: "seed", title: "seed of random choices", text: seedText, number: seedNumber},
		{head: "part", title: "what of a scalable frame a receiver has", text: partText},
		{head: "coder", title: "coder", text: func(row Row) string { return str(row.Coder) }},
		{head: "stored", title: "stored bits per value", text: func(row Row) string { return fixed2(row.StoredBits) }, number: func(row Row) *float64 { return row.StoredBits }},
		{head: metricName(r) + " %", title: metricName(r) + " in percent", text: func(row Row) string { return fixed2(row.Value) }, number: func(row Row) *float64 { return row.Value }},
		{head: "drop ± se", title: "drop in points ± paired standard error", text: dropText, number: func(row Row) *float64 { return row.Drop }},
		{head: "KL", title: "KL divergence from float32 in nats", text: klText, number: func(row Row) *float64 { return row.KL }},
		{head: "agree %", title: "agreement with float32 in percent", text: func(row Row) string { return fixed2(row.Agreement) }, number: func(row Row) *float64 { return row.Agreement }},
		{head: "frame", title: "mean size of a frame", text: func(row Row) string { return bytesText(row.FrameBytes) }, number: func(row Row) *float64 { return row.FrameBytes }, wide: true},
		{head: "profile", title: "size of the profile", text: func(row Row) string { return bytesText(floatOf(row.ProfileBytes)) }, number: func(row Row) *float64 { return floatOf(row.ProfileBytes) }},
	}
	return slices.DeleteFunc(all, func(c column) bool {
		return c.wide && !page || len(c.values(r)) == 0
	})
}

func seedNumber(row Row) *float64 {
	if row.Seed == nil {
		return nil
	}
	v := float64(*row.Seed)
	return &v
}

// values are the distinct texts of a column, in order of appearance.
func (c column) values(r Result) []string {
	var seen []string
	for _, row := range r.Rows {
		if s := c.text(row); s != "" && !slices.Contains(seen, s) {
			seen = append(seen, s)
		}
	}
	return seen
}

// fold takes the columns that may be folded and hold one value only out of cols, and says what they hold.
func fold(r Result, cols []column, may func(column) bool) (kept []column, said []string) {
	for _, c := range cols {
		if v := c.values(r); may(c) && len(v) == 1 {
			said = append(said, c.head+" "+v[0])
			continue
		}
		kept = append(kept, c)
	}
	return kept, said
}

func isCommon(c column) bool { return c.common }

func bitsNumber(row Row) *float64 {
	if row.Budget != nil {
		return row.Budget
	}
	return floatOf(row.Bits)
}
