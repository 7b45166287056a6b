package report

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func tableOf(t *testing.T, r Result, opt TableOptions) []string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteTable(&b, r, opt); err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}

func widest(lines []string) (n int) {
	for _, line := range lines {
		n = max(n, utf8.RuneCountInString(line))
	}
	return n
}

func TestTableKeepsWidth(t *testing.T) {
	long := sample()
	long.Model, long.Data = strings.Repeat("deep/", 60)+"net.onnx", strings.Repeat("data ", 60)
	for i := range long.Rows {
		if !isFloat(long.Rows[i]) {
			long.Rows[i].Method = "noisyquant"
			long.Rows[i].Ranking, long.Rows[i].Signed, long.Rows[i].Scale = ptr("quantize-one"), ptr(i%2 == 0), ptr("static-tensor")
		}
	}
	for _, r := range []Result{sample(), unlabelled(), long} {
		for width := 40; width <= 130; width++ {
			if n := widest(tableOf(t, r, TableOptions{Width: width})); n > width {
				t.Fatalf("%s: %d columns where %d were asked for", r.Model[:8], n, width)
			}
		}
		if n := widest(tableOf(t, r, TableOptions{})); n > 100 {
			t.Errorf("%s: %d columns by default", r.Model[:8], n)
		}
	}
}

// TestTableShows: what is squeezed out is named, what varies is a column, what is shared is said once.
func TestTableShows(t *testing.T) {
	narrow := strings.Join(tableOf(t, sample(), TableOptions{Width: 50}), "\n")
	if !strings.Contains(narrow, "not shown for lack of width: profile, agree %, KL") {
		t.Error(narrow)
	}
	mixed := sample()
	mixed.Rows[1].Signed = ptr(false)
	text := strings.Join(tableOf(t, mixed, TableOptions{Width: 120, NoLegend: true}), "\n")
	if !strings.Contains(text, "codes") || !strings.Contains(text, "unsigned") || strings.Contains(text, "throughout: codes") {
		t.Error(text)
	}
	if strings.Contains(text, "stored: bits per value") {
		t.Error("legend in spite of NoLegend")
	}
	plain := Result{Model: "m", Rows: []Row{{Method: "direct", Bits: ptr(4)}}}
	lines := tableOf(t, plain, TableOptions{})
	if want := []string{"m, , 0 images", "", "method  bits", "direct     4"}; !slices.Equal(lines, want) {
		t.Errorf("%q", lines)
	}
}

func TestTableFirstRowIsFloat(t *testing.T) {
	r := sample()
	slices.Reverse(r.Rows)
	lines := tableOf(t, r, TableOptions{})
	if i := slices.IndexFunc(lines, func(s string) bool { return strings.HasPrefix(s, "method") }); i < 0 || !strings.HasPrefix(lines[i+1], "fp32") {
		t.Error(strings.Join(lines, "\n"))
	}
	if r.Rows[0].Method != "dqa" {
		t.Error("the caller's rows were moved")
	}
	r.Rows = r.Rows[:1] // fp32 is known from the result alone
	if text := strings.Join(tableOf(t, r, TableOptions{}), "\n"); !strings.Contains(text, "\nfp32 ") || !strings.Contains(text, "92.30") {
		t.Error(text)
	}
}

// TestTableStaysText: names of strangers must not steer a terminal.
func TestTableStaysText(t *testing.T) {
	r := sample()
	r.Model, r.Data = "\x1b[31mred\r\n", "a\u202eb\xff"
	r.Rows[1].Method, r.Rows[1].Coder = "x\x07", ptr("c\x9b\u2028")
	for _, line := range tableOf(t, r, TableOptions{}) {
		if strings.ContainsFunc(line, func(c rune) bool { return c < ' ' || c == 0x9b || c == 0x202e || c == 0x2028 }) || !utf8.ValidString(line) {
			t.Errorf("%q", line)
		}
	}
}

func TestNumbers(t *testing.T) {
	kl := func(v float64) string { return klText(Row{KL: &v}) }
	size := func(v float64) string { return bytesText(&v) }
	for _, c := range []struct{ got, want string }{
		{kl(0), "0"}, {kl(5.31), "5.310"}, {kl(.0702), "0.0702"}, {kl(.0093), "0.0093"}, {kl(.0000712), "0.000071"}, {kl(3e-9), "3e-09"},
		{kl(-1e-4), "-0.00010"},
		{size(0), "0 B"}, {size(1023), "1023 B"}, {size(1023.96), "1.0 KiB"}, {size(5132), "5.0 KiB"}, {size(1 << 20), "1.0 MiB"}, {size(1 << 55), "32768.0 TiB"},
		{count(0, "image"), "0 images"}, {count(1, "image"), "1 image"}, {count(1234567, "image"), "1,234,567 images"}, {count(-1000, "image"), "-1,000 images"},
		{fixed(-0.001, 2), "0.00"}, {fixed(-1.5, 1), "-1.5"},
		{dropText(Row{Drop: ptr(1.25)}), "1.25"}, {dropText(Row{Drop: ptr(-1.25), DropSE: ptr(.5)}), "-1.25 ± 0.50"}, {dropText(Row{DropSE: ptr(.5)}), ""},
		{bitsText(Row{Bits: ptr(3), ExtraBits: ptr(0)}), "3+0"}, {ratioText(Row{Ratio: ptr(1.0 / 3)}), "0.333"},
		{shorten("abcdefgh", 5), "ab…gh"}, {shorten("abcde", 5), "abcde"},
		{fixed2(prepare(Result{FP32: ptr(math.NaN())}).FP32), ""},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

type brokenWriter struct{}

var errBroken = errors.New("broken")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestWriteErrorsAreReturned(t *testing.T) {
	for name, err := range map[string]error{
		"table": WriteTable(brokenWriter{}, sample(), TableOptions{}),
		"json":  WriteJSON(brokenWriter{}, sample()),
		"html":  WriteHTML(brokenWriter{}, "t", []Result{sample()}, HTMLOptions{}),
		"plot":  PlotSVG(brokenWriter{}, sample(), PlotOptions{}),
	} {
		if !errors.Is(err, errBroken) {
			t.Error(fmt.Errorf("%s: %w", name, err))
		}
	}
}
