package drift

import (
	"fmt"
	"math"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/profile"
)

// Options steer a Monitor. The zero value works.
type Options struct {
	ERT    float64 // images between false alarms, on average; 0: DefaultERT
	Window int     // images within which changes are looked for; 0: DefaultWindow
	Seed   uint64  // of the simulation that sets the thresholds
}

// What Options are without.
const (
	DefaultERT    = 10000
	DefaultWindow = 16
)

// Monitor watches one stream. Its memory does not grow. It belongs to one goroutine.
type Monitor struct {
	profile   *profile.Profile
	reference *profile.Reference
	layout    layout
	classes   []*classes
	charts    [charts]chart
	window    int
	images    int
	row       []float64
	now       []measures // of the image at hand, in spreads
	recent    []measures // means of the last images, older ones counting less
	weight    float64    // of one image in them
}

// charts are of coded bits and of codes, for changes that are seen within a window, then for lesser ones, within four.
const charts = 4

// chart is one test.
type chart struct {
	name     string
	from, to int // numbers of the row
	white    *whitening
	sum      sum
	y        []float64
	k, h     float64
	raised   bool
	low      int // the image behind the last at which the sum was below half of h
}

// New returns a monitor of streams of the profile, by its reference. It takes a second or less: thresholds are simulated. A profile
// without a reference is ErrReference.
func New(p *profile.Profile, r *profile.Reference, opt Options) (*Monitor, error) {
	if r == nil {
		return nil, ErrReference
	}
	if opt.ERT <= 0 {
		opt.ERT = DefaultERT
	}
	if opt.Window <= 0 {
		opt.Window = DefaultWindow
	}
	m := &Monitor{
		profile: p, reference: r, layout: layoutOf(r.Edges), window: opt.Window, weight: 2 / float64(opt.Window+1),
		now: make([]measures, len(r.Edges)), recent: make([]measures, len(r.Edges)), row: make([]float64, len(r.Rows[0])),
	}
	if len(r.Rows) < MinImages {
		return nil, fmt.Errorf("%w: %d images, %d wanted at least", ErrReference, len(r.Rows), MinImages)
	}
	if len(r.Rows[0]) != m.layout.size() || r.Coded != m.layout.coded {
		return nil, fmt.Errorf("%w: it has %d streams, %d of coded bits, not %d and %d", ErrReference,
			len(r.Rows[0]), r.Coded, m.layout.size(), m.layout.coded)
	}
	for k := range r.Edges {
		m.classes = append(m.classes, newClasses(&p.Edges[r.Edges[k].Edge], r.Edges[k].Classes))
	}
	for i := range m.charts {
		c := &m.charts[i]
		c.name, c.from, c.to = "bits", 0, r.Coded
		if i%2 > 0 {
			c.name, c.from, c.to = "codes", r.Coded, len(r.Rows[0])
		}
		// The mean of a window's images wanders by 1/sqrt(window) in every axis; the test is the quickest for shifts of 8 times that.
		c.k = 4 / math.Sqrt(float64(opt.Window))
		c.learn(r, opt, uint64(i))
	}
	return m, nil
}

// spare is how many times the runs that a chart is given are those of its share: its simulation knows no more images than the reference.
const spare = 2

// doubt is how many deviations of a reference's mean are no change.
const doubt = 2

// learn sets a chart up. Each has its share of the false alarms.
func (c *chart) learn(r *profile.Reference, opt Options, number uint64) {
	var rows [][]float64
	for _, row := range r.Rows {
		var v []float64
		for _, x := range row[c.from:c.to] {
			v = append(v, float64(x)/rowUnit)
		}
		rows = append(rows, v)
	}
	block := blockLength(rows, r.Run)
	known := worth(len(rows), block)
	c.white = whiten(rows, known)
	c.y, c.sum.s = make([]float64, len(c.white.axes)), make([]float64, len(c.white.axes))
	if number >= charts/2 { // four windows, and no shift that may be what the reference does not know of its mean
		c.k = min(c.k, max(c.k/2, doubt*math.Sqrt(float64(len(c.y))/float64(known))))
	}
	c.h = threshold(rows, block, c.k, spare*float64(charts)*opt.ERT, opt.Seed+number)
}

// Add takes what was counted of the next image and tells of an alarm, if one rises with it. It stands until the
// sums have fallen to half of their thresholds; another one rises only then.
// The counts must be those of the profile's counters, of one image; others are an error.
func (m *Monitor) Add(edges []dqa.EdgeCounts) (*Alarm, error) {
	if len(edges) != len(m.now) {
		return nil, fmt.Errorf("%w: of %d edges, %d are counted", ErrReference, len(m.now), len(edges))
	}
	for k := range edges {
		r := &m.reference.Edges[k]
		if edges[k].Edge != r.Edge {
			return nil, fmt.Errorf("%w: of edge %d, %d is counted", ErrReference, r.Edge, edges[k].Edge)
		}
		measure(&m.now[k], &m.profile.Edges[r.Edge], &edges[k], m.classes[k])
		standardize(&m.now[k], r)
	}
	m.layout.row(m.row, m.now)
	m.remember()
	m.images++
	stood := m.Raised()
	var alarm *Alarm
	for i := range m.charts {
		if c := &m.charts[i]; c.add(m.row, m.images) && alarm == nil && !stood {
			alarm = m.alarm(c)
		}
	}
	return alarm, nil
}

func (c *chart) add(row []float64, images int) (rises bool) {
	c.white.apply(c.y, row[c.from:c.to])
	length := c.sum.add(c.y, c.k)
	if length < c.h/2 {
		c.low = images
	}
	if c.raised {
		c.raised = length > c.h/2
	} else if length > c.h {
		c.raised, rises = true, true
	}
	c.sum.shorten(1.25 * c.h)
	return rises
}

// remember adds the image at hand to the recent ones.
func (m *Monitor) remember() {
	w := math.Max(m.weight, 1/float64(m.images+1)) // the first ones count alike
	for k := range m.now {
		now, recent := &m.now[k], &m.recent[k]
		for s, v := range now.stats {
			recent.stats[s] += w * (v - recent.stats[s])
		}
		for g, v := range now.groups {
			recent.groups[g] += w * (v - recent.groups[g])
		}
	}
}

// Restart forgets the stream, so that another one can be watched; thresholds stay.
func (m *Monitor) Restart() {
	for i := range m.charts {
		c := &m.charts[i]
		clear(c.sum.s)
		c.sum.length, c.raised, c.low = 0, false, 0
	}
	clear(m.recent)
	m.images = 0
}

// Images is the number of images so far.
func (m *Monitor) Images() int { return m.images }

// Statistic is the larger chart's sum after the last image, in parts of its threshold: from 1 on there is an alarm.
func (m *Monitor) Statistic() float64 {
	top := 0.0
	for i := range m.charts {
		top = math.Max(top, m.charts[i].sum.length/m.charts[i].h)
	}
	return top
}

// Raised tells whether an alarm stands.
func (m *Monitor) Raised() bool {
	for i := range m.charts {
		if m.charts[i].raised {
			return true
		}
	}
	return false
}
