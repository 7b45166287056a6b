// Package page writes a pilot's study as a page: one file that needs nothing else, in English or Japanese, for a screen, a phone and paper.
package page

import (
	"bytes"
	_ "embed" // the page's parts
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/dqa-go/dqa/advise"
	"github.com/dqa-go/dqa/pilot"
)

var (
	//go:embed page.html.tmpl
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed page.js
	pageJS string
)

// WriteHTML writes the page of a study in a language of Languages. It follows the reader's choice of light or dark, reads without scripts
// (with them the costs can be changed and commands copied), asks for nothing else and is well-formed XML.
func WriteHTML(w io.Writer, s *pilot.Study, language string) error {
	v := &view{Study: s, Lang: language}
	t, err := template.New("page").Funcs(v.functions()).Parse(pageHTML)
	if err != nil {
		return err
	}
	var b bytes.Buffer // a page that fails half-way is worse than none
	if err := t.Execute(&b, v); err != nil {
		return err
	}
	page := b.Bytes()
	if language == "ja" { // no space is between sentences there
		page = bytes.ReplaceAll(page, []byte("。 "), []byte("。"))
	}
	_, err = w.Write(page)
	return err
}

// Sentence is the verdict in two sentences.
func Sentence(s *pilot.Study, language string) string {
	v := &view{Study: s, Lang: language}
	return strings.ReplaceAll(v.title()+". "+v.lead(), "\u00a0", " ") // for terminals
}

// view is a study in a language.
type view struct {
	*pilot.Study
	Lang string
}

// Style and Script are the page's own.
func (v *view) Style() template.CSS { return template.CSS(pageCSS) }

// Script is run by browsers that run scripts.
func (v *view) Script() template.JS { return template.JS(pageJS) }

// functions are those of the template.
func (v *view) functions() template.FuncMap {
	return template.FuncMap{
		"t": v.say, "title": v.title, "lead": v.lead, "purposes": v.purposes, "reasons": v.reasons, "num": num, "size": size, "pct": pct,
		"points": points, "count": thousands, "chosen": v.chosen, "chart": v.chart, "strip": v.strip, "img": dataURI, "number": v.numberText,
		"has": v.has, "class": v.Task.Name, "part": v.Part, "short": short, "ms": milliseconds, "seconds": seconds, "sorted": v.sortedLayers,
		"words": v.words, "costs": v.costs, "glossary": v.glossary, "linkrows": v.linkRows, "ways": v.ways,
		"wayscaption": v.waysCaption, "sizes": v.sizes, "rate": v.rate, "changes": v.changeText,
		"tag": func(parts ...any) string { return fmt.Sprint(parts...) }, "other": v.other, "percent": func(x float64) float64 { return 100 * x },
		"legend": v.legend,
		"busy":   func() bool { return v.Device.Load > 1.5*float64(max(1, v.Made.Cores)) }, // the study itself has a worker per core
		"add":    func(a, b int) int { return a + b }, "caption": v.caption, "layerwords": v.layerWords, "unit": v.unit, "value": v.valueText,
	}
}

// say is a text of the language; one that is missing ends the page.
func (v *view) say(key string, words ...any) (string, error) { return say(v.Lang, key, words...) }

// must is say for texts that are known to be there: TestTexts.
func (v *view) must(key string, words ...any) string {
	text, err := v.say(key, words...)
	if err != nil {
		panic(err)
	}
	return text
}

// other is the page in the other language.
func (v *view) other() Language {
	for _, l := range Languages() {
		if l.Code != v.Lang {
			return l
		}
	}
	return Language{}
}

func (v *view) title() string {
	title := v.must("title." + v.Verdict.Light)
	if v.Verdict.Light == pilot.Red {
		return title
	}
	var names []string
	for _, p := range v.Verdict.Purposes {
		if p.OK {
			names = append(names, v.must("purpose."+p.Name))
		}
	}
	list := strings.Join(names[:max(0, len(names)-1)], v.must("comma"))
	if list != "" {
		list += v.must("and")
	}
	return title + v.must("for", "purposes", list+names[len(names)-1])
}

// chosen is the recommended setting.
func (v *view) chosen() pilot.Point { return v.Frontier.Points[v.Frontier.Chosen] }

func (v *view) lead() string {
	o := v.chosen().Confirm
	return v.must("lead."+v.Metric, "bits", num(o.StoredBits.Value, 2), "a", num(o.Float, 2), "b", num(o.Value, 2),
		"loss", num(o.Loss.Value, 2), "low", num(o.Loss.Low, 2), "high", num(o.Loss.High, 2), "n", thousands(o.Images))
}

// purposeView is a purpose in words.
type purposeView struct {
	Name, State, Mark, Text string
	OK                      bool
}

func (v *view) purposes() (all []purposeView) {
	for _, p := range v.Verdict.Purposes {
		w := purposeView{Name: v.must("purpose." + p.Name), State: v.must("yes"), Mark: "✓", OK: p.OK}
		why := "ok"
		if !p.OK {
			why = p.Why
			if w.State, w.Mark = v.must("no"), "✕"; p.Why == "not-measured" {
				w.State, w.Mark = v.must("open"), "–"
			}
		}
		before, after, file, layer := v.gained(p)
		w.Text = v.must(p.Name+"."+why, "gain", num(p.Gain, 1), "need", plain(p.Need), "before", before, "after", after,
			"file", file, "layer", layer)
		all = append(all, w)
	}
	return all
}

// gained are the sizes that a purpose's gain is made of; on a link also which file is meant, and where the cut is.
func (v *view) gained(p pilot.Purpose) (before, after, file string, layer int) {
	switch p.Name {
	case "memory":
		if v.Memory != nil {
			return size(float64(v.Memory.Float)), size(float64(v.Memory.Packed)), "", 0
		}
	case "link":
		if w := v.Link.FileWay(); w != nil {
			before, file = size(w.Confirmed.Bytes), v.way(w)
		}
		if w := v.Link.CutWay(); w != nil {
			after, layer = size(w.Confirmed.Bytes), w.Edge
		}
		return before, after, file, layer
	case "store":
		return size(float64(v.Bytes.Float)), size(v.Bytes.Stored.Value), "", 0
	}
	return "", "", "", 0
}

// way is a way to send an image, in words.
func (v *view) way(w *advise.Way) string {
	if w.Kind == advise.Split {
		return v.must("way.split", "layer", w.Edge, "bits", num(w.Bits, 2))
	}
	return v.must("way."+string(w.Kind), "q", w.Quality)
}

// reasonView is a reason in words.
type reasonView struct{ Light, Text string }

func (v *view) reasons() (all []reasonView) {
	for _, r := range v.Verdict.Reasons {
		all = append(all, reasonView{r.Light, v.must("reason."+r.Code, "value", plain(r.Value), "limit", plain(r.Limit))})
	}
	return all
}

// linkRow is what an image takes on the link.
type linkRow struct {
	Name  string
	Bytes float64
	MS    float64
	Best  bool
}

// linkRows are the ways to send an image.
func (v *view) linkRows() (all []linkRow) {
	add := func(name string, bytes float64) {
		all = append(all, linkRow{Name: name, Bytes: bytes, MS: 8000 * bytes / v.Link.Rate})
	}
	if w := v.Link.FileWay(); w != nil {
		add(v.way(w), w.Confirmed.Bytes)
	}
	if w := v.Link.CutWay(); w != nil {
		add(v.must("cut.stored"), w.Confirmed.Bytes)
		if c := v.Link.Advice.CutAt(w.Edge); c != nil {
			add(v.must("cut.float32"), 4*float64(c.Values))
		}
	}
	best := -1
	for i := range all {
		if best < 0 || all[i].Bytes < all[best].Bytes {
			best = i
		}
	}
	if best >= 0 {
		all[best].Best = true
	}
	return all
}

// wayView is a way to send an image, in words.
type wayView struct {
	advise.Way
	Name   string
	Share  float64
	Chosen bool
}

// ways are all that were measured.
func (v *view) ways() (all []wayView) {
	a := v.Link.Advice
	for i := range a.Ways {
		w := wayView{Way: a.Ways[i], Name: v.way(&a.Ways[i]), Chosen: i == v.Link.Cut || i == v.Link.File}
		switch w.Kind {
		case advise.Local:
			w.Share = 1
		case advise.Split:
			w.Share = a.CutAt(w.Edge).Share
		}
		all = append(all, w)
	}
	return all
}

// waysCaption says what was tried.
func (v *view) waysCaption() string {
	a := v.Link.Advice
	tried, budgets := 0, ""
	for _, c := range a.Cuts {
		if c.Measured {
			tried++
		}
	}
	for i, b := range a.Budgets {
		if i > 0 {
			budgets += v.must("comma")
		}
		budgets += plain(b)
	}
	return v.must("ways.caption", "n", tried, "m", len(a.Cuts), "budgets", budgets, "c", thousands(a.Images),
		"k", thousands(v.chosen().Confirm.Images))
}

func (v *view) rate() string {
	switch r := v.Link.Rate; {
	case r >= 1e9:
		return plain(r/1e9) + " Gbit/s"
	case r >= 1e6:
		return plain(r/1e6) + " Mbit/s"
	default:
		return plain(r/1e3) + " kbit/s"
	}
}

// dataURI is a panel as the address of a picture.
func dataURI(p pilot.Panel) template.URL {
	return template.URL("data:" + p.Type + ";base64," + base64.StdEncoding.EncodeToString(p.Data))
}
