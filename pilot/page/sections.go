package page

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"github.com/dqa-go/dqa/pilot"
)

// changeText is the sentence on what changes.
func (v *view) changeText() (all []string) {
	c := &v.Changes
	words := []any{
		"n", thousands(c.Images), "m", c.Flipped, "p", pct(c.Changed.Value), "low", pct(max(0, c.Changed.Low)), "high", pct(c.Changed.High),
	}
	if v.maps() {
		all = append(all, v.must("changes.pixels", words...))
	} else {
		all = append(all, v.must("changes.flip", words...))
	}
	switch {
	case !c.Labelled:
		all = append(all, v.must("changes.nolabel"))
	case c.Worst < 0:
		all = append(all, v.must("changes.none"))
	case v.Task.Kind == "masks":
		for _, k := range c.ByClass {
			if k.Class == c.Worst {
				all = append(all, v.must("changes.worstIoU", "class", v.Task.Name(k.Class), "a", num(k.Float, 1), "b", num(k.Stored, 1)))
			}
		}
	default:
		for _, k := range c.ByClass {
			if k.Class == c.Worst {
				all = append(all, v.must("changes.worst", "class", v.Task.Name(k.Class), "n", k.Worse, "m", k.Images))
			}
		}
	}
	return all
}

// swatch is the colour of a class in maps.
type swatch struct {
	Name  string
	Color template.CSS
}

// mostSwatches is how many classes are told apart by colours.
const mostSwatches = 11

// legend are the colours of the classes.
func (v *view) legend() (all []swatch) {
	for c := range min(v.Task.Classes, mostSwatches) {
		all = append(all, swatch{v.Task.Name(c), template.CSS("background:" + pilot.ClassColor(c))})
	}
	return all
}

// maps tells whether the network's answer is a map of classes.
func (v *view) maps() bool {
	return v.Task.Kind == "masks" || len(v.Pictures) > 0 && v.Pictures[0].Float < 0
}

// fact is a number with its name.
type fact struct {
	Name, Value string
	Bad         bool
}

// words are the counts of what changes.
func (v *view) words() (all []fact) {
	c := &v.Changes
	add := func(key string, n int, bad bool) {
		all = append(all, fact{v.must(key), thousands(n), bad && n > 0})
	}
	if !c.Labelled {
		return nil
	}
	if v.Task.Normal >= 0 && (v.Task.Kind != "masks" || v.Task.Normal == 0) {
		add("changes.missed", c.Missed, true)
		add("changes.alarms", c.Alarms, true)
	}
	if v.Task.Kind != "masks" {
		add("changes.worse", c.Worse, true)
		add("changes.better", c.Better, false)
		add("changes.other", c.Other, false)
	}
	return all
}

// numbered is a layer with its number.
type numbered struct {
	pilot.Layer
	Index int
}

// sortedLayers are the layers, those of most bytes first.
func (v *view) sortedLayers() (all []numbered) {
	for i, l := range v.Layers {
		all = append(all, numbered{l, i})
	}
	slices.SortStableFunc(all, func(a, b numbered) int { return cmp.Compare(b.Bytes, a.Bytes) })
	return all
}

// layerWords names three layers.
func (v *view) layerWords() (all []string) {
	most, hard, easy := 0, 0, 0
	for i, l := range v.Layers {
		if l.Bytes > v.Layers[most].Bytes {
			most = i
		}
		if l.Sensitivity > v.Layers[hard].Sensitivity {
			hard = i
		}
		if l.Bits < v.Layers[easy].Bits {
			easy = i
		}
	}
	for _, k := range []struct {
		key string
		i   int
	}{{"layers.most", most}, {"layers.hard", hard}, {"layers.easy", easy}} {
		l := v.Layers[k.i]
		all = append(all, v.must(k.key, "i", k.i, "name", l.Name, "share", num(l.Share, 1), "bits", num(l.Bits, 2)))
	}
	return all
}

// costRow is what images of a day take in one way.
type costRow struct {
	Name   string
	Bytes  float64 // per image
	Day    string
	Year   string
	Strong bool
}

// costs are those of the defaults; the page's script makes those of other figures.
func (v *view) costs() (all []costRow) {
	add := func(name string, bytes float64, strong bool) {
		day := bytes * float64(v.Cost.PerDay) * float64(v.Cost.Cameras)
		all = append(all, costRow{name, bytes, size(day), money(day / 1e9 * v.Cost.Price * 365), strong})
	}
	add(v.must("allfloat"), float64(v.Bytes.Float), false)
	add(v.must("allstored"), v.Bytes.Stored.Value, true)
	for _, l := range v.linkRows() {
		add(l.Name, l.Bytes, false)
	}
	return all
}

func money(v float64) string {
	if v >= 100 {
		return thousands(int(v + .5))
	}
	return num(v, 2)
}

// term is an entry of the glossary.
type term struct{ Here, There string }

// glossary are all words in both languages, this page's first.
func (v *view) glossary() (all []term) {
	for _, key := range glossaryKeys() {
		here, _ := say(v.Lang, key)
		there, _ := say(v.other().Code, key)
		all = append(all, term{here, there})
	}
	return all
}

func glossaryKeys() (keys []string) {
	for key := range texts {
		if strings.HasPrefix(key, "g.") {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// has tells whether there is a number of a name.
func (v *view) has(name string) bool {
	return slices.ContainsFunc(v.Numbers, func(n pilot.Number) bool { return n.Name == name })
}

// numberText is a number of the appendix as text with its interval.
func (v *view) numberText(name string) (string, error) {
	for _, n := range v.Numbers {
		if n.Name == name {
			return v.valueText(n), nil
		}
	}
	return "", fmt.Errorf("the study has no number %q", name)
}

func (v *view) valueText(n pilot.Number) string {
	if n.Value == nil {
		return "–"
	}
	write := func(x float64) string {
		switch n.Unit {
		case "bytes":
			return size(x)
		case "ms":
			return milliseconds(x)
		case "s":
			return seconds(x)
		case "images":
			if x < 0 {
				return "–"
			}
			return num(x, 0)
		}
		return num(x, 2)
	}
	s := write(*n.Value)
	if n.Low != nil && n.High != nil {
		s += " (" + write(*n.Low) + " – " + write(*n.High) + ")"
	}
	return s
}

func (v *view) unit() string {
	if v.Metric == "agreement" {
		return v.must("chart.y.agree")
	}
	return v.must("chart.y")
}

// caption says how to read the chart.
func (v *view) caption() (all []string) {
	f := v.Frontier
	c := v.chosen()
	all = append(all, v.must("chart.caption", "n", thousands(c.Confirm.Images), "m", thousands(c.Choice.Images),
		"rule", v.must("rule."+f.Rule)))
	if f.Baseline >= 0 {
		b := f.Points[f.Baseline].Confirm.StoredBits.Value
		return append(all, v.must("chart.baseline", "base", num(b, 2), "times", num(b/c.Confirm.StoredBits.Value, 1)))
	}
	return append(all, v.must("chart.nobaseline"))
}

// sizeView is a setting with a name.
type sizeView struct {
	pilot.Point
	Name        string
	Recommended bool
}

// sizes are the settings with names, those with most bits first, and the recommended one where it has no name.
func (v *view) sizes() (all []sizeView) {
	for i, p := range v.Frontier.Points {
		w := sizeView{Point: p, Name: p.Tier, Recommended: i == v.Frontier.Chosen}
		if w.Recommended {
			w.Name = strings.TrimPrefix(p.Tier+v.must("comma")+v.must("tiers.recommended"), v.must("comma"))
		}
		if w.Name != "" {
			all = append(all, w)
		}
	}
	slices.Reverse(all)
	return all
}
