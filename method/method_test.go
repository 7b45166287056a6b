package method_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/method"
	"github.com/dqa-go/dqa/profile"
	"github.com/google/go-cmp/cmp"
)

// env is a calibration of two edges: a ReLU's output and a two-sided one of three channels.
type env struct {
	ranked []string
	errors func(e *profile.Edge, edge, channel int) float64

	minBits     map[string]float64
	sensitivity [][]float64
	biased      bool
	gains       bool
	rows        int       // of the first edge; 0: 8
	means       float64   // what is left of the distortion where they are stored
	takes       []float64 // what frames take by edge of what curves say; nil: not told
	share       float64   // of what all images take to those of trials; 0: the same
	choices     method.Choices
	trials      int
	bits        float64 // of the last trial
}

func (*env) Seed() uint64 { return 7 }

func (*env) Distortion() string { return "model" }

func (e *env) MinBits(edge string) float64 { return e.minBits[edge] }

func (e *env) Choices() method.Choices { return e.choices }

// Correct makes up for a tenth of the distortion, with gains for a fifth, if the test says so.
func (e *env) Correct(_ []profile.Edge, gains bool) (profile.Corrections, error) {
	var c profile.Corrections
	if e.biased {
		c.Bias = []profile.Bias{{Node: "conv", Scale: 1, Codes: []int8{1}}}
	}
	if gains && e.gains {
		c.Gain = []profile.Gain{{Node: "conv", Codes: []int8{1}}}
	}
	return c, nil
}

// Sensitivity is that of the test, or nothing is known.
func (e *env) Sensitivity(edges []profile.Edge) ([][]float64, error) {
	if e.sensitivity != nil {
		return e.sensitivity, nil
	}
	return [][]float64{make([]float64, 4), make([]float64, 3)}, nil
}

// Try adds up what Curves says of the steps, and counts one trial.
func (e *env) Try(edges []profile.Edge, by profile.Corrections) (method.Trial, error) {
	e.trials++
	curves, err := e.Curves([]method.Question{now(edges)})
	t := method.Trial{Images: 3, Drop: math.NaN()}
	elements := 0
	for i := range edges {
		t.Bits += curves[0][i][0].Bits
		t.Distortion += curves[0][i][0].Distortion
		elements += edges[i].Elements()
	}
	if e.takes != nil {
		t.Bits = 0
		for i := range edges {
			t.CodeBits = append(t.CodeBits, e.takes[i]*curves[0][i][0].Bits)
			t.Bits += t.CodeBits[i]
		}
	}
	t.Bits = (1.05*t.Bits + 600) / float64(elements) // real frames take more than curves say
	e.bits = t.Bits
	if by.Bias != nil {
		t.Distortion *= .9
	}
	if by.Gain != nil {
		t.Distortion *= .9
	}
	if edges[0].DC {
		t.Distortion *= e.means
	}
	t.KL, t.Agreement = t.Distortion/1000, 100-t.Distortion/10
	t.Typical, t.HeldOut = t.Distortion, t.KL
	return t, err
}

// now asks for the edges' own steps.
func now(edges []profile.Edge) method.Question {
	q := method.Question{Edges: slices.Clone(edges), Steps: make([][]float32, len(edges))}
	for i := range edges {
		q.Steps[i] = []float32{1}
	}
	return q
}

// Curves: halving the step of channel c of edge i quarters a distortion of weight 10^i, or of its sensitivity, and costs half a bit
// per value.
func (e *env) Curves(asked []method.Question) ([][][]method.Effect, error) {
	all := make([][][]method.Effect, len(asked))
	for q, a := range asked {
		all[q] = make([][]method.Effect, len(a.Edges))
		for i := range a.Edges {
			edge := &a.Edges[i]
			for _, s := range a.Steps[i] {
				var sum method.Effect
				for c := range edge.Channels {
					step := float64(s * edge.Steps[edge.ScaleSlot(c)])
					weight := math.Pow(10, float64(i))
					if e.sensitivity != nil {
						weight = e.sensitivity[i][c]
					}
					sum.Distortion += weight * step * step / float64(edge.Channels)
					sum.Bits += max(0, 4-math.Log2(step*8)) * float64(edge.PlaneSize())
				}
				all[q][i] = append(all[q][i], sum)
			}
		}
	}
	return all, nil
}

func (e *env) SquaredErrors(_ string, variants [][]profile.Edge) ([][][]float64, error) {
	sums := make([][][]float64, len(variants))
	for i, list := range variants {
		for v := range list {
			var channels []float64
			for c := range list[v].Channels {
				channels = append(channels, e.errors(&list[v], i, c))
			}
			sums[i] = append(sums[i], channels)
		}
	}
	return sums, nil
}

func (e *env) Edges() []graph.Edge {
	return []graph.Edge{
		{Name: "relu", Channels: 4, Rows: max(8, e.rows), Cols: 8, OneSided: true},
		{Name: "add", Channels: 3, Rows: 5, Cols: 1, ChannelsLast: true},
	}
}

func (*env) Stats() ([]method.Stats, error) {
	return []method.Stats{
		{Min: []float32{0, 0, 0, 0}, Max: []float32{7, 1, 0, 3}, Squares: []float64{2, 2, 2, 2}},
		{Min: []float32{-2, -1, -9}, Max: []float32{1, 4, 8}, Squares: []float64{9, 9, 9}},
	}, nil
}

func (e *env) Rank(name string, edges []profile.Edge) ([][]method.Score, error) {
	e.ranked = append(e.ranked, name)
	return [][]method.Score{{{1, 0}, {3, 0}, {3, 0}, {2, 0}}, {{5, 0}, {5, 0}, {5, 0}}}, nil
}

func plan(t *testing.T, s profile.Setting) []profile.Edge {
	t.Helper()
	return planIn(t, &env{}, s).Edges
}

func planIn(t *testing.T, e *env, s profile.Setting) *method.Plan {
	t.Helper()
	m, err := method.ByName(s.Name)
	if err != nil {
		t.Fatal(err)
	}
	s, err = m.Complete(s)
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Plan(e, s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCount(t *testing.T) {
	for _, c := range []struct {
		r    float64
		n, k int
	}{{0, 9, 0}, {1, 9, 9}, {.5, 16, 8}, {.5, 5, 3}, {.1, 5, 1}, {.01, 64, 1}, {.4, 4, 2}} {
		if got := method.Count(c.r, c.n); got != c.k {
			t.Errorf("r %v of %d: %d, want %d", c.r, c.n, got, c.k)
		}
	}
}

func TestTopTakesTheFirstOfEquals(t *testing.T) {
	got := method.Top([]method.Score{{1, 0}, {3, 0}, {3, 0}, {2, 0}}, 2)
	if !slices.Equal(got, []bool{false, true, true, false}) {
		t.Error(got)
	}
	if got := method.Top([]method.Score{{5, 0}, {5, 0}, {5, 0}}, 2); !slices.Equal(got, []bool{true, true, false}) {
		t.Error(got)
	}
}

func TestTiesAreBrokenBySecondScore(t *testing.T) {
	got := method.Top([]method.Score{{5, 1}, {5, 3}, {4, 9}, {5, 2}}, 2)
	if !slices.Equal(got, []bool{false, true, false, true}) {
		t.Error(got)
	}
}

// The global ratio counts values: a channel of the first edge has 64, one of the second 5.
func TestGlobalRatioPrefersWhatIsWorthMostPerValue(t *testing.T) {
	s := profile.Setting{Name: "dqa", Bits: 3, ExtraBits: 2, Ranking: "energy", Global: true}
	for ratio, want := range map[float64][2][]bool{
		0:   {{false, false, false, false}, {false, false, false}},
		.04: {{false, false, false, false}, {true, true, false}}, // 10.84 of 271 values
		.3:  {{false, true, false, false}, {true, true, true}},   // 81.3
		.55: {{false, true, true, false}, {true, true, true}},    // 149.05
		1:   {{true, true, true, true}, {true, true, true}},
	} {
		s.Ratio = ratio
		edges := plan(t, s)
		if diff := cmp.Diff(want, [2][]bool{edges[0].Important, edges[1].Important}); diff != "" {
			t.Errorf("r %v: %s", ratio, diff)
		}
	}
}

// With the model of env.Curves, the edge that weighs ten times more gets a finer step, and the budget is kept to 1 %.
func TestGradedSpendsTheBudgetWhereItMatters(t *testing.T) {
	last := [2]float32{}
	for _, budget := range []float64{8, 5, 4, 3.5} {
		e := &env{}
		p := planIn(t, e, profile.Setting{Name: "graded", Dial: profile.Budget, Goal: budget})
		for i, e := range p.Edges {
			if e.Bits != 8 || !e.Escape || e.Scale != profile.StaticTensor || e.Unsigned != (i == 0) || len(e.Steps) != 2 || e.Steps[0] != e.Steps[1] {
				t.Errorf("budget %v: %+v", budget, e)
			}
			if e.Steps[0] < last[i] {
				t.Errorf("budget %v: edge %d has a finer step than with more bits", budget, i)
			}
			last[i] = e.Steps[0]
		}
		if bits := float64(p.Evidence.MeasuredBits); budget < 6 && (bits > 1.003*budget || bits < .98*budget) {
			t.Errorf("budget %v: %v stored bits", budget, bits)
		}
		if e.trials > 8 {
			t.Errorf("budget %v: %d trials", budget, e.trials)
		}
	}
	if last[1] >= last[0] {
		t.Errorf("steps %v: the edge that matters more has the coarser one", last)
	}
	all := planIn(t, &env{}, profile.Setting{Name: "graded", Dial: profile.Budget, Goal: 16})
	if top := all.Edges[0].Steps[0] * 255; top < 7 || top > 12 {
		t.Errorf("codes reach to %v where 7 is the largest value", top)
	}
	if !strings.Contains(all.Note, "finest steps") {
		t.Errorf("nothing is said of a budget that cannot be used up: %q", all.Note)
	}
}

func TestGradedDials(t *testing.T) {
	for _, c := range []struct {
		dial profile.Dial
		goal float64
		kept func(e *profile.Evidence) bool
	}{
		{profile.MaxKL, .02, func(e *profile.Evidence) bool { return e.MeasuredKL <= .02 && e.MeasuredKL > .008 }},
		{profile.MinAgreement, 99, func(e *profile.Evidence) bool { return e.MeasuredAgreement >= 99 && e.MeasuredAgreement < 99.6 }},
	} {
		if p := planIn(t, &env{}, profile.Setting{Name: "graded", Dial: c.dial, Goal: c.goal}); !c.kept(p.Evidence) || p.Note != "" {
			t.Errorf("%v %v: %+v %s", c.dial, c.goal, p.Evidence, p.Note)
		}
	}
	if p := planIn(t, &env{}, profile.Setting{Name: "graded", Dial: profile.MaxKL, Goal: 1e-9}); !strings.Contains(p.Note, "not reached") {
		t.Errorf("nothing is said of a goal out of reach: %q", p.Note)
	}
	m, err := method.Complete(profile.Setting{Name: "graded", Dial: profile.MaxDrop, Goal: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (method.Graded{}).Plan(&env{}, m); !errors.Is(err, method.ErrSetting) {
		t.Errorf("max-drop without labels: %v", err)
	}
}

func TestGradedPow2AndMinBits(t *testing.T) {
	p := planIn(t, &env{}, profile.Setting{Name: "graded", Dial: profile.Budget, Goal: 3.5, Pow2: true})
	for i, e := range p.Edges {
		if f, _ := math.Frexp(float64(e.Steps[0])); f != .5 {
			t.Errorf("edge %d: step %v is no power of two", i, e.Steps[0])
		}
	}
	free := planIn(t, &env{}, profile.Setting{Name: "graded", Dial: profile.Budget, Goal: 3.5})
	held := planIn(t, &env{minBits: map[string]float64{"relu": 5}}, profile.Setting{Name: "graded", Dial: profile.Budget, Goal: 3.5})
	if bits := held.Evidence.Chosen[0].Bits / 256; bits < 5 || free.Evidence.Chosen[0].Bits/256 >= 5 {
		t.Errorf("%v bits where 5 are the least", bits)
	}
	if !strings.Contains(held.Note, "more than the budget") {
		t.Errorf("nothing is said of a budget that cannot be kept: %q", held.Note)
	}
}

func TestGradedKeepsBiasesThatHelp(t *testing.T) {
	s := profile.Setting{Name: "graded", Dial: profile.Budget, Goal: 4}
	if p := planIn(t, &env{biased: true}, s); len(p.Bias) != 1 {
		t.Error("a bias that helps is not kept")
	}
	if p := planIn(t, &env{}, s); len(p.Bias) != 0 {
		t.Error("a bias from nowhere")
	}
}

// Channels that matter differently get steps of their own, if whole networks are better so; what is left then is the same as
// with one step where all matter alike.
func TestGradedKeepsChannelStepsThatHelp(t *testing.T) {
	uneven := [][]float64{{1, 1, 64, 64}, {5, 5, 5}}
	s := profile.Setting{Name: "graded", Dial: profile.Budget, Goal: 2}
	for name, c := range map[string]struct {
		sensitivity [][]float64
		choice      method.Choice
		want        bool
	}{
		"uneven": {uneven, method.ByTrial, true}, "never": {uneven, method.Never, false}, "even": {[][]float64{{3, 3, 3, 3}, {5, 5, 5}}, method.ByTrial, false},
		"unknown": {nil, method.ByTrial, false}, "always": {uneven, method.Always, true},
	} {
		p := planIn(t, &env{sensitivity: c.sensitivity, choices: method.Choices{ChannelSteps: c.choice}}, s)
		if p.Channels != c.want {
			t.Errorf("%s: channel steps %v", name, p.Channels)
		}
		if steps := p.Edges[0].Steps; c.want && math.Abs(float64(steps[0]/steps[2])-8) > 1e-4 {
			t.Errorf("%s: steps %v: where a channel matters 64 times more its step is an eighth", name, steps)
		}
	}
	pow2 := s
	pow2.Pow2 = true
	for _, step := range planIn(t, &env{sensitivity: [][]float64{{1, 2, 5, 70}, {5, 5, 5}}, choices: method.Choices{ChannelSteps: method.Always}}, pow2).Edges[0].Steps {
		if frac, _ := math.Frexp(float64(step)); frac != .5 {
			t.Errorf("step %v is no power of two", step)
		}
	}
}

// Gains and means of channels are kept if they help, and not where they are not wanted.
func TestGradedKeepsGainsAndMeansThatHelp(t *testing.T) {
	s, asked := profile.Setting{Name: "graded", Dial: profile.Budget, Goal: 2}, method.Choices{Means: method.ByTrial}
	for name, c := range map[string]struct {
		env           env
		gains, biases int
		means         bool
	}{
		"gains":       {env{rows: 124, means: 1, biased: true, gains: true}, 1, 1, false},
		"no gains":    {env{rows: 124, means: 1, biased: true, gains: true, choices: method.Choices{Gains: method.Never}}, 0, 1, false},
		"means":       {env{rows: 125, means: .5, choices: asked}, 0, 0, true},
		"small":       {env{rows: 124, means: .5, choices: asked}, 0, 0, false},
		"unasked":     {env{rows: 125, means: .5}, 0, 0, false},
		"no means":    {env{rows: 125, means: .5, choices: method.Choices{Means: method.Never}}, 0, 0, false},
		"worse means": {env{rows: 125, means: 1.5, choices: asked}, 0, 0, false},
	} {
		p := planIn(t, &c.env, s)
		if len(p.Gain) != c.gains || len(p.Bias) != c.biases || p.Edges[0].DC != c.means || p.Edges[1].DC {
			t.Errorf("%s: %d gains, %d biases, means %v", name, len(p.Gain), len(p.Bias), p.Edges[0].DC)
		}
		if e := p.Edges[0]; e.DC && e.Tile.Rows != e.Rows {
			t.Errorf("%s: means of %d of %d rows", name, e.Tile.Rows, e.Rows)
		}
	}
}

func TestGradedCompletes(t *testing.T) {
	a, err := (method.Graded{}).Complete(profile.Setting{Dial: profile.Budget, Goal: 3, Bits: 3, ExtraBits: 1, Ranking: "mse"})
	if err != nil || a != (profile.Setting{Name: "graded", Bits: 8, Unsigned: true, Scale: profile.StaticTensor,
		Dial: profile.Budget, Goal: 3}) {
		t.Errorf("%+v, %v", a, err)
	}
	if a, err = (method.Graded{}).Complete(profile.Setting{}); err != nil || a.Dial != profile.Budget || a.Goal != method.DefaultBudget {
		t.Errorf("without a dial: %+v, %v", a, err)
	}
	for _, budget := range []float64{0, -1, 17, nan()} {
		if _, err := (method.Graded{}).Complete(profile.Setting{Dial: profile.Budget, Goal: budget}); !errors.Is(err, method.ErrSetting) {
			t.Errorf("budget %v: %v", budget, err)
		}
	}
}

func TestClipTakesTheShareWithTheLeastError(t *testing.T) {
	best := [][]float64{{.5, 1, .25, .75}, {.5, .5, .9375}}
	e := &env{errors: func(e *profile.Edge, edge, c int) float64 {
		share := 1.0
		switch {
		case e.Map == profile.Clipped:
			share = float64(e.Clip[e.ScaleSlot(c)])
		case edge == 0: // static: the unclipped steps are those of TestStaticSteps...
			share = float64(e.Steps[c] / []float32{7. / 4, 1. / 4, 1, 3. / 4}[c])
		default:
			share = float64(e.Steps[c] / []float32{2. / 4, 4. / 4, 9. / 4}[c])
		}
		return math.Abs(share - best[edge][c])
	}}
	edges := planIn(t, e, profile.Setting{Name: "clip", Bits: 3}).Edges
	if diff := cmp.Diff([][]float32{{.5, 1, .25, .75}, {.5, .5, .9375}}, [][]float32{edges[0].Clip, edges[1].Clip}); diff != "" {
		t.Error(diff)
	}
	static := planIn(t, e, profile.Setting{Name: "clip", Bits: 3, Scale: profile.StaticChannel}).Edges
	if diff := cmp.Diff([][]float32{{7. / 8, 1. / 4, 0, 9. / 16}, {1. / 4, 1. / 2, 135. / 64}}, [][]float32{static[0].Steps, static[1].Steps}); diff != "" {
		t.Error(diff)
	}
	tensor := planIn(t, e, profile.Setting{Name: "clip", Bits: 3, Scale: profile.DynamicTensor}).Edges
	if got := tensor[1].Clip[0]; got != .5 { // the sum of the three distances is least at their median
		t.Errorf("one scale for all: share %v", got)
	}
}

func TestNoisyQuantTakesTheAmplitudeWithTheLeastError(t *testing.T) {
	best := []float64{0, .625}
	e := &env{errors: func(e *profile.Edge, edge, c int) float64 {
		return math.Abs(float64(e.Noise.Amplitude) - best[edge])
	}}
	edges := planIn(t, e, profile.Setting{Name: "noisyquant", Bits: 3}).Edges
	if edges[0].Map != profile.Uniform || edges[1].Map != profile.Noisy || edges[1].Noise.Amplitude != .625 {
		t.Errorf("%+v", edges)
	}
	if edges[1].Noise.Seed == 0 || edges[1].Noise.Seed == e.Seed() {
		t.Errorf("seed %d: every edge has one of its own", edges[1].Noise.Seed)
	}
}

func TestDQAMarksTheBestHalf(t *testing.T) {
	edges := plan(t, profile.Setting{Name: "dqa", Bits: 3, ExtraBits: 2, Ratio: .5, Ranking: "energy"})
	if !slices.Equal(edges[0].Important, []bool{false, true, true, false}) || !slices.Equal(edges[1].Important, []bool{true, true, false}) {
		t.Errorf("%v %v", edges[0].Important, edges[1].Important)
	}
	for _, e := range edges {
		if e.Bits != 3 || e.ExtraBits != 2 || e.Unsigned || e.Scale != profile.DynamicChannel || e.Tile.Channels == 0 {
			t.Errorf("%+v", e)
		}
	}
}

func TestUnsignedOnlyWhereNothingIsNegative(t *testing.T) {
	edges := plan(t, profile.Setting{Name: "direct", Bits: 4, Unsigned: true})
	if !edges[0].Unsigned || !edges[0].OneSided || edges[1].Unsigned || edges[1].OneSided {
		t.Errorf("%+v", edges)
	}
}

func TestStaticStepsAreTheScaleRuleOnTheMaxima(t *testing.T) {
	signed := plan(t, profile.Setting{Name: "direct", Bits: 3, Scale: profile.StaticChannel})
	if diff := cmp.Diff([][]float32{{7. / 4, 1. / 4, 0, 3. / 4}, {2. / 4, 4. / 4, 9. / 4}}, [][]float32{signed[0].Steps, signed[1].Steps}); diff != "" {
		t.Error(diff)
	}
	unsigned := plan(t, profile.Setting{Name: "direct", Bits: 3, Scale: profile.StaticChannel, Unsigned: true})
	if diff := cmp.Diff([]float32{1, float32(1) / 7, 0, float32(3) / 7}, unsigned[0].Steps); diff != "" {
		t.Error(diff)
	}
	tensor := plan(t, profile.Setting{Name: "dqa", Bits: 3, ExtraBits: 1, Ratio: .5, Ranking: "energy", Scale: profile.StaticTensor})
	if diff := cmp.Diff([][]float32{{7. / 4, 7. / 8}, {9. / 4, 9. / 8}}, [][]float32{tensor[0].Steps, tensor[1].Steps}); diff != "" {
		t.Error(diff)
	}
}

func TestWithoutExtraBitsDQAIsDirect(t *testing.T) {
	direct := plan(t, profile.Setting{Name: "direct", Bits: 5})
	if diff := cmp.Diff(direct, plan(t, profile.Setting{Name: "dqa", Bits: 5, ExtraBits: 0, Ratio: .5, Ranking: "energy"})); diff != "" {
		t.Error(diff)
	}
	for _, e := range plan(t, profile.Setting{Name: "dqa", Bits: 5, ExtraBits: 2, Ratio: 0, Ranking: "energy"}) {
		if e.NumImportant() != 0 {
			t.Errorf("r=0 marks %d channels", e.NumImportant())
		}
	}
}

func TestCompleteRefuses(t *testing.T) {
	ok := profile.Setting{Bits: 3, ExtraBits: 3, Ratio: .5, Ranking: "energy"}
	for name, change := range map[string]func(*profile.Setting){
		"1 bit":           func(m *profile.Setting) { m.Bits = 1 },
		"9 bits":          func(m *profile.Setting) { m.Bits = 9 },
		"5 extra bits":    func(m *profile.Setting) { m.ExtraBits = 5 },
		"-1 extra bits":   func(m *profile.Setting) { m.ExtraBits = -1 },
		"ratio over 1":    func(m *profile.Setting) { m.Ratio = 1.01 },
		"no ranking":      func(m *profile.Setting) { m.Ranking = "" },
		"ratio below 0":   func(m *profile.Setting) { m.Ratio = -.1 },
		"ratio not given": func(m *profile.Setting) { m.Ratio = nan() },
	} {
		s := ok
		change(&s)
		if _, err := (method.DQA{}).Complete(s); !errors.Is(err, method.ErrSetting) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (method.Direct{}).Complete(profile.Setting{Bits: 1}); !errors.Is(err, method.ErrSetting) {
		t.Errorf("direct with 1 bit: %v", err)
	}
	if _, err := method.ByName("other"); !errors.Is(err, method.ErrSetting) {
		t.Errorf("unknown method: %v", err)
	}
}

func nan() float64 { var zero float64; return zero / zero }

// StoredBits are what the test says of the last trial's.
func (e *env) StoredBits([]profile.Edge, profile.Corrections) (float64, error) {
	return e.share * e.bits, nil
}

// What frames take by edge, which curves do not know, makes the edge finer that takes little, and predictions right.
func TestFramesTeachCurves(t *testing.T) {
	setting := profile.Setting{Name: "graded", Dial: profile.Budget, Goal: 6}
	plain := planIn(t, &env{}, setting)
	taught := planIn(t, &env{takes: []float64{.3, 1}}, setting)
	e := taught.Evidence
	if predicted, measured := float64(e.PredictedBits), float64(e.MeasuredBits); math.Abs(predicted/measured-1) > .03 || measured > 6.012 {
		t.Errorf("%v bits predicted, %v measured", predicted, measured)
	}
	if was, is := plain.Edges[0].Steps[0], taught.Edges[0].Steps[0]; is >= was {
		t.Errorf("step %v of an edge that takes a third of what curves say, %v where they are right", is, was)
	}
	if len(e.Curves) != 2 || !cmp.Equal(e.Curves, plain.Evidence.Curves) {
		t.Error("evidence is not what curves measured")
	}
}

// A budget is that of all images, where they take more than those of trials.
func TestBudgetIsThatOfAllImages(t *testing.T) {
	p := planIn(t, &env{takes: []float64{1, 1}, share: 1.1}, profile.Setting{Name: "graded", Dial: profile.Budget, Goal: 6})
	if bits := float64(p.Evidence.MeasuredBits); bits > 6.012 || bits < 5 || math.Abs(bits/p.Reached.Bits-1) > 1e-6 {
		t.Errorf("%v bits", bits)
	}
	codes, values := 0.0, 0
	for i, b := range p.Reached.CodeBits {
		codes += b
		values += p.Edges[i].Elements()
	}
	if frames := (1.05*codes + 600) / float64(values); math.Abs(p.Reached.Bits/frames-1.1) > 1e-6 {
		t.Errorf("%v bits, frames of trials take %v", p.Reached.Bits, frames)
	}
}
