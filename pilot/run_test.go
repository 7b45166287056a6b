package pilot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func demoNet(t *testing.T, name string, opt session.Options) *session.Network {
	t.Helper()
	net, err := session.Open(name, opt)
	if err != nil {
		t.Fatal(err)
	}
	return net
}

func studyOf(t *testing.T, net *session.Network, opt Options) (*Study, *profile.Profile) {
	t.Helper()
	opt.Workers, opt.Model, opt.Command = max(opt.Workers, 1), net.Name(), "dqa pilot "+net.Name()
	s, p, err := Run(t.Context(), net, opt)
	if err != nil {
		t.Fatal(err)
	}
	return s, p
}

// onlyInCI skips what takes long.
func onlyInCI(t *testing.T) {
	t.Helper()
	if os.Getenv("CI") != "true" {
		t.Skip("a whole study: with CI=true")
	}
}

// A study of the built-in classifier is what its schema says, and what it recommends is the point that the rule chooses on the choice part;
// its loss on the confirmation part is what an evaluation of the profile on that part finds.
func TestStudy(t *testing.T) {
	net := demoNet(t, "demo:classify", session.Options{})
	s, p := studyOf(t, net, Options{Data: "demo:classify[0:260]", Images: 12, Normal: 0, Workers: 2, Dir: t.TempDir()})
	checkSchema(t, s)
	if chosen, rule := pick(s.Frontier.Points, true, s.Limit); chosen != s.Frontier.Chosen || rule != s.Frontier.Rule {
		t.Errorf("%d by %s is chosen, not %d by %s", s.Frontier.Chosen, s.Frontier.Rule, chosen, rule)
	}
	c := s.Frontier.Points[s.Frontier.Chosen]
	sum, bytes := evaluated(t, net, s.Part(Confirmation).Spec, p)
	near(t, "loss", c.Confirm.Loss.Value, sum.Drop, 1e-9)
	near(t, "accuracy", c.Confirm.Value, sum.Candidate.Top1, 1e-9)
	near(t, "bits", c.Confirm.StoredBits.Value, 8*bytes/float64(s.Model.Values), 1e-9)
	if s.Verdict.Light != Red || s.Verdict.Reasons[0].Code != "few-images" {
		t.Errorf("%+v", s.Verdict)
	}
	total, share := 0., 0.
	for _, l := range s.Layers {
		total, share = total+l.Bytes, share+l.Share
	}
	near(t, "shares of layers", share, 100, 1e-6)
	near(t, "layers against frames", total/c.Confirm.FrameBytes, 1, .02)
	for _, n := range s.Numbers {
		if n.Command == "" && n.Error != ErrOnce || n.Error == "" || n.Value == nil {
			t.Errorf("%+v", n)
		}
	}
	if flips := c.Confirm.Images - int(math.Round(c.Confirm.Agreement*float64(c.Confirm.Images)/100)); s.Changes.Flipped != flips {
		t.Errorf("%d flips, %d by agreement", s.Changes.Flipped, flips)
	}
}

// evaluated is what session.Evaluate finds on a part that is named by its SPEC.
func evaluated(t *testing.T, net *session.Network, spec string, p *profile.Profile) (metric.Summary, float64) {
	t.Helper()
	data, err := net.Data(spec)
	if err != nil {
		t.Fatal(err)
	}
	q, err := net.Bind(p)
	if err != nil {
		t.Fatal(err)
	}
	res, err := net.Evaluate(t.Context(), data, []session.Candidate{q.Candidate()}, session.EvaluateOptions{Workers: 2, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return res.Measured[0].Score.Summary(), float64(res.Measured[0].Frames[0]) / float64(res.Images)
}

func checkSchema(t *testing.T, s *Study) {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile(schemaPath)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(v); err != nil {
		t.Error(err)
	}
	delete(v.(map[string]any), "verdict")
	if schema.Validate(v) == nil {
		t.Error("a study without a verdict is accepted")
	}
}

// Calibration images that do not look like those of today are noticed, and the verdict is no.
func TestDriftedCalibration(t *testing.T) {
	onlyInCI(t)
	net := demoNet(t, "demo:classify", session.Options{})
	s, _ := studyOf(t, net, Options{
		Data: "demo:classify[0:700]", Calib: "corrupt:contrast:4:demo:classify[800:900]", Images: 100, Normal: 0, Workers: 2,
	})
	if s.Verdict.Light != Red || !slices.ContainsFunc(s.Verdict.Reasons, func(r Reason) bool { return r.Code == "drifted" }) {
		t.Errorf("%+v, %+v", s.Verdict, s.Risk.Clean)
	}
}

// A network whose inputs are not what it wants is near guessing, and the verdict is no.
func TestGuessing(t *testing.T) {
	onlyInCI(t)
	net := demoNet(t, "demo:classify", session.Options{Preprocess: &profile.Preprocess{Channels: "gray", Divisor: 1e6}})
	s, _ := studyOf(t, net, Options{Data: "demo:classify[0:400]", Images: 40, Normal: 0, Workers: 2})
	if s.Verdict.Light != Red || s.Verdict.Reasons[0].Code != "guessing" {
		t.Errorf("%+v", s.Verdict)
	}
}

// A study depends neither on the number of workers nor on where it was interrupted.
func TestStudyIsTheSame(t *testing.T) {
	onlyInCI(t)
	net := demoNet(t, "demo:segment", session.Options{})
	opt := Options{Data: "demo:segment[0:60]", Images: 12, Normal: 0, Workers: 1}
	want, _ := studyOf(t, net, opt)
	opt.Dir, opt.Workers, opt.Model, opt.Command = t.TempDir(), 3, net.Name(), "dqa pilot "+net.Name()
	for n := 1; ; n++ {
		ctx, cancel := context.WithCancel(t.Context())
		steps := 0
		opt.Progress = func(_, _ string, done, total int) {
			if done == total {
				if steps++; steps > 96*n {
					cancel()
				}
			}
		}
		got, _, err := Run(ctx, net, opt)
		cancel()
		if errors.Is(err, context.Canceled) && n < 30 {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		a, b := stable(want), stable(got)
		if a != b {
			t.Errorf("after %d interruptions: %d bytes instead of %d, or others", n-1, len(b), len(a))
		}
		break
	}
	if err := Clean(opt.Dir); err != nil {
		t.Fatal(err)
	}
	if names, _ := filepath.Glob(filepath.Join(opt.Dir, "*")); len(names) > 0 {
		t.Error(names)
	}
}

// stable is a study without times.
func stable(s *Study) string {
	c := *s
	c.Cost, c.Device, c.Made, c.Numbers = Cost{}, Device{}, Made{}, nil
	a := *s.Link.Advice // the soonest way depends on times, the smallest ones do not
	a.Best, a.Verdict, a.Ways = 0, "", slices.Clone(a.Ways)
	for i := range a.Ways {
		w := &a.Ways[i]
		w.Device, w.Sending, w.Gateway, w.Latency = 0, 0, 0, 0
		if i != s.Link.Cut && i != s.Link.File {
			w.Confirmed = nil
		}
	}
	c.Link.Advice = &a
	b, _ := json.Marshal(c)
	return string(b)
}

// Parts are disjoint, of the sizes that were asked for, and named by SPECs that give the same images.
func TestParts(t *testing.T) {
	net := demoNet(t, "demo:classify", session.Options{})
	r := &run{net: net, opt: Options{Data: "demo:classify[5:155]", Images: 20}}
	if err := r.openParts(); err != nil {
		t.Fatal(err)
	}
	all, err := r.parts.describe()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[[32]byte]string{}
	for _, p := range all {
		data, err := net.Data(p.Spec)
		if err != nil || data.Len() != p.Images || p.Images > 20 {
			t.Fatalf("%+v: %v", p, err)
		}
		for i := range data.Len() {
			d, err := dataset.SampleDigest(data.Source(), i)
			if err != nil {
				t.Fatal(err)
			}
			if seen[d] != "" {
				t.Errorf("image %d of %s is in %s, too", i, p.Use, seen[d])
			}
			seen[d] = p.Use
		}
	}
	if len(all) != 4 || !strings.HasPrefix(all[2].Spec, "demo:classify[6:") {
		t.Errorf("%+v", all)
	}
}

func TestDevice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.json")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`[{"model":"m","mode":"float","threads":1,"ms":10,"spread":0.2},{"model":"m","mode":"float","threads":4,"ms":3,"spread":0}]`)
	got, err := readDevice(t.Context(), path, "m")
	if err != nil || len(got) != 1 || got[0].MS != 10 || got[0].Low != 9 || got[0].High != 11 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := readDevice(t.Context(), path, "another"); !errors.Is(err, session.ErrMeasuredRun) {
		t.Error(err)
	}
	for _, bad := range []string{"", "{}", "[]", "x"} {
		if write(bad); true {
			if _, err := readDevice(t.Context(), path, "m"); !errors.Is(err, session.ErrMeasuredRun) {
				t.Errorf("%q: %v", bad, err)
			}
		}
	}
	if got, err := readDevice(t.Context(), "pi4", "m"); got != nil || err != nil {
		t.Error(got, err)
	}
}

// Whatever a run looks like, its timings are of ways to run that pages have words for, and take some time.
func FuzzRun(f *testing.F) {
	f.Add([]byte(`[{"model":"m","mode":"packed","threads":1,"ms":10,"spread":0.2}]`))
	f.Add([]byte(`[{"model":"m","mode":"","threads":1,"ms":-1}]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		all, err := parseRun(b, "m")
		for _, r := range all {
			if err != nil || r.Mode != "float" && r.Mode != "packed" || !(r.MS > 0) {
				t.Errorf("%+v, %v", r, err)
			}
		}
	})
}

func near(t *testing.T, what string, got, want, by float64) {
	t.Helper()
	if !(math.Abs(got-want) <= by) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// What one image does not tell is no number, and no certainty.
func TestSettle(t *testing.T) {
	o := Outcome{Loss: Interval{Value: math.NaN()}, SE: math.NaN(), KL: math.Inf(1)}
	o.settle()
	if o.Loss != (Interval{Value: 0, Low: -100, High: 100}) || o.SE != 0 || o.KL != mostKL {
		t.Errorf("%+v", o)
	}
}
