package method_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/dqa-go/dqa/method"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/profile"
	"github.com/google/go-cmp/cmp"
)

// env is a calibration of two edges: a ReLU's output and a two-sided one of three channels.
type env struct{ ranked []string }

func (*env) Edges() []onnx.Edge {
	return []onnx.Edge{
		{Name: "relu", Channels: 4, Rows: 8, Cols: 8, OneSided: true},
		{Name: "add", Channels: 3, Rows: 5, Cols: 1, ChannelsLast: true},
	}
}

func (*env) Stats() ([]method.Stats, error) {
	return []method.Stats{
		{Min: []float32{0, 0, 0, 0}, Max: []float32{7, 1, 0, 3}},
		{Min: []float32{-2, -1, -9}, Max: []float32{1, 4, 8}},
	}, nil
}

func (e *env) Rank(name string, edges []profile.Edge) ([][]float64, error) {
	e.ranked = append(e.ranked, name)
	return [][]float64{{1, 3, 3, 2}, {5, 5, 5}}, nil
}

func plan(t *testing.T, s profile.Method) []profile.Edge {
	t.Helper()
	m, err := method.ByName(s.Name)
	if err != nil {
		t.Fatal(err)
	}
	s, err = m.Complete(s)
	if err != nil {
		t.Fatal(err)
	}
	edges, err := m.Plan(&env{}, s)
	if err != nil {
		t.Fatal(err)
	}
	return edges
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
	got := method.Top([]float64{1, 3, 3, 2}, 2)
	if !slices.Equal(got, []bool{false, true, true, false}) {
		t.Error(got)
	}
	if got := method.Top([]float64{5, 5, 5}, 2); !slices.Equal(got, []bool{true, true, false}) {
		t.Error(got)
	}
}

func TestDQAMarksTheBestHalf(t *testing.T) {
	edges := plan(t, profile.Method{Name: "dqa", Bits: 3, ExtraBits: 2, Ratio: .5, Ranking: "energy"})
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
	edges := plan(t, profile.Method{Name: "direct", Bits: 4, Unsigned: true})
	if !edges[0].Unsigned || !edges[0].OneSided || edges[1].Unsigned || edges[1].OneSided {
		t.Errorf("%+v", edges)
	}
}

func TestStaticStepsAreTheScaleRuleOnTheMaxima(t *testing.T) {
	signed := plan(t, profile.Method{Name: "direct", Bits: 3, Scale: profile.StaticChannel})
	if diff := cmp.Diff([][]float32{{7. / 4, 1. / 4, 0, 3. / 4}, {2. / 4, 4. / 4, 9. / 4}}, [][]float32{signed[0].Steps, signed[1].Steps}); diff != "" {
		t.Error(diff)
	}
	unsigned := plan(t, profile.Method{Name: "direct", Bits: 3, Scale: profile.StaticChannel, Unsigned: true})
	if diff := cmp.Diff([]float32{1, float32(1) / 7, 0, float32(3) / 7}, unsigned[0].Steps); diff != "" {
		t.Error(diff)
	}
	tensor := plan(t, profile.Method{Name: "dqa", Bits: 3, ExtraBits: 1, Ratio: .5, Ranking: "energy", Scale: profile.StaticTensor})
	if diff := cmp.Diff([][]float32{{7. / 4, 7. / 8}, {9. / 4, 9. / 8}}, [][]float32{tensor[0].Steps, tensor[1].Steps}); diff != "" {
		t.Error(diff)
	}
}

func TestWithoutExtraBitsDQAIsDirect(t *testing.T) {
	direct := plan(t, profile.Method{Name: "direct", Bits: 5})
	if diff := cmp.Diff(direct, plan(t, profile.Method{Name: "dqa", Bits: 5, ExtraBits: 0, Ratio: .5, Ranking: "energy"})); diff != "" {
		t.Error(diff)
	}
	for _, e := range plan(t, profile.Method{Name: "dqa", Bits: 5, ExtraBits: 2, Ratio: 0, Ranking: "energy"}) {
		if e.NumImportant() != 0 {
			t.Errorf("r=0 marks %d channels", e.NumImportant())
		}
	}
}

func TestCompleteRefuses(t *testing.T) {
	ok := profile.Method{Bits: 3, ExtraBits: 3, Ratio: .5, Ranking: "energy"}
	for name, change := range map[string]func(*profile.Method){
		"1 bit":           func(m *profile.Method) { m.Bits = 1 },
		"9 bits":          func(m *profile.Method) { m.Bits = 9 },
		"5 extra bits":    func(m *profile.Method) { m.ExtraBits = 5 },
		"-1 extra bits":   func(m *profile.Method) { m.ExtraBits = -1 },
		"ratio over 1":    func(m *profile.Method) { m.Ratio = 1.01 },
		"no ranking":      func(m *profile.Method) { m.Ranking = "" },
		"ratio below 0":   func(m *profile.Method) { m.Ratio = -.1 },
		"ratio not given": func(m *profile.Method) { m.Ratio = nan() },
	} {
		s := ok
		change(&s)
		if _, err := (method.DQA{}).Complete(s); !errors.Is(err, method.ErrSetting) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (method.Direct{}).Complete(profile.Method{Bits: 1}); !errors.Is(err, method.ErrSetting) {
		t.Errorf("direct with 1 bit: %v", err)
	}
	if _, err := method.ByName("other"); !errors.Is(err, method.ErrSetting) {
		t.Errorf("unknown method: %v", err)
	}
}

func nan() float64 { var zero float64; return zero / zero }
