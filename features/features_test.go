package features

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/profile"
)

// matrix is an array in memory. Its rows are clusters, channels of unlike sizes.
type matrix struct {
	shape []int
	data  []float32
	reads int
	stop  int // reads after which it fails; 0: never
}

var errStopped = errors.New("stopped")

func (m *matrix) Shape() []int { return m.shape }

func (m *matrix) ReadRows(dst []float32, i int) error {
	if m.reads++; m.stop > 0 && m.reads >= m.stop {
		return errStopped
	}
	row := len(m.data) / m.shape[0]
	copy(dst, m.data[i*row:])
	return nil
}

func newMatrix(seed uint64, shape ...int) *matrix {
	m := &matrix{shape: shape}
	rng := rand.New(rand.NewPCG(seed, 0))
	row := 1
	for _, d := range shape[1:] {
		row *= d
	}
	for range shape[0] {
		center := float64(rng.IntN(5))
		for k := range row {
			m.data = append(m.data, float32((center*math.Sin(float64(k))+rng.NormFloat64())*math.Exp(float64(k%7)/3)))
		}
	}
	return m
}

func mustFit(t testing.TB, x Rows, opt Options) *Fitted {
	t.Helper()
	f, err := Fit(context.Background(), x, opt)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// What was asked for is kept on rows that the profile was not made of, and not by far more than needed.
func TestFitKeepsObjectives(t *testing.T) {
	x := newMatrix(1, 600, 48)
	for _, c := range []struct {
		Objective
		kept, near func(f *Fitted) bool
	}{
		{Objective{MaxError, .01}, func(f *Fitted) bool { return f.Error < .01+4*f.ErrorSE }, func(f *Fitted) bool { return f.Error > .008 }},
		{Objective{MinCosine, .999}, func(f *Fitted) bool { return f.Cosine > .9989 }, func(f *Fitted) bool { return f.Cosine < .9991 }},
		{Objective{MinNeighbours, .9}, func(f *Fitted) bool { return f.Neighbours > .87 }, func(f *Fitted) bool { return f.Neighbours < .94 }},
		{Objective{Bits, 3}, func(f *Fitted) bool { return f.StoredBits < 3.2 }, func(f *Fitted) bool { return f.StoredBits > 2.85 }},
	} {
		f := mustFit(t, x, Options{Objective: c.Objective})
		if !c.kept(f) || !c.near(f) {
			t.Errorf("%v: %+v, %.3f bits", c.Objective, f.Quality, f.StoredBits)
		}
		if f.Rows+f.Learned != 600 || f.ErrorSE <= 0 || f.MinCosine > f.Cosine {
			t.Errorf("%v: %d rows learned, %+v", c.Objective, f.Learned, f.Quality)
		}
	}
}

// A user's own score decides, on rows with their numbers.
func TestFitByScore(t *testing.T) {
	x := newMatrix(2, 400, 16)
	score := func(_ context.Context, values []float32, rows []int) ([]float64, error) {
		out := make([]float64, len(rows))
		for k, i := range rows {
			for c := range 16 {
				if (values[k*16+c] > 1) == (x.data[i*16+c] > 1) {
					out[k] += 1. / 16
				}
			}
		}
		return out, nil
	}
	fine := mustFit(t, x, Options{Objective: Objective{MaxLoss, .5}, Score: score})
	coarse := mustFit(t, x, Options{Objective: Objective{MaxLoss, 5}, Score: score})
	if math.Abs(fine.Before-100) > 1e-9 || fine.Loss > 1 || coarse.Loss < 3 || coarse.Loss > 6 || coarse.LossSE <= 0 || fine.StoredBits <= coarse.StoredBits {
		t.Errorf("%+v\n%+v", fine, coarse)
	}
}

func TestFitRefuses(t *testing.T) {
	x := newMatrix(3, 60, 4)
	bad := newMatrix(3, 60, 4)
	bad.data[100] = float32(math.NaN())
	for _, c := range []struct {
		x    Rows
		opt  Options
		want error
	}{
		{x, Options{Axes: "NCHW", Objective: Objective{MaxError, .1}}, ErrAxes},
		{x, Options{Axes: "CN", Objective: Objective{MaxError, .1}}, ErrAxes},
		{x, Options{Axes: "NT", Objective: Objective{MaxError, .1}}, ErrAxes},
		{x, Options{Objective: Objective{MaxError, 0}}, ErrObjective},
		{x, Options{Objective: Objective{MaxError, 1e-14}}, ErrObjective},
		{x, Options{Objective: Objective{Bits, .0001}}, ErrObjective},
		{x, Options{Objective: Objective{MaxLoss, 1}}, ErrObjective},
		{x, Options{Objective: Objective{MaxError, .1}, CoderName: "raw"}, ErrObjective},
		{bad, Options{Objective: Objective{MaxError, .1}}, ErrValues},
		{newMatrix(1, 3, 4), Options{Objective: Objective{MaxError, .1}}, ErrTooFew},
	} {
		if _, err := Fit(context.Background(), c.x, c.opt); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v, want %v", c.opt, err, c.want)
		}
	}
}

// Every kind of axes goes through: rows come back as the codec restores them, one by one and together.
func TestPackAndRead(t *testing.T) {
	for _, c := range []struct {
		axes  Axes
		shape []int
	}{
		{"NC", []int{300, 40}}, {"N", []int{5000}}, {"NTC", []int{30, 17, 24}}, {"NCT", []int{30, 24, 17}},
		{"NCHW", []int{20, 8, 9, 5}}, {"NHWC", []int{20, 9, 5, 8}}, {"NHWC", []int{90, 3, 2, 4}}, {"NCHW", []int{90, 40, 1, 1}}, {"NTC", []int{900, 7, 6}},
		{"NC", []int{3, 60000}},
	} {
		t.Run(fmt.Sprint(c.axes, c.shape), func(t *testing.T) {
			t.Parallel()
			x := newMatrix(4, c.shape...)
			if c.shape[0] < 10 {
				x = newMatrix(4, append([]int{20}, c.shape[1:]...)...)
			}
			f := mustFit(t, x, Options{Axes: c.axes, Objective: Objective{MaxError, .01}, CoderName: "small"})
			name := filepath.Join(t.TempDir(), "x.zarr")
			for _, file := range []string{name, name + ".zip"} {
				cert, err := Pack(context.Background(), file, x, f.Profile, PackOptions{Axes: c.axes, Source: "x", Tool: "test"})
				if err != nil {
					t.Fatal(err)
				}
				checkStore(t, file, x, f.Profile, cert)
			}
		})
	}
}

func checkStore(t *testing.T, name string, x *matrix, p *profile.Profile, cert *Certificate) {
	t.Helper()
	s, err := OpenStore(name, p, dqa.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	all := make([]float32, len(x.data))
	if err := s.ReadRows(all, 0); err != nil {
		t.Fatal(err)
	}
	row := len(x.data) / x.shape[0]
	if e := relativeError(x.data, all); e > .01+8*cert.ErrorSE || math.Abs(e-cert.Error) > 8*cert.ErrorSE {
		t.Errorf("error %g, the certificate says %g", e, cert.Error)
	}
	one := make([]float32, row)
	for _, i := range []int{0, x.shape[0] - 1, x.shape[0] / 2, 1} {
		if err := s.ReadRows(one, i); err != nil || fmt.Sprint(one) != fmt.Sprint(all[i*row:][:row]) {
			t.Errorf("row %d alone differs from all rows (%v)", i, err)
		}
	}
	if err := s.ReadRows(one, x.shape[0]); err == nil {
		t.Error("a row behind the last is read")
	}
	if s.Certificate == nil || *s.Certificate != *cert || cert.Objective != "--max-error 0.01" {
		t.Errorf("certificate %+v, written %+v", s.Certificate, cert)
	}
	if v, err := s.Verify(context.Background(), x, nil); err != nil || !v.SameData || v.Chunks != s.array.Chunks() {
		t.Errorf("%+v, %v", v, err)
	}
	other := &matrix{shape: x.shape, data: append([]float32(nil), x.data...)}
	other.data[len(other.data)-1] += 1e-3
	if _, err := s.Verify(context.Background(), other, nil); !errors.Is(err, ErrCertificate) {
		t.Errorf("another array verifies: %v", err)
	}
}

// A store that was stopped anywhere is gone on with, and is the same, byte for byte, for any number of workers.
func TestPackResumes(t *testing.T) {
	x := newMatrix(5, 700, 64)
	f := mustFit(t, x, Options{Objective: Objective{MaxError, .02}})
	open := func() (Rows, error) { return &matrix{shape: x.shape, data: x.data}, nil }
	whole := filepath.Join(t.TempDir(), "whole.zarr")
	small := func(p *packer) { p.meta.ChunksPerShard = 1 } // many objects
	pack := func(dir string, rows Rows, workers int) error {
		k, err := newPacker(rows, f.Profile, PackOptions{Source: "x", Workers: workers, Open: open})
		if err != nil {
			t.Fatal(err)
		}
		small(k)
		_, err = k.pack(context.Background(), dir)
		return err
	}
	if err := pack(whole, x, 3); err != nil {
		t.Fatal(err)
	}
	want := files(t, whole)
	dir := filepath.Join(t.TempDir(), "stopped.zarr")
	for stop := 1; ; stop++ {
		err := pack(dir, &matrix{shape: x.shape, data: x.data, stop: stop}, 1)
		if err == nil {
			break
		}
		if !errors.Is(err, errStopped) {
			t.Fatal(err)
		}
	}
	got := files(t, dir)
	for name, b := range want {
		if !bytes.Equal(b, got[name]) {
			t.Errorf("%s differs", name)
		}
	}
	if len(got) != len(want) || len(want) < 4 {
		t.Errorf("%d files, %d wanted", len(got), len(want))
	}
}

func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		all[strings.TrimPrefix(path, dir)] = b
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A store is not gone on with by another array or profile, nor read by another profile.
func TestStoresKeepApart(t *testing.T) {
	x, y := newMatrix(6, 200, 16), newMatrix(6, 200, 17)
	f, g := mustFit(t, x, Options{Objective: Objective{MaxError, .02}}), mustFit(t, x, Options{Objective: Objective{MaxError, .04}})
	dir := filepath.Join(t.TempDir(), "x.zarr")
	ctx := context.Background()
	if _, err := Pack(ctx, dir, y, f.Profile, PackOptions{}); !errors.Is(err, ErrProfile) {
		t.Error(err)
	}
	if _, err := Pack(ctx, dir, &matrix{shape: x.shape, data: x.data, stop: 1}, f.Profile, PackOptions{}); !errors.Is(err, errStopped) {
		t.Error(err)
	}
	if _, err := Pack(ctx, dir, x, g.Profile, PackOptions{}); !errors.Is(err, ErrStore) {
		t.Error(err)
	}
	if _, err := Pack(ctx, dir, x, f.Profile, PackOptions{}); err != nil {
		t.Error(err)
	}
	if _, err := Pack(ctx, dir, x, f.Profile, PackOptions{}); !errors.Is(err, ErrStore) {
		t.Errorf("a finished store is packed over: %v", err)
	}
	if _, err := OpenStore(dir, g.Profile, dqa.Limits{}); !errors.Is(err, ErrProfile) {
		t.Error(err)
	}
}

// Whatever byte of a store's objects changes, rows are refused, or as they were.
func TestDamagedStore(t *testing.T) {
	x := newMatrix(7, 200, 16)
	f := mustFit(t, x, Options{Objective: Objective{MaxError, .02}})
	dir := filepath.Join(t.TempDir(), "x.zarr")
	if _, err := Pack(context.Background(), dir, x, f.Profile, PackOptions{}); err != nil {
		t.Fatal(err)
	}
	object := filepath.Join(dir, "c", "0", "0")
	good, err := os.ReadFile(object)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		b := bytes.Clone(good)
		b[rng.IntN(len(b))] ^= byte(1 + rng.IntN(255))
		if err := os.WriteFile(object, b, 0o666); err != nil {
			t.Fatal(err)
		}
		s, err := OpenStore(dir, nil, dqa.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Verify(context.Background(), nil, nil); err == nil {
			t.Fatal("a changed byte is not noticed")
		}
		s.Close()
	}
}

func TestQuality(t *testing.T) {
	x := []float32{1, 0, 0, 1, 3, 4, 0, 0}
	y := []float32{1, 0, 1, 0, 3, 4, 0, 0}
	q := measure(x, y, 2)
	if q.Rows != 4 || math.Abs(q.Error-2./27) > 1e-12 || math.Abs(q.Cosine-2./3) > 1e-12 || q.MinCosine != 0 {
		t.Errorf("%+v", q)
	}
	if same := measure(x, x, 2); same.Error != 0 || same.Cosine != 1 || same.Neighbours != 1 || same.NeighboursSE != 0 {
		t.Errorf("%+v", same)
	}
	// Ratio's error against a direct simulation.
	rng := rand.New(rand.NewPCG(2, 2))
	var all []float64
	var claimed float64
	for range 400 {
		a, b := make([]float64, 50), make([]float64, 50)
		for i := range a {
			b[i] = rng.ExpFloat64()
			a[i] = b[i] * rng.Float64()
		}
		r, se := ratio(a, b)
		all, claimed = append(all, r), claimed+se/400
	}
	_, se := meanSE(all)
	if real := se * math.Sqrt(400); math.Abs(real/claimed-1) > .15 {
		t.Errorf("the spread is %g, claimed %g", real, claimed)
	}
}

// Samples are of the rows asked for, in order, and every row has the same chance.
func TestSomeRows(t *testing.T) {
	seen := map[int]int{}
	for seed := range uint64(2000) {
		rows := someRows(60, true, 10, rand.New(rand.NewPCG(seed, 0)))
		if len(rows) != 10 || !slices.IsSorted(rows) {
			t.Fatal(rows)
		}
		for _, i := range rows {
			if !HeldOut(i) {
				t.Fatalf("row %d is not held out", i)
			}
			seen[i]++
		}
	}
	all := someRows(60, true, 100, nil)
	for _, i := range all {
		if want := 20000 / len(all); seen[i] < want*4/5 || seen[i] > want*6/5 {
			t.Errorf("row %d: %d times, about %d expected", i, seen[i], want)
		}
	}
}
