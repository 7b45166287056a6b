package metric

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dqa-go/dqa/tensor"
)

func logits(v ...float32) *tensor.Tensor { return &tensor.Tensor{Shape: []int{1, len(v)}, Data: v} }

// maps is an output of classes x 1 x width, given class by class.
func maps(classes int, v ...float32) *tensor.Tensor {
	return &tensor.Tensor{Shape: []int{1, classes, 1, len(v) / classes}, Data: v}
}

func mustCompare(t *testing.T, ref, got *tensor.Tensor, class int, mask []int32, opt Options) Record {
	t.Helper()
	r, err := Compare(ref, got, class, mask, opt)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func near(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance }

var inf, nan = float32(math.Inf(1)), float32(math.NaN())

func TestKLByHand(t *testing.T) {
	ln := func(p float64) float32 { return float32(math.Log(p)) }
	// p = (1/2, 1/2), q = (1/4, 3/4): KL = ln 2 / 2 + ln(2/3) / 2 = ln(4/3) / 2.
	want := math.Log(4.0/3) / 2
	for name, c := range map[string]struct {
		ref, got      *tensor.Tensor
		probabilities bool
		want          float64
	}{
		"logits":              {logits(0, 0), logits(0, ln(3)), false, want},
		"shifted logits":      {logits(50, 50), logits(-7, ln(3)-7), false, want},
		"probabilities":       {logits(.5, .5), logits(.25, .75), true, want},
		"not normalised":      {logits(2, 2), logits(1, 3), true, want},
		"mean over positions": {maps(2, 0, 0, 0, 0), maps(2, 0, 0, ln(3), 0), false, want / 2},
		"large logits":        {logits(1e30, 0), logits(1e30, 0), false, 0},
		"certain":             {logits(0, float32(math.Inf(-1))), logits(0, 0), false, math.Log(2)},
		"impossible":          {logits(0, 0), logits(0, float32(math.Inf(-1))), false, math.Inf(1)},
		"flushed tail":        {logits(1, 1e-20), logits(1, 0), true, 1e-20 * (math.Log(1e-20) + 126*math.Ln2)},
	} {
		got, err := KL(c.ref, c.got, c.probabilities)
		if err != nil || got != c.want && !near(got, c.want, 1e-7) {
			t.Errorf("%s: %v, want %v (%v)", name, got, c.want, err)
		}
	}
}

func TestKLProperties(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		ref, got, shifted := tensor.New(1, 5, 2, 3), tensor.New(1, 5, 2, 3), tensor.New(1, 5, 2, 3)
		for i := range ref.Data {
			ref.Data[i], got.Data[i] = float32(rng.NormFloat64()*4), float32(rng.NormFloat64()*4)
			shifted.Data[i] = got.Data[i] + float32(i%6) // a constant per position
		}
		kl, err := KL(ref, got, false)
		other, err2 := KL(ref, shifted, false)
		self, err3 := KL(ref, ref.Clone(), false)
		if err := errors.Join(err, err2, err3); err != nil {
			t.Fatal(err)
		}
		if kl <= 0 || self != 0 || !near(kl, other, 1e-5*kl+1e-6) {
			t.Fatalf("KL %v, shifted %v, self %v", kl, other, self)
		}
	}
}

func TestRanks(t *testing.T) {
	for name, c := range map[string]struct {
		v     []float32
		class int
		want  int
	}{
		"best":           {[]float32{1, 3, 2}, 1, 0},
		"last":           {[]float32{1, 3, 2}, 0, 2},
		"tie, first":     {[]float32{2, 2, 2}, 0, 0},
		"tie, third":     {[]float32{2, 2, 2}, 2, 2},
		"NaN elsewhere":  {[]float32{nan, 1, 2}, 2, 0},
		"NaN itself":     {[]float32{1, nan, 2}, 1, 3},
		"infinite":       {[]float32{1, inf, 2}, 1, 0},
		"minus infinite": {[]float32{-inf, -inf}, 1, 1},
		"unlabelled":     {[]float32{1, 2}, -1, -1},
		"ignored":        {[]float32{1, 2, 3, 4, 5, 6, 7, 8}, 7, -1},
	} {
		ref := logits(c.v...)
		r := mustCompare(t, ref, ref, c.class, nil, Options{Ignore: []int{7}})
		if r.RefRank != c.want || r.GotRank != c.want {
			t.Errorf("%s: %d and %d, want %d", name, r.RefRank, r.GotRank, c.want)
		}
		if c.want == 0 && argMax(c.v, len(c.v), 1)[0] != int32(c.class) {
			t.Errorf("%s: rank 0, but the arg max is another class", name)
		}
	}
	r := mustCompare(t, logits(1, 2, 3), logits(3, 2, 1), 0, nil, Options{})
	if r.RefRank != 2 || r.GotRank != 0 || r.Agreement != 0 || r.Ref != nil {
		t.Errorf("%+v", r)
	}
	one := &tensor.Tensor{Shape: []int{1, 3, 1, 1}, Data: []float32{1, 2, 3}}
	if r := mustCompare(t, one, one, 2, nil, Options{}); r.RefRank != 0 || r.Agreement != 1 {
		t.Errorf("1 x K x 1 x 1: %+v", r)
	}
}

func TestNonFiniteOutputs(t *testing.T) {
	for name, c := range map[string]struct {
		ref, got  *tensor.Tensor
		nonFinite int
		agreement float64
	}{
		"NaN":              {logits(1, 2), logits(nan, 2), 1, 1},
		"all NaN":          {logits(1, 2), logits(nan, nan), 1, 0},
		"NaN in both":      {logits(nan, nan), logits(nan, nan), 1, 0},
		"+Inf":             {logits(1, 2), logits(1, inf), 1, 1},
		"nothing but -Inf": {logits(1, 2), logits(-inf, -inf), 1, 0},
		"one of three":     {maps(2, 1, 1, 1, 0, 0, 0), maps(2, 1, nan, 1, 0, nan, 0), 1, 2.0 / 3},
	} {
		r := mustCompare(t, c.ref, c.got, -1, nil, Options{})
		if !math.IsInf(r.KL, 1) || r.NonFinite != c.nonFinite || r.Agreement != c.agreement {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if r := mustCompare(t, logits(.5, .5), logits(nan, .5), -1, nil, Options{Probabilities: true}); r.NonFinite != 1 {
		t.Errorf("probabilities: %+v", r)
	}
}

// 3 classes, 6 pixels; the arg max of ref is 0 1 2 0 1 2, of got 0 1 2 1 1 0; the last label is void.
func TestMaskCounts(t *testing.T) {
	ref := maps(3, 9, 0, 0, 9, 0, 0 /**/, 0, 9, 0, 0, 9, 0 /**/, 0, 0, 9, 0, 0, 9)
	got := maps(3, 9, 0, 0, 0, 0, 9 /**/, 0, 9, 0, 9, 9, 0 /**/, 0, 0, 9, 0, 0, 0)
	mask := []int32{0, 1, 1, 0, 1, 255}
	r := mustCompare(t, ref, got, -1, mask, Options{Ignore: []int{255}})
	if want := []Count{{2, 2, 2}, {2, 3, 2}, {0, 0, 1}}; !slices.Equal(r.Ref, want) {
		t.Errorf("ref: %v, want %v", r.Ref, want)
	}
	if want := []Count{{1, 2, 1}, {2, 3, 3}, {0, 0, 1}}; !slices.Equal(r.Got, want) {
		t.Errorf("got: %v, want %v", r.Got, want)
	}
	if r.Agreement != 4.0/6 || r.RefRank != -1 {
		t.Errorf("%+v", r)
	}
	blind := maps(3, slices.Repeat([]float32{nan}, 18)...)
	r = mustCompare(t, ref, blind, -1, mask, Options{Ignore: []int{255}})
	if want := []Count{{0, 2, 0}, {0, 3, 0}, {0, 0, 0}}; !slices.Equal(r.Got, want) {
		t.Errorf("NaN: %v, want %v", r.Got, want)
	}
}

func TestCompareRefuses(t *testing.T) {
	two := logits(1, 2)
	for name, c := range map[string]struct {
		ref, got *tensor.Tensor
		class    int
		mask     []int32
		is       error
	}{
		"shapes differ":     {two, logits(1, 2, 3), 0, nil, ErrOutput},
		"batch of 2":        {tensor.New(2, 3), tensor.New(2, 3), 0, nil, ErrOutput},
		"rank 3":            {tensor.New(1, 2, 3), tensor.New(1, 2, 3), 0, nil, ErrOutput},
		"no classes":        {tensor.New(1, 0), tensor.New(1, 0), 0, nil, ErrOutput},
		"no positions":      {tensor.New(1, 2, 0, 1), tensor.New(1, 2, 0, 1), 0, nil, ErrOutput},
		"class too high":    {two, two, 2, nil, ErrLabel},
		"class for a map":   {maps(2, 0, 0, 0, 0), maps(2, 0, 0, 0, 0), 1, nil, ErrLabel},
		"mask too short":    {maps(2, 0, 0, 0, 0), maps(2, 0, 0, 0, 0), -1, []int32{0}, ErrLabel},
		"mask for a class":  {two, two, -1, []int32{0, 0}, ErrLabel},
		"mask beyond class": {maps(2, 0, 0, 0, 0), maps(2, 0, 0, 0, 0), -1, []int32{0, 2}, ErrLabel},
	} {
		if _, err := Compare(c.ref, c.got, c.class, c.mask, Options{}); !errors.Is(err, c.is) {
			t.Errorf("%s: %v, want %v", name, err, c.is)
		}
	}
	if _, err := KL(two, logits(1), false); !errors.Is(err, ErrOutput) {
		t.Errorf("KL: %v", err)
	}
}

func BenchmarkCompare(b *testing.B) {
	ref, got := tensor.New(1, 12, 90, 120), tensor.New(1, 12, 90, 120)
	for i := range ref.Data {
		ref.Data[i], got.Data[i] = float32(i%97), float32(i%89)
	}
	mask := make([]int32, 90*120)
	b.SetBytes(int64(4 * len(ref.Data)))
	for b.Loop() {
		if _, err := Compare(ref, got, -1, mask, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
