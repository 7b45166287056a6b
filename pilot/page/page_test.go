package page

import (
	"bytes"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
)

// tags parses a page, which must be well-formed XML.
func tags(t *testing.T, page []byte) (all []xml.StartElement) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(page))
	d.Entity = xml.HTMLEntity
	for {
		token, err := d.Token()
		if err == io.EOF {
			return all
		}
		if err != nil {
			line, _ := d.InputPos()
			t.Fatalf("line %d: %v", line, err)
		}
		if e, ok := token.(xml.StartElement); ok {
			all = append(all, e.Copy())
		}
	}
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

var leftover = regexp.MustCompile(`\{\{|\{[a-z]+\}|%!|<no value>|ZgotmplZ|NaN`)

// Every page of every kind of study, in every language, is well-formed and whole: ids are unique, what is pointed at is there, heads have
// a scope, pictures a text, and no word of a template or of another language's page is left.
func TestPages(t *testing.T) {
	for kind, s := range studies() {
		for _, l := range Languages() {
			page := pageOf(t, s, l.Code)
			all := tags(t, page)
			ids := map[string]bool{}
			for _, e := range all {
				if id := attribute(e, "id"); id != "" {
					if ids[id] {
						t.Errorf("%s, %s: id %s twice", kind, l.Code, id)
					}
					ids[id] = true
				}
			}
			for _, e := range all {
				checkTag(t, e, ids)
			}
			text := regexp.MustCompile(`(?s)<(script|style)>.*?</(script|style)>`).ReplaceAllString(string(page), "")
			if found := leftover.FindString(text); found != "" {
				t.Errorf("%s, %s: %q is left", kind, l.Code, found)
			}
			if l.Code == "ja" && !strings.Contains(text, "量子化") {
				t.Errorf("%s: no Japanese", kind)
			}
		}
	}
}

func checkTag(t *testing.T, e xml.StartElement, ids map[string]bool) {
	t.Helper()
	for _, id := range strings.Fields(attribute(e, "aria-labelledby")) {
		if !ids[id] {
			t.Errorf("%s is labelled by %s, which is not there", e.Name.Local, id)
		}
	}
	href := attribute(e, "href")
	switch name := e.Name.Local; {
	case strings.HasPrefix(href, "#") && !ids[href[1:]]:
		t.Errorf("a link to %s, which is not there", href)
	case name == "th" && attribute(e, "scope") == "":
		t.Errorf("%v has no scope", e)
	case name == "img" && (attribute(e, "alt") == "" || !strings.HasPrefix(attribute(e, "src"), "data:image/")):
		t.Errorf("%v", e)
	case name == "svg" && (attribute(e, "role") != "img" || attribute(e, "aria-labelledby") == ""):
		t.Errorf("%v", e)
	}
	local := href == "" || strings.HasPrefix(href, "#") || strings.HasPrefix(href, "data:") || href == "report.html" || href == "report.ja.html"
	if src := attribute(e, "src"); !local || src != "" && !strings.HasPrefix(src, "data:") {
		t.Errorf("%s asks for %s%s", e.Name.Local, href, src)
	}
}

// A name is text, whatever is in it.
func TestPageEscapes(t *testing.T) {
	evil := `"'><script>alert(1)</script></title>]]>&amp;{{.}}`
	s := sample()
	s.Model.Name, s.Task.Names, s.Layers[0].Name, s.Pictures[0].Name = evil, []string{evil, evil, evil}, evil, evil
	s.Burden.Commands[0], s.Burden.Remake, s.Warnings, s.Parts[0].Spec = evil, evil, []string{evil}, evil
	for _, l := range Languages() {
		page := pageOf(t, s, l.Code)
		scripts := 0
		for _, e := range tags(t, page) {
			if e.Name.Local == "script" {
				scripts++
			}
		}
		if scripts != 1 || bytes.Contains(page, []byte("<script>alert")) {
			t.Errorf("%s: %d scripts", l.Code, scripts)
		}
	}
}

// Between Japanese sentences there is no space.
func TestJapaneseSentences(t *testing.T) {
	for kind, s := range studies() {
		if page := pageOf(t, s, "ja"); bytes.Contains(page, []byte("。 ")) || bytes.Contains(page, []byte("）.")) {
			t.Errorf("%s: a space or a Western stop", kind)
		}
	}
}

// The verdict says its light in words and in the title; red names no purpose.
func TestVerdictInWords(t *testing.T) {
	if got := Sentence(sample(), "en"); !strings.HasPrefix(got, "Promising") || !strings.Contains(got, "for memory, link and storage.") {
		t.Error(got)
	}
	if got := Sentence(sample(), "en"); strings.Contains(got, "\u00a0") {
		t.Errorf("%q", got)
	}
	if got := Sentence(segmenter(), "en"); !strings.HasPrefix(got, "Do not use it here.") {
		t.Error(got)
	}
	if got := Sentence(bare(), "ja"); !strings.HasPrefix(got, "試験導入に進めます") {
		t.Error(got)
	}
}

// Save writes all files, or, where a page cannot be made, none.
func TestSave(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	broken := sample()
	broken.Numbers, broken.Metric = nil, "nothing"
	func() {
		defer func() { _ = recover() }() // a study with a code that nobody knows is a mistake in the program
		if err := Save(dir, broken, &profile.Profile{}); err == nil {
			t.Error("no error")
		}
	}()
	if _, err := os.Stat(dir); err == nil {
		t.Error("something was written")
	}
	if err := Save(dir, sample(), anyProfile(t)); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range names {
		names[i] = filepath.Base(names[i])
	}
	want := []string{"classes.csv", "command.txt", "cuts.csv", "frontier.csv", "layers.csv", "numbers.csv", "profile.dqap", "report.html",
		"report.ja.html", "report.json", "ways.csv"}
	if !slices.Equal(names, want) {
		t.Errorf("%v", names)
	}
}

// anyProfile is one that can be written.
func anyProfile(t *testing.T) *profile.Profile {
	t.Helper()
	net, err := session.Open("demo:classify", session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	data, err := net.Data("demo:classify[0:2]")
	if err != nil {
		t.Fatal(err)
	}
	made, err := net.Calibrate(t.Context(), data, session.Variant{Setting: profile.Setting{Name: "direct", Bits: 4}}, session.CalibrateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return made.Profile
}

func TestFormats(t *testing.T) {
	for got, want := range map[string]string{
		num(-.001, 2): "0.00", num(-1.5, 1): "−1.5", plain(2.5): "2.5", plain(3): "3", size(999): "999\u00a0B", size(1000.): "1.0\u00a0KB", size(int64(33000)): "33.0\u00a0KB",
		size(123456789): "123\u00a0MB", milliseconds(.5): "0.50\u00a0ms", milliseconds(12345): "12.3\u00a0s", thousands(1234567): "1,234,567", pct(.05): "0.050",
		seconds(150): "2.5\u00a0min",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
