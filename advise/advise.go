// Package advise answers where a network should be cut between a device and a gateway, if at all: every cut and some budgets of
// bits beside pictures that are sent as files and beside running everything on the device.
package advise

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/eval"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/picture"
	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
)

// Options steer an advice.
type Options struct {
	Link    float64        // bits per second
	Budgets []float64      // stored bits per value at a cut; nil: DefaultBudgets
	Limit   float64        // points of accuracy that may be lost (of agreement where there are no labels); 0: DefaultLimit
	Slower  float64        // how many times the device needs what this machine does, one core; 0: as long
	All     bool           // measure every cut, and not only those behind which fewer values pass than behind those before
	Share   float64        // measure no cut that gives the device more of the work; 0: 1, all of it
	Most    int            // measure at most so many cuts, those behind which the fewest values pass; 0: no limit
	Coder   *profile.Coder // of what passes; nil: the smaller of small and smallest
	// Confirm are images on which what was chosen is measured once more. Then all test images choose, by loss and its standard error;
	// without them half of the test images choose, by loss.
	Confirm *dataset.Inputs
	session.EvaluateOptions
}

// Defaults of options.
const DefaultLimit = 1.0

// DefaultBudgets are stored bits per value.
var DefaultBudgets = []float64{.5, 1, 2}

// qualities of lossy files that are tried.
var qualities = []int{5, 10, 20, 40, 60, 75, 90, 95}

// Advice is what all ways came to.
type Advice struct {
	Model    string    `json:"model"`
	Data     string    `json:"data"`
	Calib    string    `json:"calib"`
	Images   int       `json:"images"`
	Metric   string    `json:"metric"` // top1, miou, or agreement where there are no labels
	Float    float64   `json:"fp32"`   // the float network's score, in percent
	Link     float64   `json:"link_bits_per_second"`
	Limit    float64   `json:"limit_points"`
	Confirm  string    `json:"confirm,omitempty"` // images on which what was chosen was measured once more
	Share    float64   `json:"most_device_share"` // of cuts that were measured
	Budgets  []float64 `json:"budgets"`           // of what passes at a cut
	Slower   float64   `json:"device_slower"`
	Products int64     `json:"macs"`        // multiply-accumulates of a whole pass
	Heads    int       `json:"outputs"`     // of the network
	Cuts     []Cut     `json:"cuts"`        // all there are
	Ways     []Way     `json:"ways"`        // what was measured
	Best     int       `json:"best"`        // of ways: the soonest answer within the limit; -1: none
	Verdict  string    `json:"verdict"`     // in a sentence
	Notes    []string  `json:"notes"`       // what could not be measured, and why
	Seed     uint64    `json:"seed"`        // of standard errors
	Coding   string    `json:"coding_time"` // what latencies hold
}

// Cut is one place to cut at.
type Cut struct {
	Edge     int      `json:"edge"`
	Name     string   `json:"name"`
	Passes   []string `json:"passes"`       // tensors, shortcuts included
	Values   int64    `json:"values"`       // of them together
	Products int64    `json:"device_macs"`  // of the head
	Share    float64  `json:"device_share"` // of all
	Memory   int64    `json:"device_bytes"` // activations of the head in float32, at their peak; 0: not planned
	Outputs  int      `json:"tail_outputs"` // of the network's outputs, what the tail computes
	Measured bool     `json:"measured"`
}

// Kind is a way to come to an answer.
type Kind string

// Kinds of ways.
const (
	Split Kind = "split" // head on the device, tail on the gateway
	Local Kind = "local" // everything on the device; the answer alone passes
	Raw   Kind = "raw"   // pictures as they are, 8 bits a value
	JPEG  Kind = Kind(picture.JPEG)
	PNG   Kind = Kind(picture.PNG)
	WebP  Kind = Kind(picture.WebP)
)

// Way is one way with what it comes to, per image.
type Way struct {
	Kind    Kind    `json:"kind"`
	Edge    int     `json:"edge"` // of a split; -1
	Name    string  `json:"name,omitempty"`
	Budget  float64 `json:"budget,omitempty"`  // stored bits per value, asked for
	Quality int     `json:"quality,omitempty"` // of a lossy file
	Bytes   float64 `json:"bytes"`             // that pass; frames with headers
	Bits    float64 `json:"bits,omitempty"`    // of a split: per value that passes
	Loss    float64 `json:"loss"`              // points against the float network; without labels 100 - agreement
	LossSE  float64 `json:"loss_se"`           // paired standard error
	Choice  float64 `json:"loss_choice"`       // on images with even numbers, by which a way is chosen
	Confirm float64 `json:"loss_confirm"`      // on the others
	KL      float64 `json:"kl"`
	Agree   float64 `json:"agreement"`
	// Times in milliseconds.
	Device  float64 `json:"device_ms"`
	Sending float64 `json:"link_ms"`
	Gateway float64 `json:"gateway_ms"`
	Latency float64 `json:"latency_ms"` // all three
	Kept    bool    `json:"kept"`       // loses at most the limit on the images of choice
	// Confirmed is what images that took no part in the choice say, if Options.Confirm has some and this way was chosen: as the best,
	// as the smallest cut or as the smallest file.
	Confirmed *Confirmed `json:"confirmed,omitempty"`

	se    float64 // of the loss, among few images none that is 0
	again confirmer
}

// Confirmed is a way on images that took no part in choosing it.
type Confirmed struct {
	Images int             `json:"images"`
	Bytes  float64         `json:"bytes"`
	Loss   metric.Interval `json:"loss"`
	Value  float64         `json:"value"` // of the metric, percent
}

// confirmer measures a way on other images; nil where nothing is lost.
type confirmer func(ctx context.Context, data *dataset.Inputs) (m *eval.Measured, bytes float64, err error)

// Measure measures all ways of a network, on test images and with calibration images for it. Errors are those of session.
func Measure(ctx context.Context, net *session.Network, test, calib *dataset.Inputs, opt Options) (*Advice, error) {
	opt = opt.completed()
	if !(opt.Link > 0) || !(opt.Slower > 0) || !(opt.Limit > 0) {
		return nil, fmt.Errorf("%w: link, slowness of the device and limit are above 0", session.ErrSetting)
	}
	r := newRun(net, test, calib, opt)
	if err := r.whole(ctx); err != nil {
		return nil, err
	}
	if err := r.pictures(ctx); err != nil {
		return nil, err
	}
	if err := r.cuts(); err != nil {
		return nil, err
	}
	for i := range r.Cuts {
		if !r.Cuts[i].Measured {
			continue
		}
		if err := r.split(ctx, &r.Cuts[i]); err != nil {
			return nil, fmt.Errorf("cut behind %s: %w", r.Cuts[i].Name, err)
		}
	}
	if err := r.conclude(ctx); err != nil {
		return nil, err
	}
	return &r.Advice, nil
}

func (o Options) completed() Options {
	if len(o.Budgets) == 0 {
		o.Budgets = DefaultBudgets
	}
	if o.Limit == 0 {
		o.Limit = DefaultLimit
	}
	if o.Slower == 0 {
		o.Slower = 1
	}
	if o.Share == 0 {
		o.Share = 1
	}
	return o
}

// run is an advice at work.
type run struct {
	Advice
	opt         Options
	net         *session.Network
	test, calib *dataset.Inputs
	seconds     float64 // of a whole pass on one core
	costs       []session.EdgeCost
}

func newRun(net *session.Network, test, calib *dataset.Inputs, opt Options) *run {
	r := &run{opt: opt, net: net, test: test, calib: calib}
	g := net.Graph()
	r.Advice = Advice{
		Model: net.Name(), Data: test.Source().Spec(), Calib: calib.Source().Spec(), Images: test.Len(), Link: opt.Link, Limit: opt.Limit,
		Slower: opt.Slower, Share: opt.Share, Budgets: opt.Budgets, Products: g.AllProducts(), Heads: len(g.Outputs),
		Cuts: []Cut{}, Ways: []Way{}, Best: -1, Notes: []string{},
		Seed: opt.Seed, Coding: "the device codes what passes at a cut; coding of pictures, decoding on the gateway and the link's own delay " +
			"are not in it",
	}
	if opt.Confirm != nil {
		r.Confirm = opt.Confirm.Source().Spec()
	}
	return r
}

// whole measures the float network: its score, and its time.
func (r *run) whole(ctx context.Context) (err error) {
	if r.seconds, r.costs, err = r.net.Costs(ctx); err != nil {
		return err
	}
	res, err := r.net.Evaluate(ctx, r.test, nil, r.opt.EvaluateOptions)
	if err != nil {
		return err
	}
	ref := res.Reference.Summary()
	switch r.Metric = ref.Metric; r.Metric {
	case "top1":
		r.Float = ref.Reference.Top1
	case "miou":
		r.Float = ref.Reference.MeanIoU
	default:
		r.Metric, r.Float = "agreement", 100
	}
	r.add(Way{Kind: Local, Edge: -1, Device: r.deviceMS(1), Agree: 100})
	return nil
}

// deviceMS is what a share of a pass takes on the device.
func (r *run) deviceMS(share float64) float64 { return 1e3 * r.seconds * share * r.opt.Slower }

// add completes a way.
func (r *run) add(w Way) {
	w.Sending = 8e3 * w.Bytes / r.opt.Link
	w.Latency = w.Device + w.Sending + w.Gateway
	w.Kept = w.Choice <= r.Limit
	if r.opt.Confirm != nil {
		w.Kept = w.Loss+w.se <= r.Limit
	}
	r.Ways = append(r.Ways, w)
}

// pictures measures what sending the input comes to.
func (r *run) pictures(ctx context.Context) error {
	src := r.test.Source()
	first, err := src.Sample(0)
	if err != nil {
		return err
	}
	raw := float64(len(first.Image.Pix))
	if first.Image.Float {
		raw *= 4
	}
	r.add(Way{Kind: Raw, Edge: -1, Bytes: raw, Gateway: 1e3 * r.seconds, Agree: 100})
	formats, err := r.formats(first.Image)
	if err != nil || len(formats) == 0 {
		return err
	}
	all, sizes, err := r.sent(ctx, r.test, formats, "files")
	if err != nil {
		return err
	}
	for i, f := range formats {
		w := scored(&all[i])
		w.Kind, w.Edge, w.Quality, w.Bytes, w.Gateway = Kind(f.Kind), -1, f.Quality, sizes[i], 1e3*r.seconds
		w.again = func(ctx context.Context, data *dataset.Inputs) (*eval.Measured, float64, error) {
			m, sizes, err := r.sent(ctx, data, []picture.Format{f}, f.String())
			if err != nil {
				return nil, 0, err
			}
			return &m[0], sizes[0], nil
		}
		r.add(w)
	}
	return nil
}

// formats are the files that can be made of images like this one; a note says which cannot.
func (r *run) formats(like dataset.Image) (all []picture.Format, err error) {
	possible := func(kind picture.Kind, qualities ...int) {
		for _, q := range qualities {
			f := picture.Format{Kind: kind, Quality: q}
			if err == nil {
				_, _, err = f.Through(like)
			}
			if err == nil {
				all = append(all, f)
			}
		}
	}
	possible(picture.PNG, 0)
	possible(picture.JPEG, qualities...)
	possible(picture.WebP, qualities...)
	switch {
	case errors.Is(err, picture.ErrNoPicture):
		r.Notes = append(r.Notes, "the data are measurements and no pictures: JPEG, WebP and PNG do not apply")
	case errors.Is(err, picture.ErrNoWebP):
		r.Notes = append(r.Notes, "WebP was not measured: cwebp is not installed (Debian: apt install webp)")
	default:
		return all, err
	}
	return all, nil
}

// sent measures the float network on images that were files in between, and the mean sizes of those.
func (r *run) sent(
	ctx context.Context, data *dataset.Inputs, formats []picture.Format, what string,
) (all []eval.Measured, sizes []float64, err error) {
	var files []*picture.Sent
	var inputs []*dataset.Inputs
	for _, f := range formats {
		files = append(files, picture.Send(data.Source(), f))
		in, err := r.net.Inputs(files[len(files)-1])
		if err != nil {
			return nil, nil, err
		}
		inputs = append(inputs, in)
	}
	all, err = r.net.EvaluateOn(ctx, data, inputs, what, r.opt.EvaluateOptions)
	for _, f := range files {
		sizes = append(sizes, f.MeanSize())
	}
	return all, sizes, err
}

// cuts finds where the network can be cut, and chooses what is measured.
func (r *run) cuts() error {
	number, values := map[string]int{}, map[string]int64{}
	for i, e := range r.net.Edges() {
		number[e.Name], values[e.Name] = i, int64(e.Channels)*int64(e.Rows)*int64(e.Cols)
	}
	for i, e := range r.net.Edges() {
		parts, err := r.net.Graph().SplitStored(e.Name)
		if err != nil || len(parts[1].Nodes) == 0 {
			continue // nothing can be cut off here
		}
		c := Cut{Edge: i, Name: e.Name, Products: parts[0].AllProducts(), Outputs: len(parts[1].Outputs), Measured: r.opt.All}
		c.Share = float64(c.Products) / float64(max(1, r.Products))
		ok := true
		for _, v := range parts[1].Inputs() {
			_, edge := number[v.Name]
			ok = ok && edge
			c.Passes, c.Values = append(c.Passes, v.Name), c.Values+values[v.Name]
		}
		if ok { // else something passes that no profile stores
			c.Memory = r.memory(parts[0], c.Passes)
			r.Cuts = append(r.Cuts, c)
		}
	}
	if len(r.Cuts) == 0 {
		r.Notes = append(r.Notes, "the network cannot be cut behind any of its edges")
	}
	r.choose()
	if r.opt.Most > 0 {
		r.fewest(r.opt.Most)
	}
	return nil
}

// memory is what the head's activations take in float32, in bands; 0 where no plan can be made.
func (r *run) memory(head *graph.Graph, passes []string) int64 {
	pre := r.net.Preprocess()
	net, err := session.FromGraph(r.net.Name(), head, session.Options{Preprocess: &pre, Passing: passes})
	if err != nil {
		return 0
	}
	p, err := net.Pack(session.PackOptions{})
	if err != nil {
		return 0
	}
	return p.NewPlan(0).Peak
}

// choose marks what is measured: of the places behind which fewer values pass than behind all earlier ones the first, and the last
// behind which as many pass, where less of the network is left to be disturbed.
func (r *run) choose() {
	fewest := int64(math.MaxInt64)
	for i := range r.Cuts {
		c := &r.Cuts[i]
		if c.Share > r.opt.Share {
			c.Measured = false
			continue
		}
		if c.Values < fewest {
			c.Measured, fewest = true, c.Values
		}
		if c.Values > fewest {
			continue
		}
		rest := slices.DeleteFunc(slices.Clone(r.Cuts[i+1:]), func(d Cut) bool { return d.Share > r.opt.Share })
		if end := slices.IndexFunc(rest, func(d Cut) bool { return d.Values < fewest }); end >= 0 {
			rest = rest[:end]
		}
		if !slices.ContainsFunc(rest, func(d Cut) bool { return d.Values == fewest }) {
			c.Measured = true
		}
	}
}

// fewest leaves of the cuts that are to be measured those behind which the fewest values pass, of equals those with less of the work
// before.
func (r *run) fewest(most int) {
	var all []*Cut
	for i := range r.Cuts {
		if r.Cuts[i].Measured {
			all = append(all, &r.Cuts[i])
		}
	}
	slices.SortStableFunc(all, func(a, b *Cut) int { return cmp.Or(cmp.Compare(a.Values, b.Values), cmp.Compare(a.Share, b.Share)) })
	for _, c := range all[min(most, len(all)):] {
		c.Measured = false
	}
}

// split measures the budgets at one cut.
func (r *run) split(ctx context.Context, c *Cut) error {
	net, err := r.net.CutBehind(c.Name)
	if err != nil {
		return err
	}
	test, err := net.Inputs(r.test.Source())
	if err != nil {
		return err
	}
	k, variants, err := r.calibrator(net)
	if err != nil {
		return err
	}
	candidates, err := k.Candidates(ctx, variants)
	if err != nil {
		return err
	}
	res, err := net.Evaluate(ctx, test, candidates, r.opt.EvaluateOptions)
	if err != nil {
		return err
	}
	for _, m := range res.Measured {
		w, best := r.smallest(&m, c)
		codec := m.Codecs[best]
		w.again = func(ctx context.Context, data *dataset.Inputs) (*eval.Measured, float64, error) {
			return r.splitAgain(ctx, net, session.Candidate{Codecs: []*dqa.Codec{codec}, Program: m.Program}, data)
		}
		coding, err := codingSeconds(net, codec, test)
		if err != nil {
			return err
		}
		w.Device = r.deviceMS(r.costs[c.Edge].Head) + 1e3*coding*r.opt.Slower
		w.Gateway = 1e3 * r.seconds * r.costs[c.Edge].Tail
		if !slices.ContainsFunc(r.Ways, func(v Way) bool { // a small tensor leaves no choice: several budgets come to one profile
			return v.Kind == Split && v.Edge == w.Edge && v.Bytes == w.Bytes && v.KL == w.KL
		}) {
			r.add(w)
		}
	}
	return nil
}

// splitAgain measures a profile at a cut on other images.
func (r *run) splitAgain(
	ctx context.Context, net *session.Network, c session.Candidate, data *dataset.Inputs,
) (*eval.Measured, float64, error) {
	in, err := net.Inputs(data.Source())
	if err != nil {
		return nil, 0, err
	}
	res, err := net.Evaluate(ctx, in, []session.Candidate{c}, r.opt.EvaluateOptions)
	if err != nil {
		return nil, 0, err
	}
	return &res.Measured[0], float64(res.Measured[0].Frames[0]) / float64(res.Images), nil
}

// calibrator is one for a cut, with the settings that are tried there.
func (r *run) calibrator(net *session.Network) (*session.Calibrator, []session.Variant, error) {
	calib, err := net.Inputs(r.calib.Source())
	if err != nil {
		return nil, nil, err
	}
	o := r.opt
	k, err := net.NewCalibrator(calib, session.CalibrateOptions{
		Workers: o.Workers, AllowNonFinite: o.AllowNonFinite, Probabilities: o.Probabilities, Coder: o.Coder, Progress: o.Progress,
	})
	if err != nil {
		return nil, nil, err
	}
	variants, err := session.Grid{Methods: "graded", Budgets: o.Budgets}.Variants(session.Variant{})
	return k, variants, err
}

// smallest is a candidate stored by the coder whose frames are smallest, and the number of its codec.
func (r *run) smallest(m *eval.Measured, c *Cut) (w Way, best int) {
	for n := range m.Frames {
		if m.Frames[n] < m.Frames[best] {
			best = n
		}
	}
	w = scored(m)
	w.Kind, w.Edge, w.Name, w.Budget = Split, c.Edge, c.Name, m.Codecs[best].Profile().Setting.Goal
	w.Bytes = float64(m.Frames[best]) / float64(r.Images)
	w.Bits = 8 * w.Bytes / float64(c.Values)
	return w, best
}
