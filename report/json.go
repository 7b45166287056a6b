package report

import (
	"encoding/json"
	"io"
	"math"
	"slices"
)

// WriteJSON writes one result as an object and any other number of them as an array, indented, with a final newline.
// Numbers are rounded to 4 decimals (KL to 4 significant digits); what is not finite becomes null.
func WriteJSON(w io.Writer, results ...Result) error {
	rounded := make([]Result, len(results))
	for i, r := range results {
		rounded[i] = round(r)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if len(rounded) == 1 {
		return enc.Encode(rounded[0])
	}
	return enc.Encode(rounded)
}

// Portable is r without the folders of absolute paths: what is written to be handed on does not tell where somebody keeps
// files.
func Portable(r Result) Result {
	r.Model, r.Data = withoutFolders(r.Model), withoutFolders(r.Data)
	r.Warnings = slices.Clone(r.Warnings)
	for i, w := range r.Warnings {
		r.Warnings[i] = pathsInText.ReplaceAllString(w, "$1$2")
	}
	return r
}

// round returns a copy of r that is fit for JSON.
func round(r Result) Result {
	r.FP32 = decimals(r.FP32)
	rows := make([]Row, len(r.Rows)) // never nil: an empty list is [], not null
	for i, row := range r.Rows {
		row.Ratio = finite(row.Ratio)
		row.KL = significant(row.KL)
		row.Halves = row.Halves.rounded()
		for _, v := range []**float64{&row.Value, &row.Drop, &row.DropSE, &row.Agreement, &row.StoredBits, &row.FrameBytes} {
			*v = decimals(*v)
		}
		rows[i] = row
	}
	r.Rows = rows
	return r
}

func (h *Halves) rounded() *Halves {
	if h == nil {
		return nil
	}
	r := *h
	for _, half := range []*Half{&r.Choice, &r.Confirm} {
		half.Drop, half.DropSE, half.Agreement = decimals(half.Drop), decimals(half.DropSE), decimals(half.Agreement)
	}
	return &r
}

// finite returns v, or nil for what no reader of JSON understands.
func finite(v *float64) *float64 {
	if v == nil || math.IsNaN(*v) || math.IsInf(*v, 0) {
		return nil
	}
	return v
}

// decimals rounds to 4 decimals.
func decimals(v *float64) *float64 {
	if v = finite(v); v == nil {
		return nil
	}
	return scaled(*v, 1e4)
}

// significant rounds to 4 significant digits: KL spans many orders of magnitude.
func significant(v *float64) *float64 {
	if v = finite(v); v == nil || *v == 0 {
		return v
	}
	return scaled(*v, math.Pow(10, 3-math.Floor(math.Log10(math.Abs(*v)))))
}

// scaled rounds v to a multiple of 1/s; what s would push out of range stays as it is. Never -0.
func scaled(v, s float64) *float64 {
	r := math.Round(v*s) / s
	if finite(&r) == nil {
		r = v
	}
	if r == 0 {
		r = 0 // -0 prints as -0
	}
	return &r
}
