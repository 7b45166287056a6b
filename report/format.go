package report

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

const float32Method = "fp32"

// prepare returns a copy of r that is safe to show: printable text, finite numbers, the fp32 row first.
func prepare(r Result) Result {
	r.Model, r.Data = clean(r.Model), clean(r.Data)
	r.Metric, r.Partial = cleanPointer(r.Metric), clean(r.Partial)
	r.Resize = clean(r.Resize)
	r.FP32 = finite(r.FP32)
	r.Warnings = slices.Clone(r.Warnings)
	for i, w := range r.Warnings {
		r.Warnings[i] = clean(w)
	}
	r.Outputs = slices.Clone(r.Outputs)
	for i := range r.Outputs {
		r.Outputs[i].Name = clean(r.Outputs[i].Name)
	}
	r.Rows = slices.Clone(r.Rows)
	for i := range r.Rows {
		prepareRow(&r.Rows[i])
	}
	first := slices.IndexFunc(r.Rows, isFloat)
	if first < 0 && r.FP32 != nil {
		r.Rows = slices.Insert(r.Rows, 0, Row{Method: float32Method, Value: r.FP32})
	}
	slices.SortStableFunc(r.Rows, func(a, b Row) int { return btoi(isFloat(b)) - btoi(isFloat(a)) })
	if r.FP32 == nil && first >= 0 {
		r.FP32 = r.Rows[0].Value
	}
	return r
}

func prepareRow(row *Row) {
	row.Method = clean(row.Method)
	for _, s := range []**string{&row.Ranking, &row.Scale, &row.Coder} {
		*s = cleanPointer(*s)
	}
	for _, v := range []**float64{&row.Ratio, &row.Budget, &row.Value, &row.Drop, &row.DropSE, &row.KL, &row.Agreement, &row.StoredBits, &row.FrameBytes} {
		*v = finite(*v)
	}
}

func isFloat(row Row) bool { return row.Method == float32Method }

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// clean replaces what could steer a terminal or break a document: names come from files of strangers.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(s, string(unicode.ReplacementChar)))
}

// absolute is a path from the root in a name or a SPEC: kind:PATH, kind:PATH,PATH, each with a slice behind it. The last
// part of the path is what matched.
var absolute = regexp.MustCompile(`(^|[:,]|: )(?:[A-Za-z]:[/\\]|/)(?:(?:\\.|[^,\[])*[/\\])?((?:\\.|[^,\[/\\])*)`)

// pathsInText are absolute paths within a sentence, whose words end at blanks.
var pathsInText = regexp.MustCompile(`(^|[\s:,"'(])(?:[A-Za-z]:[/\\]|/)(?:[^\s,"')]*[/\\])?([^\s,"')/\\]+)`)

// WithoutFolders leaves of absolute paths in a sentence or a command the last part.
func WithoutFolders(text string) string { return pathsInText.ReplaceAllString(clean(text), "$1$2") }

// withoutFolders leaves of absolute paths the last part: where somebody keeps files is nobody's business.
func withoutFolders(s string) string { return absolute.ReplaceAllString(s, "$1$2") }

func cleanPointer(s *string) *string {
	if s == nil {
		return nil
	}
	c := clean(*s)
	return &c
}

// bitsText is "4" for n bits and "3+2" for n bits and m extra ones.
func bitsText(row Row) string {
	switch {
	case row.Goal != nil:
		return *row.Goal
	case row.Budget != nil:
		return strconv.FormatFloat(*row.Budget, 'g', 4, 64)
	case row.Bits == nil:
		return ""
	case row.ExtraBits == nil:
		return strconv.Itoa(*row.Bits)
	}
	return fmt.Sprintf("%d+%d", *row.Bits, *row.ExtraBits)
}

func signedText(row Row) string {
	switch {
	case row.Signed == nil:
		return ""
	case *row.Signed:
		return "signed"
	}
	return "unsigned"
}

func ratioText(row Row) string {
	if row.Ratio == nil {
		return ""
	}
	text := strconv.FormatFloat(*row.Ratio, 'g', 3, 64)
	if row.Global != nil && *row.Global {
		text += " of all"
	}
	return text
}

func seedText(row Row) string {
	if row.Seed == nil {
		return ""
	}
	return strconv.FormatUint(*row.Seed, 10)
}

// partText says what of a scalable frame a receiver has.
func partText(row Row) string {
	switch {
	case row.Scalable == nil:
		return ""
	case row.BaseOnly != nil && *row.BaseOnly:
		return "base"
	}
	return fmt.Sprintf("base+%d", *row.Scalable)
}

func dropText(row Row) string {
	if row.Drop == nil || row.DropSE == nil {
		return fixed2(row.Drop)
	}
	return fixed2(row.Drop) + " ± " + fixed2(row.DropSE)
}

func klText(row Row) string {
	if row.KL == nil {
		return ""
	}
	v := *row.KL
	switch a := math.Abs(v); {
	case a == 0:
		return "0"
	case a < 1e-6:
		return strconv.FormatFloat(v, 'e', 0, 64)
	case a < 0.1: // at least two significant digits
		return strconv.FormatFloat(v, 'f', max(4, 1-int(math.Floor(math.Log10(a)))), 64)
	}
	return strconv.FormatFloat(v, 'f', 3, 64)
}

func str(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func fixed2(v *float64) string {
	if v == nil {
		return ""
	}
	return fixed(*v, 2)
}

// fixed prints v with n decimals, never as -0.
func fixed(v float64, n int) string {
	s := strconv.FormatFloat(v, 'f', n, 64)
	if strings.Trim(s, "-0.") == "" {
		return strings.TrimPrefix(s, "-")
	}
	return s
}

// bytesText prints a size with a binary unit.
func bytesText(v *float64) string {
	if v == nil {
		return ""
	}
	size, unit := *v, 0
	units := [...]string{"B", "KiB", "MiB", "GiB", "TiB"}
	for size >= 1023.95 && unit < len(units)-1 {
		size, unit = size/1024, unit+1
	}
	if unit == 0 {
		return fixed(size, 0) + " B"
	}
	return fixed(size, 1) + " " + units[unit]
}

// count prints n with its thousands apart and the right number of the noun.
func count(n int, noun string) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if n != 1 {
		noun += "s"
	}
	return s + " " + noun
}

// metricName is what readers call the metric.
func metricName(r Result) string {
	switch m := str(r.Metric); m {
	case "":
		return "value"
	case "top1":
		return "top-1"
	case "miou":
		return "mIoU"
	default:
		return m
	}
}

func floatOf(i *int) *float64 {
	if i == nil {
		return nil
	}
	f := float64(*i)
	return &f
}
