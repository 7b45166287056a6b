package features

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/dqa-go/dqa"
)

// mixed are rows of few numbers, mixed into many channels.
func mixed(shape []int, at, hidden int) *matrix {
	m := &matrix{shape: shape}
	rng := rand.New(rand.NewPCG(5, 5))
	row, plane := 1, 1
	for k, d := range shape[1:] {
		row *= d
		if k > at {
			plane *= d
		}
	}
	m.data = make([]float32, shape[0]*row)
	channels := shape[1+at]
	for i := 0; i < len(m.data); i += channels * plane {
		for p := range plane {
			for h := range hidden {
				v := rng.NormFloat64() * 10 / float64(h+1)
				for c := range channels {
					m.data[i+c*plane+p] += float32(v * math.Sin(float64(c*(h+1))))
				}
			}
			for c := range channels {
				m.data[i+c*plane+p] += float32(rng.NormFloat64()*.01 + float64(c%3))
			}
		}
	}
	return m
}

// Principal axes pay where channels hang together, auto finds out, and the store says the truth.
func TestTransformPays(t *testing.T) {
	for _, c := range []struct {
		axes  Axes
		shape []int
		at    int
	}{{"NC", []int{900, 48}, 0}, {"NTC", []int{120, 9, 24}, 1}, {"NCHW", []int{80, 24, 5, 5}, 0}} {
		x := mixed(c.shape, c.at, 3)
		goal := Objective{MaxError, .001}
		without := mustFit(t, x, Options{Axes: c.axes, Objective: goal})
		with := mustFit(t, x, Options{Axes: c.axes, Objective: goal, Transform: TransformPCA})
		auto := mustFit(t, x, Options{Axes: c.axes, Objective: goal, Transform: TransformAuto})
		if with.StoredBits > .7*without.StoredBits || auto.Transform.Kept != TransformPCA || auto.Transform.With >= auto.Transform.Without {
			t.Errorf("%s: %.3f bits without, %.3f with; %+v", c.axes, without.StoredBits, with.StoredBits, auto.Transform)
		}
		if with.Error > .001+4*with.ErrorSE || !bytes.Equal(with.Profile.Append(nil), auto.Profile.Append(nil)) {
			t.Errorf("%s: error %.5f; auto makes another profile", c.axes, with.Error)
		}
		path := filepath.Join(t.TempDir(), "x.zarr")
		if _, err := Pack(context.Background(), path, x, with.Profile, PackOptions{Axes: c.axes}); err != nil {
			t.Fatal(err)
		}
		s, err := OpenStore(path, with.Profile, dqa.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if v, err := s.Verify(context.Background(), x, nil); err != nil || v.Quality.Error > .0011 {
			t.Errorf("%s: %+v, %v", c.axes, v, err)
		}
		s.Close()
	}
}

// Where channels have nothing in common, or an array is small beside the matrix, auto does without.
func TestTransformDoesNotPay(t *testing.T) {
	for _, c := range []struct {
		shape []int
		why   string
	}{{[]int{500, 16}, "independent"}, {[]int{40, 100}, "small"}, {[]int{300, 1}, "one channel"}} {
		x := &matrix{shape: c.shape, data: numbers(c.shape[0] * c.shape[1])}
		f := mustFit(t, x, Options{Objective: Objective{MaxError, .01}, Transform: TransformAuto})
		if f.Transform.Kept != TransformNone || f.Profile.Edges[0].Transform != nil || f.Transform.Asked != TransformAuto {
			t.Errorf("%s: %+v", c.why, f.Transform)
		}
	}
	x := &matrix{shape: []int{300, 1}, data: numbers(300)}
	goal := Objective{MaxError, .01}
	if _, err := Fit(context.Background(), x, Options{Objective: goal, Transform: TransformPCA}); !errors.Is(err, ErrAxes) {
		t.Errorf("pca of one channel: %v", err)
	}
	if _, err := Fit(context.Background(), x, Options{Objective: goal, Transform: "dct"}); !errors.Is(err, ErrObjective) {
		t.Errorf("dct: %v", err)
	}
}

func numbers(n int) []float32 {
	rng := rand.New(rand.NewPCG(9, 1))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}

func TestAxesAreOrthogonal(t *testing.T) {
	x := mixed([]int{200, 32}, 0, 4)
	f := mustFit(t, x, Options{Objective: Objective{MaxError, .01}, Transform: TransformPCA})
	m := f.Profile.Edges[0].Transform.Matrix
	for a := range 32 {
		for b := range 32 {
			sum, want := 0.0, 0.0
			for c := range 32 {
				sum += float64(m[a*32+c]) * float64(m[b*32+c])
			}
			if a == b {
				want = 1
			}
			if math.Abs(sum-want) > 1e-6 {
				t.Fatalf("axes %d and %d: %v", a, b, sum)
			}
		}
	}
}
