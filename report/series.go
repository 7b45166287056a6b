package report

import (
	"cmp"
	"math"
	"slices"
	"strconv"
)

// setting is what makes the codes of a method besides their number of bits.
type setting struct{ method, extra, ratio, ranking, seed, signed, scale, part string }

func settingOf(row Row) setting {
	s := setting{method: row.Method, ratio: ratioText(row), ranking: str(row.Ranking), seed: seedText(row), signed: signedText(row), scale: str(row.Scale), part: partText(row)}
	if row.ExtraBits != nil {
		s.extra = strconv.Itoa(*row.ExtraBits)
	}
	return s
}

// parts names what may differ between two settings of one method.
func (s setting) parts() []string {
	return []string{named("m=", s.extra), named("r=", s.ratio), s.ranking, named("seed ", s.seed), s.signed, s.scale, s.part}
}

func named(name, value string) string {
	if value == "" {
		return ""
	}
	return name + value
}

// Coders of rows that are stored as their method itself says.
const (
	rawCodes    = ""
	errorsCoder = "paper"
)

func plainCoder(name string) bool { return name == rawCodes || name == errorsCoder }

// series is one line of the plot: one setting, stored one way, at several bits.
type series struct {
	name   string
	family int // by setting: colour and shape
	coder  int // by coder: 0 as the method stores itself (solid), 1 and up hollow
	points []point
}

// point is one row in the plot.
type point struct {
	label   string
	x, y    float64
	se      float64 // half of the error bar; 0: none
	outside bool    // y is below the axis: drawn at its edge
}

// seriesOf groups the rows that have stored bits and a y, in order of appearance; points go by bits, then stored bits.
func seriesOf(r Result, q quantity) []series {
	type key struct {
		setting
		coder string
	}
	var keys []key
	var names namer
	groups := map[key][]Row{}
	rows := drawableRows(r, q)
	crowded := isCrowded(rows)
	for _, row := range rows {
		k := key{settingOf(row), str(row.Coder)}
		if crowded {
			k.setting = k.setting.family()
		}
		if groups[k] == nil {
			keys = append(keys, k)
		}
		names.addSetting(k.setting)
		names.addCoder(k.coder)
		groups[k] = append(groups[k], row)
	}
	all := make([]series, len(keys))
	for i, k := range keys {
		_, raw := groups[key{k.setting, rawCodes}]
		suffix := names.coder(k.coder, raw)
		all[i] = series{
			name:   names.setting(k.setting) + suffix,
			family: slices.Index(names.families, k.setting),
			points: pointsOf(groups[k], q),
		}
		if crowded {
			all[i].points = front(all[i].points)
		}
		if suffix != "" {
			all[i].coder = names.number(k.coder)
		}
	}
	return all
}

func drawableRows(r Result, q quantity) (rows []Row) {
	for _, row := range r.Rows {
		if !isFloat(row) && drawable(row.StoredBits) && *row.StoredBits >= 0 && drawable(q.y(row)) {
			rows = append(rows, row)
		}
	}
	return rows
}

// manySeries are more than a plot can tell apart.
const manySeries = 16

// isCrowded tells whether one line per setting and coder would be too many: of each method's settings only those are
// drawn that no other of them beats.
func isCrowded(rows []Row) bool {
	lines := map[setting]map[string]bool{}
	n := 0
	for _, row := range rows {
		s := settingOf(row)
		if lines[s] == nil {
			lines[s] = map[string]bool{}
		}
		if !lines[s][str(row.Coder)] {
			lines[s][str(row.Coder)] = true
			n++
		}
	}
	return n > manySeries
}

// family is what m, r, ranking and seed do not change.
func (s setting) family() setting {
	s.extra, s.ratio, s.ranking, s.seed = "", "", "", ""
	return s
}

// front keeps the points that no other one beats in both size and y, from the smallest on.
func front(points []point) []point {
	points = slices.Clone(points)
	slices.SortStableFunc(points, func(a, b point) int { return cmp.Or(cmp.Compare(a.x, b.x), cmp.Compare(b.y, a.y)) })
	var best []point
	for _, p := range points {
		if len(best) == 0 || p.y > best[len(best)-1].y {
			best = append(best, p)
		}
	}
	return best
}

// drawable: known, and of a size that an axis can show; others stay in the table.
func drawable(v *float64) bool { return v != nil && math.Abs(*v) < 1e6 }

func pointsOf(rows []Row, q quantity) []point {
	slices.SortStableFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(orZero(bitsNumber(a)), orZero(bitsNumber(b))), cmp.Compare(*a.StoredBits, *b.StoredBits))
	})
	points := make([]point, len(rows))
	for i, row := range rows {
		points[i] = point{label: bitsText(row), x: *row.StoredBits, y: *q.y(row)}
		if se := q.se(row); drawable(se) {
			points[i].se = max(0, *se)
		}
	}
	return points
}

func orZero(v *float64) float64 {
	if v == nil {
		return 0
	}
	return *v
}

// namer gives names that are as short as what else is in the plot allows.
type namer struct {
	families []setting
	coders   []string // other than plain ones
}

func (n *namer) addSetting(s setting) {
	if !slices.Contains(n.families, s) {
		n.families = append(n.families, s)
	}
}

func (n *namer) addCoder(name string) {
	if !plainCoder(name) && !slices.Contains(n.coders, name) {
		n.coders = append(n.coders, name)
	}
}

// setting is the method and those parts in which its settings differ.
func (n *namer) setting(s setting) string {
	name := s.method
	for i, part := range s.parts() {
		if part != "" && slices.ContainsFunc(n.families, func(f setting) bool { return s.differs(f, i) }) {
			name += " " + part
		}
	}
	return name
}

// differs tells whether part i sets s apart from f. Another method has a ratio and a ranking of its own, but whether
// codes are signed and what their scale is are questions to all.
func (s setting) differs(f setting, i int) bool {
	const signed = 4
	mine, other := s.parts()[i], f.parts()[i]
	if f.method != s.method && (i < signed || other == "") {
		return false
	}
	return mine != other
}

// number counts coders from 1; plain ones that need telling apart from raw codes come last.
func (n *namer) number(coder string) int {
	if i := slices.Index(n.coders, coder); i >= 0 {
		return i + 1
	}
	return len(n.coders) + 1
}

// coder says how codes are stored where that is not the method's own way; raw: raw codes are shown too.
func (n *namer) coder(name string, raw bool) string {
	switch {
	case name == rawCodes || name == errorsCoder && !raw:
		return ""
	case plainCoder(name) || len(n.coders) > 1:
		return " + " + name
	}
	return " + coder"
}

// quantity is what the plot shows over stored bits.
type quantity struct {
	name  string // "top-1 accuracy"
	y, se func(Row) *float64
	ref   *float64 // of float32
}

// quantityOf is the metric where the data has labels, else the agreement with float32; false if there is neither.
func quantityOf(r Result) (quantity, bool) {
	none := func(Row) *float64 { return nil }
	q := quantity{name: accuracyName(r), y: func(row Row) *float64 { return row.Value }, se: func(row Row) *float64 { return row.DropSE }}
	if drawable(r.FP32) {
		q.ref = r.FP32
	}
	if r.Metric != nil && len(seriesOf(r, q)) > 0 {
		return q, true
	}
	all := 100.0
	q = quantity{name: "agreement with float32", y: func(row Row) *float64 { return row.Agreement }, se: none, ref: &all}
	return q, len(seriesOf(r, q)) > 0
}

// accuracyName is the metric in a sentence.
func accuracyName(r Result) string {
	if str(r.Metric) == "top1" {
		return "top-1 accuracy"
	}
	return metricName(r)
}
