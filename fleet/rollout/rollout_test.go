package rollout_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/rollout"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var begin = time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC)

func digest(s string) string { return strings.Repeat(s, 64)[:64] }

// release has a variant for each of the formats.
func release(name string, formats ...int) rollout.Release {
	r := rollout.Release{Name: name}
	for _, f := range formats {
		r.Variants = append(r.Variants, rollout.Variant{Profile: digest(name + fmt.Sprint(f)), Model: digest("m"), Format: f})
	}
	return r
}

// history applies steps one by one.
func history(t *testing.T, events ...rollout.Event) (s rollout.State) {
	t.Helper()
	for i, e := range events {
		e.Number, e.Time = uint64(i+1), begin
		var err error
		if s, err = s.Apply(e); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func start(p rollout.Plan) rollout.Event { return rollout.Event{Step: rollout.Start, Plan: &p} }

func step(s rollout.Step) rollout.Event { return rollout.Event{Step: s} }

var atOnce = []float64{1}

func TestSharesGrowAndAreTheSeeds(t *testing.T) {
	const devices = 4000
	plan := rollout.Plan{Release: release("b", 1), Shares: []float64{0.1, 0.5, 1}, Seed: 7}
	s := history(t, start(plan))
	before := map[string]bool{}
	for stage, share := range plan.Shares {
		n := 0
		for i := range devices {
			name := fmt.Sprint("device", i)
			in := s.For(name, "", []int{1}).Run.Profile != ""
			if before[name] && !in {
				t.Fatalf("%s left in stage %d", name, stage)
			}
			before[name] = in
			if in {
				n++
			}
		}
		if got := float64(n) / devices; got < share-0.03 || got > share+0.03 {
			t.Errorf("stage %d: %.3f of the devices, not %.3f", stage, got, share)
		}
		if stage < 2 {
			var err error
			if s, err = s.Apply(rollout.Event{Number: s.Revision + 1, Step: rollout.Advance}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if rollout.Place(7, "device1") == rollout.Place(8, "device1") {
		t.Error("the seed does not count")
	}
}

// Devices of two generations each run what they read, and what they ran before where they read none of it.
func TestGenerations(t *testing.T) {
	s := history(t, start(rollout.Plan{Release: release("a", 1, 2), Shares: atOnce}), step(rollout.Complete),
		start(rollout.Plan{Release: release("b", 2), Shares: atOnce}), step(rollout.Complete))
	if got := s.For("new", digest("m"), []int{1, 2}).Run.Profile; got != digest("b2") {
		t.Errorf("new: %.4s", got)
	}
	if got := s.For("old", digest("m"), []int{1}).Run.Profile; got != digest("a1") {
		t.Errorf("old: %.4s", got)
	}
	if got := s.For("other", digest("n"), []int{1, 2}).Run; got != (rollout.Variant{}) {
		t.Errorf("of another model: %+v", got)
	}
}

// A network takes the place of another on devices that were started with that, and goes again with its release.
func TestReplacedNetworks(t *testing.T) {
	next := release("b", 1)
	next.Variants[0].Model, next.Variants[0].Replaces = digest("n"), digest("m")
	s := history(t, start(rollout.Plan{Release: release("a", 1), Shares: atOnce}), step(rollout.Complete),
		start(rollout.Plan{Release: next, Shares: atOnce}))
	if got := s.For("d", digest("m"), []int{1}).Run; got != next.Variants[0] {
		t.Errorf("it runs %+v", got)
	}
	if got := s.For("new", digest("n"), []int{1}).Run; got != next.Variants[0] { // one that came with it
		t.Errorf("it runs %+v", got)
	}
	if got := s.For("other", digest("o"), []int{1}).Run; got != (rollout.Variant{}) {
		t.Errorf("another one runs %+v", got)
	}
	s = history(t, start(rollout.Plan{Release: next, Shares: atOnce}), step(rollout.Return))
	if got := s.For("d", digest("m"), []int{1}).Run; got != (rollout.Variant{}) {
		t.Errorf("afterwards it runs %+v", got)
	}
}

// fixed is a source with one state.
type fixed rollout.State

func (f fixed) Current(context.Context) (rollout.State, error) { return rollout.State(f), nil }
func (fixed) Tell(context.Context, rollout.Report) error       { return nil }

// A device that was started again takes nothing that is older than what it took before.
func TestOldRollouts(t *testing.T) {
	s := history(t, start(rollout.Plan{Release: release("a", 1), Shares: atOnce}), step(rollout.Complete))
	for before, want := range map[uint64]int{2: 1, 3: 0} {
		ctx, cancel := context.WithCancel(t.Context())
		b := &box{}
		said := make(chan error, 1)
		done := make(chan error)
		go func() {
			id := rollout.Identity{Name: "d", Formats: []int{1}, Revision: before}
			done <- rollout.Follow(ctx, fixed(s), id, time.Millisecond, b, func(err error) {
				select {
				case said <- err:
				default:
				}
			})
		}()
		if want == 0 {
			if err := <-said; !errors.Is(err, rollout.ErrOld) {
				t.Error(err)
			}
		} else {
			time.Sleep(20 * time.Millisecond)
		}
		cancel()
		<-done
		if len(b.took) != want {
			t.Errorf("after step %d it took %v", before, b.took)
		}
	}
}

func TestApplyRefuses(t *testing.T) {
	running := history(t, start(rollout.Plan{Release: release("b", 1), Shares: []float64{0.5, 1}}))
	revoked := history(t, rollout.Event{Step: rollout.Revoke, Profile: digest("b1")})
	for name, c := range map[string]struct {
		s    rollout.State
		e    rollout.Event
		want error
	}{
		"nothing runs":    {rollout.State{}, step(rollout.Advance), rollout.ErrEvent},
		"one at a time":   {running, start(rollout.Plan{Release: release("c", 1)}), rollout.ErrEvent},
		"not all yet":     {running, step(rollout.Complete), rollout.ErrEvent},
		"revoked":         {revoked, start(rollout.Plan{Release: release("b", 1)}), rollout.ErrEvent},
		"no plan":         {rollout.State{}, step(rollout.Start), rollout.ErrEvent},
		"no profile":      {rollout.State{}, start(rollout.Plan{}), rollout.ErrPlan},
		"shares":          {rollout.State{}, start(rollout.Plan{Release: release("b", 1), Shares: []float64{0.5}}), rollout.ErrPlan},
		"falling shares":  {rollout.State{}, start(rollout.Plan{Release: release("b", 1), Shares: []float64{0.5, 0.2, 1}}), rollout.ErrPlan},
		"agreement of 1":  {rollout.State{}, start(rollout.Plan{Release: release("b", 1), MinAgreement: 1}), rollout.ErrPlan},
		"no such step":    {running, step("jump"), rollout.ErrEvent},
		"a step too far":  {running, rollout.Event{Number: 9, Step: rollout.Return}, rollout.ErrEvent},
		"negative alarms": {rollout.State{}, start(rollout.Plan{Release: release("b", 1), MaxAlarms: -1}), rollout.ErrPlan},
	} {
		if c.e.Number == 0 {
			c.e.Number = c.s.Revision + 1
		}
		if next, err := c.s.Apply(c.e); !errors.Is(err, c.want) || next.Revision != c.s.Revision {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Each fault ends the roll-out, and nothing else does.
func TestDecide(t *testing.T) {
	plan := rollout.Plan{Release: release("b", 1), Shares: []float64{0.5, 1}, Seed: 1}
	shadow := plan
	shadow.Shadow = true
	in, out := "", ""
	for i := 0; in == "" || out == ""; i++ {
		if name := fmt.Sprint("d", i); rollout.Place(1, name) < 0.5 {
			in = name
		} else {
			out = name
		}
	}
	b := digest("b1")
	for name, c := range map[string]struct {
		plan   rollout.Plan
		canary rollout.Report
		other  rollout.Report
		after  time.Duration
		want   rollout.Step
		says   string
	}{
		"too few":         {plan, rollout.Report{Images: 20}, rollout.Report{}, 0, "", ""},
		"good":            {plan, rollout.Report{Images: 1000}, rollout.Report{}, 0, rollout.Advance, "keep"},
		"a few errors":    {plan, rollout.Report{Images: 1000, Errors: 20}, rollout.Report{}, 0, "", ""},
		"errors":          {plan, rollout.Report{Images: 1000, Errors: 90}, rollout.Report{}, 0, rollout.Return, "errors"},
		"alarm":           {plan, rollout.Report{Images: 30, Alarms: 1}, rollout.Report{}, 0, rollout.Return, "drift"},
		"alarm elsewhere": {plan, rollout.Report{Images: 30}, rollout.Report{Images: 30, Alarms: 1}, 0, "", ""},
		"slow": {plan, rollout.Report{Images: 500, LatencyMS: 5000}, rollout.Report{Images: 500, LatencyMS: 2500}, 0,
			rollout.Return, "ms"},
		"all slow": {plan, rollout.Report{Images: 1000, LatencyMS: 10000}, rollout.Report{Images: 500, LatencyMS: 5000}, 0,
			rollout.Advance, ""},
		"failed":            {plan, rollout.Report{Failed: "refused"}, rollout.Report{}, 0, rollout.Return, "refused"},
		"silence":           {plan, rollout.Report{}, rollout.Report{}, 25 * time.Hour, rollout.Return, "not enough"},
		"agree":             {shadow, rollout.Report{Compared: 1000, Agreed: 1000}, rollout.Report{}, 0, rollout.Advance, ""},
		"agree, too few":    {shadow, rollout.Report{Compared: 100, Agreed: 100}, rollout.Report{}, 0, "", ""},
		"disagree":          {shadow, rollout.Report{Compared: 1000, Agreed: 900}, rollout.Report{}, 0, rollout.Return, "agree"},
		"nonsense is none":  {plan, rollout.Report{Images: 10, Errors: 11}, rollout.Report{}, 0, "", ""},
		"errors of the old": {shadow, rollout.Report{Images: 1000, Errors: 500}, rollout.Report{}, 0, "", ""},
	} {
		s := history(t, start(c.plan))
		var rs rollout.Reports
		c.canary.Device, c.canary.Epoch, c.canary.Profile = in, 1, b
		c.other.Device, c.other.Epoch = out, 1
		rs.Add(s, c.other)
		rs.Add(s, c.canary)
		e, ok := rs.Decide(s, begin.Add(c.after))
		if ok != (c.want != "") || e.Step != c.want && ok || !strings.Contains(e.Cause, c.says) {
			t.Errorf("%s: %v %q %q", name, ok, e.Step, e.Cause)
		}
		if ok {
			if _, err := s.Apply(e); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// Counters of a process that began anew are added to those before.
func TestReportsOfRestartedDevices(t *testing.T) {
	s := history(t, start(rollout.Plan{Release: release("b", 1), Shares: atOnce}))
	r := func(boot int64, number uint64, images int64) rollout.Report {
		return rollout.Report{Device: "d", Epoch: 1, Boot: boot, Number: number, Images: images, Profile: digest("b1")}
	}
	all := []rollout.Report{r(1, 1, 5), r(1, 2, 10), r(2, 1, 3), r(2, 2, 7)}
	for _, order := range [][]int{{0, 1, 2, 3}, {1, 0, 3, 2, 3, 1}, {1, 3}} {
		var rs rollout.Reports
		for _, i := range order {
			rs.Add(s, all[i])
		}
		if got := rs.Evidence(s).Images; got != 17 {
			t.Errorf("%v: %d images", order, got)
		}
	}
}

// sim is a device of the property test: it keeps the newest assignment that it heard of.
type sim struct {
	name    string
	formats []int
	at      rollout.Assignment
	r       rollout.Report
}

// Whatever order reports come in, whichever are lost or come twice, whoever writes to the journal: the fleet ends, every generation of
// devices on one profile, and none on a revoked one.
func TestTheFleetEndsOnOneProfile(t *testing.T) {
	runs := 100
	if os.Getenv("CI") == "true" {
		runs = 3000
	}
	const seed = 20261128
	t.Logf("seed %d", seed)
	ends := map[rollout.Phase]int{}
	for run := range runs {
		ends[oneRun(t, rand.New(rand.NewPCG(seed, uint64(run))))]++
		if t.Failed() {
			t.Fatalf("run %d", run)
		}
	}
	if ends[rollout.Completed] == 0 || ends[rollout.Returned] == 0 {
		t.Errorf("ends: %v", ends)
	}
}

func oneRun(t *testing.T, rnd *rand.Rand) rollout.Phase {
	m := &rollout.Memory{}
	now := begin
	write := func(e rollout.Event) {
		events, _ := m.Events(t.Context())
		e.Number, e.Time = rollout.Replay(events).Revision+1-rnd.Uint64N(2), now // half of them come too late
		if err := m.Append(t.Context(), e); err != nil && !errors.Is(err, rollout.ErrBehind) {
			t.Fatal(err)
		}
	}
	state := func() rollout.State {
		events, _ := m.Events(t.Context())
		return rollout.Replay(events)
	}
	devices := make([]sim, 1+rnd.IntN(12))
	for i := range devices {
		devices[i] = sim{name: fmt.Sprint("d", i), formats: []int{1, 2}[:1+rnd.IntN(2)]}
	}
	bad := rnd.Float64() < 0.4
	var rs rollout.Reports
	var mail []rollout.Report
	names := []string{"a", "b", "c"}
	for turn := 0; turn < 400; turn++ {
		now = now.Add(time.Duration(rnd.Int64N(int64(time.Hour))))
		if rnd.IntN(20) == 0 {
			p := rollout.Plan{Release: release(names[rnd.IntN(3)], 1, 2), Seed: rnd.Uint64(), Shadow: rnd.IntN(2) == 0}
			write(start(p))
		}
		switch rnd.IntN(120) {
		case 0:
			write(step(rollout.Return))
		case 1:
			write(rollout.Event{Step: rollout.Revoke, Profile: digest(names[rnd.IntN(3)] + "1")})
		case 2:
			write(step(rollout.Step([]string{"advance", "complete", "jump"}[rnd.IntN(3)])))
		}
		s := state()
		for i := range devices {
			d := &devices[i]
			if rnd.IntN(3) == 0 { // it hears of the state
				if a := s.For(d.name, digest("m"), d.formats); a.Revision > d.at.Revision {
					d.r = rollout.Report{Device: d.name, Epoch: a.Epoch, Boot: now.UnixNano(), Profile: a.Run.Profile}
					d.at = a
				}
			}
			d.r.Number++
			d.r.Images += 40
			if d.at.Shadow != (rollout.Variant{}) {
				d.r.Compared, d.r.Agreed = d.r.Compared+40, d.r.Agreed+40
			}
			if bad && rnd.IntN(200) == 0 {
				d.r.Alarms++
			}
			mail = append(mail, d.r)
		}
		rnd.Shuffle(len(mail), func(i, j int) { mail[i], mail[j] = mail[j], mail[i] })
		for range min(len(mail), rnd.IntN(10)) { // some arrive, some twice, some are lost
			if rnd.IntN(4) > 0 {
				rs.Add(s, mail[0])
			}
			if rnd.IntN(5) > 0 {
				mail = mail[1:]
			}
		}
		mail = mail[:min(len(mail), 60)]
		if e, ok := rs.Decide(s, now); ok {
			if _, err := s.Apply(e); err != nil {
				t.Errorf("decided what cannot happen: %v", err)
			}
			_ = m.Append(t.Context(), e)
		}
	}
	return ended(t, m, &rs, now, devices)
}

// ended lets time pass without any report, then every device hear of the state once, one that was off all the time included.
func ended(t *testing.T, m *rollout.Memory, rs *rollout.Reports, now time.Time, devices []sim) rollout.Phase {
	var s rollout.State
	for range 20 {
		events, _ := m.Events(t.Context())
		s = rollout.Replay(events)
		if e, ok := rs.Decide(s, now); ok {
			_ = m.Append(t.Context(), e)
		}
		now = now.Add(25 * time.Hour)
	}
	if s.Rollout.Running() {
		t.Errorf("it does not end: %+v", s.Rollout)
	}
	devices = append(devices, sim{name: "off for a month", formats: []int{1, 2}})
	runs := map[int]string{}
	for _, d := range devices {
		a := s.For(d.name, digest("m"), d.formats)
		if slices.Contains(s.Revoked, a.Run.Profile) {
			t.Errorf("%s runs what is revoked", d.name)
		}
		if a.Shadow != (rollout.Variant{}) {
			t.Errorf("%s still compares", d.name)
		}
		if other, ok := runs[len(d.formats)]; ok && other != a.Run.Profile {
			t.Errorf("%s runs %.4s, others %.4s", d.name, a.Run.Profile, other)
		}
		runs[len(d.formats)] = a.Run.Profile
	}
	if s.Rollout == nil {
		return ""
	}
	return s.Rollout.Phase
}

// box is a device of the test over a server.
type box struct {
	bad  bool
	at   rollout.Assignment
	took []string
	n    int64
}

func (b *box) Take(_ context.Context, a rollout.Assignment) error {
	b.at, b.n = a, 0
	b.took = append(b.took, a.Run.Profile)
	return nil
}

func (b *box) Count() rollout.Report {
	b.n += 500
	r := rollout.Report{Profile: b.at.Run.Profile, Images: b.n}
	if b.at.Shadow != (rollout.Variant{}) {
		r.Compared, r.Agreed = b.n, b.n
	}
	if b.bad && b.at.Run.Profile == digest("b1") {
		r.Alarms = 1
	}
	return r
}

// Over a server: a good release goes to all, a bad one comes back from those that had it, and every step is in the journal.
func TestOverJetStream(t *testing.T) {
	srv, err := link.Start(t.TempDir(), link.ServerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Stop)
	l, err := link.Connect(t.Context(), link.Options{URL: srv.URL(), Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	if _, err := rollout.OnLink(t.Context(), l, false, 1); !errors.Is(err, rollout.ErrJournal) {
		t.Errorf("no journal yet: %v", err)
	}
	f, err := rollout.OnLink(t.Context(), l, true, 1)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	boxes, done := map[string]*box{}, make(chan error)
	for i := range 3 {
		name := fmt.Sprint("d", i)
		b := &box{bad: true}
		boxes[name] = b
		go func() {
			done <- rollout.Follow(ctx, f, rollout.Identity{Name: name, Model: digest("m"), Formats: []int{1}}, 5*time.Millisecond, b, nil)
		}()
	}
	for _, c := range []struct {
		name string
		want rollout.Phase
	}{{"a", rollout.Completed}, {"b", rollout.Returned}} {
		p := rollout.Plan{Release: release(c.name, 1), Shares: []float64{0.9, 1}, Shadow: true, Seed: 3}
		if _, err := rollout.Write(ctx, f, func(rollout.State) (rollout.Event, error) { return start(p), nil }); err != nil {
			t.Fatal(err)
		}
		s, err := rollout.Control(ctx, f, 5*time.Millisecond, nil)
		if err != nil || s.Rollout.Phase != c.want {
			t.Fatalf("%s: %+v, %v", c.name, s.Rollout, err)
		}
	}
	s, err := f.Current(t.Context())
	if err != nil || s.Stable.Name != "a" || !slices.Contains(s.Revoked, digest("b1")) {
		t.Errorf("%+v, %v", s, err)
	}
	time.Sleep(50 * time.Millisecond) // the devices hear of it; what they took is looked at when they have ended
	stop()
	for range boxes {
		<-done
	}
	for name, b := range boxes {
		if got := s.For(name, digest("m"), []int{1}).Run.Profile; got != digest("a1") || !slices.Contains(b.took, got) {
			t.Errorf("%s took %v", name, b.took)
		}
	}
	events, err := f.Events(t.Context())
	if err != nil || rollout.Replay(events).Revision != s.Revision {
		t.Errorf("%d events, %v", len(events), err)
	}
	if err := f.Append(t.Context(), rollout.Event{Number: 1, Step: rollout.Return}); !errors.Is(err, rollout.ErrBehind) {
		t.Errorf("an event in the past: %v", err)
	}
	if st, err := l.JS.Stream(t.Context(), "DQA_ROLLOUT"); err != nil || st.DeleteMsg(t.Context(), 1) == nil || st.Purge(t.Context()) == nil {
		t.Errorf("the journal forgets: %v", err)
	}
}
