package advise

import (
	"slices"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/internal/picture"
	"github.com/dqa-go/dqa/internal/text"
	"github.com/dqa-go/dqa/session"
)

func measured(t *testing.T, model string, opt Options) *Advice {
	t.Helper()
	net, err := session.Open(model, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return measuredOn(t, net, opt)
}

func measuredOn(t *testing.T, net *session.Network, opt Options) *Advice {
	t.Helper()
	model := net.Name()
	test, err := net.Data(model + "[64:76]")
	if err != nil {
		t.Fatal(err)
	}
	calib, err := net.Data(model + "[0:4]")
	if err != nil {
		t.Fatal(err)
	}
	opt.Budgets = []float64{1}
	a, err := Measure(t.Context(), net, test, calib, opt)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAdvice(t *testing.T) {
	a := measured(t, "demo:classify", Options{Link: 1e6})
	kinds := map[Kind]int{}
	for _, w := range a.Ways {
		kinds[w.Kind]++
		switch w.Kind {
		case Local:
			if w.Bytes != 0 || w.Loss != 0 || w.Device <= 0 {
				t.Errorf("local: %+v", w)
			}
		case PNG, Raw:
			if w.Loss != 0 || w.Agree != 100 || w.Bytes <= 0 {
				t.Errorf("%s loses something: %+v", w.Kind, w)
			}
		case Split:
			if w.Bits <= 0 || w.Device <= 0 || w.Latency < w.Sending {
				t.Errorf("split: %+v", w)
			}
		}
		if want := 8e3 * w.Bytes / 1e6; w.Sending != want {
			t.Errorf("%s: %v ms on the link, not %v", w.title(), w.Sending, want)
		}
		if w.Kept && w.Latency < a.Ways[a.Best].Latency {
			t.Errorf("%s is sooner than the best", w.title())
		}
	}
	cuts := 0
	for _, c := range a.Cuts {
		if c.Measured {
			cuts++
		}
		if c.Products > a.Products || c.Values <= 0 || c.Memory <= 0 {
			t.Errorf("cut %+v", c)
		}
	}
	if kinds[Split] != cuts || cuts < 3 || kinds[JPEG] != len(qualities) || kinds[PNG] != 1 {
		t.Errorf("ways %v, %d cuts measured", kinds, cuts)
	}
	if kinds[WebP] == 0 && !strings.Contains(strings.Join(a.Notes, " "), "cwebp") {
		t.Error("no WebP, and no word of it")
	}
	var b strings.Builder
	if err := a.WriteText(&b, text.Style{}); err != nil || !strings.HasPrefix(b.String(), a.Verdict) {
		t.Error(err, b.String())
	}
}

// What is best depends on link and device: without a link the device alone, with a slow device and a fast link the gateway.
func TestBest(t *testing.T) {
	ways := []Way{{Kind: Local, Device: 10}, {Kind: JPEG, Quality: 60, Bytes: 1000, Gateway: 1, Choice: 2},
		{Kind: JPEG, Quality: 90, Bytes: 2000, Gateway: 1}, {Kind: Split, Edge: 7, Device: 3, Bytes: 500, Gateway: .5, Bits: .5}}
	for _, c := range []struct {
		link, slower float64
		kind         Kind
		says         string
	}{
		{1e4, 1, Local, "Run it on the device"},
		{1e6, 1, Split, "Cut behind edge 7"},
		{1e9, 100, JPEG, "Send JPEG 90 files instead"},
	} {
		r := &run{Advice: Advice{Link: c.link, Limit: 1, Best: -1}, opt: Options{Link: c.link}}
		for _, w := range ways {
			w.Device *= c.slower
			r.add(w)
		}
		if err := r.conclude(t.Context()); err != nil {
			t.Fatal(err)
		}
		if r.Ways[r.Best].Kind != c.kind || !strings.HasPrefix(r.Verdict, c.says) {
			t.Errorf("link %g, device %gx: %s: %s", c.link, c.slower, r.Ways[r.Best].Kind, r.Verdict)
		}
	}
}

// What is chosen on one half and loses more than the limit on the other is not recommended without a word.
func TestLuckyChoice(t *testing.T) {
	for confirm, warned := range map[float64]bool{.9: false, 7.42: true} {
		r := &run{Advice: Advice{Link: 1e6, Limit: 1, Best: -1}, opt: Options{Link: 1e6}}
		r.add(Way{Kind: Local, Device: 100})
		r.add(Way{Kind: WebP, Quality: 5, Bytes: 800, Gateway: 9, Choice: -6, Confirm: confirm})
		if err := r.conclude(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(r.Verdict, "loses 7.42 points"); got != warned || r.Best != 1 {
			t.Errorf("confirmed at %v: %s", confirm, r.Verdict)
		}
	}
}

// With images to confirm, all test images choose, by loss and its standard error; what was chosen is measured on the others as an
// evaluation there finds it, and a cut that gives the device more work than was allowed is not measured.
func TestConfirmed(t *testing.T) {
	net, err := session.Open("demo:classify", session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	opt := Options{Link: 1e6, Budgets: []float64{1}, Share: .5, Limit: 40}
	if opt.Confirm, err = net.Data("demo:classify[100:112]"); err != nil {
		t.Fatal(err)
	}
	a := measuredOn(t, net, opt)
	for _, c := range a.Cuts {
		if c.Measured && c.Share > .5 {
			t.Errorf("%+v", c)
		}
	}
	for i := range a.Ways {
		w := &a.Ways[i]
		chosen := i == a.Best || w == a.Smallest(Split) || w == a.Smallest(JPEG, PNG, WebP)
		if w.Kept != (w.Loss+w.se <= 40) || (w.Confirmed != nil) != (chosen && w.Kind != Local && w.Kind != Raw) {
			t.Errorf("%s: %+v", w.title(), w)
		}
	}
	split := a.Smallest(Split)
	if split == nil || split.Confirmed == nil || split.Confirmed.Images != 12 || split.Confirmed.Bytes <= 0 ||
		!(split.Confirmed.Loss.Low < split.Confirmed.Loss.Value && split.Confirmed.Loss.Value < split.Confirmed.Loss.High) {
		t.Fatalf("%+v", split)
	}
	file := a.Smallest(JPEG, PNG, WebP)
	format := picture.Format{Kind: picture.Kind(file.Kind), Quality: file.Quality}
	m, sizes, err := (&run{net: net}).sent(t.Context(), opt.Confirm, []picture.Format{format}, "")
	if err != nil || sizes[0] != file.Confirmed.Bytes || m[0].Score.Summary().Drop != file.Confirmed.Loss.Value {
		t.Errorf("%+v, %v, %v", file.Confirmed, sizes, err)
	}
	var b strings.Builder
	if err := a.WriteText(&b, text.Style{}); err != nil || !strings.Contains(b.String(), "which took no part in it") {
		t.Error(err, b.String())
	}
}

func TestChoose(t *testing.T) {
	r := &run{}
	for _, v := range []int64{8, 16, 8, 12, 4, 8, 4, 4, 2, 3} {
		r.Cuts = append(r.Cuts, Cut{Values: v})
	}
	r.choose()
	var got []int
	for i, c := range r.Cuts {
		if c.Measured {
			got = append(got, i)
		}
	}
	if want := []int{0, 2, 4, 7, 8}; !slices.Equal(got, want) {
		t.Errorf("measured %v, not %v", got, want)
	}
	r.fewest(2)
	for i, c := range r.Cuts {
		if c.Measured != (i == 4 || i == 8) {
			t.Errorf("of the fewest: %d, %+v", i, c)
		}
	}
}
