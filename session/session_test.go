package session_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/demo"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
	"github.com/dqa-go/dqa/tensor"
)

const model = "demo:classify"

func open(t *testing.T, opt session.Options) *session.Network {
	t.Helper()
	net, err := session.Open(model, opt)
	if err != nil {
		t.Fatal(err)
	}
	return net
}

func data(t *testing.T, net *session.Network, spec string) *dataset.Inputs {
	t.Helper()
	in, err := net.Data(spec)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func direct(bits int) session.Variant {
	return session.Variant{Setting: profile.Setting{Name: "direct", Bits: bits}}
}

func calibrate(t *testing.T, net *session.Network, v session.Variant, opt session.CalibrateOptions) *profile.Profile {
	t.Helper()
	made, err := net.Calibrate(t.Context(), data(t, net, model+"[0:2]"), v, opt)
	if err != nil {
		t.Fatal(err)
	}
	return made.Profile
}

// A model is the same network whether it comes as a name, a file or bytes; the YAML file beside it says how images become
// inputs.
func TestOpen(t *testing.T) {
	net := open(t, session.Options{})
	shown, _ := demo.Network(model)
	path := filepath.Join(t.TempDir(), "net.onnx")
	beside := filepath.Join(filepath.Dir(path), "net.yaml")
	for name, b := range map[string][]byte{path: shown.Model, beside: []byte("divisor: 127.5\nmean: [1]\n")} {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file, err := session.Open(path, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := session.Parse("net.onnx", shown.Model, session.Options{Preprocess: &shown.Preprocess})
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []*session.Network{file, parsed} {
		same := other.Graph().Digest == net.Graph().Digest && other.Values() == net.Values()
		if !same || other.Name() != "net.onnx" || other.EdgeSet() != graph.Stored {
			t.Errorf("%s: %d values, set %s", other.Name(), other.Values(), other.EdgeSet())
		}
	}
	if pre := file.Preprocess(); pre.Divisor != 127.5 || !slices.Equal(pre.Mean, []float32{1}) {
		t.Errorf("preprocessing %+v", pre)
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		model string
		opt   session.Options
		want  error
	}{
		"missing":        {"missing.onnx", session.Options{}, session.ErrModelMissing},
		"no such demo":   {"demo:other", session.Options{}, session.ErrModelMissing},
		"engine":         {model, session.Options{Engine: "fast"}, session.ErrEngine},
		"edge set":       {model, session.Options{Edges: "best"}, graph.ErrEdgeSet},
		"skip":           {model, session.Options{Skip: []string{"nosuch"}}, session.ErrNoEdge},
		"skip, a number": {model, session.Options{Skip: []string{"14"}}, session.ErrNoEdge},
	} {
		if _, err := session.Open(c.model, c.opt); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// Skipped edges, named or numbered, stay float32; a network without edges has nothing to do.
func TestSkip(t *testing.T) {
	all := open(t, session.Options{}).Edges()
	net := open(t, session.Options{Skip: []string{"0", all[2].Name, all[0].Name}})
	if len(net.Edges()) != len(all)-2 || net.Edges()[0].Name != all[1].Name {
		t.Errorf("%d edges of %d, first %s", len(net.Edges()), len(all), net.Edges()[0].Name)
	}
	var every []string
	for _, e := range all {
		every = append(every, e.Name)
	}
	none := open(t, session.Options{Skip: every}) // it runs, but there is nothing to calibrate
	data, err := none.Data(model + "[0:2]")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := none.NewCalibrator(data, session.CalibrateOptions{}); !errors.Is(err, session.ErrNoEdges) {
		t.Errorf("all skipped: %v", err)
	}
}

// What a frame restores is what the network computed with, and the profile opens a network that it can be bound to.
func TestEncodeDecode(t *testing.T) {
	for name, skip := range map[string][]string{"whole": nil, "skipped": {"1"}} {
		p := calibrate(t, open(t, session.Options{Skip: skip}), direct(4), session.CalibrateOptions{})
		if p.Tool != "dqa "+session.Version || p.Data.Images != 2 || p.Data.Spec != model+"[0:2]" || p.Network.Name != model {
			t.Errorf("%s: origin %q, %+v, %+v", name, p.Tool, p.Data, p.Network)
		}
		net := open(t, session.OptionsOf(p))
		q, err := net.Bind(p)
		if err != nil {
			t.Fatal(err)
		}
		input, err := data(t, net, model+"[7:8]").Input(0)
		if err != nil {
			t.Fatal(err)
		}
		frame, outputs, err := q.NewEncoder(session.EncodeOptions{}).Encode([]byte("before"), input)
		if err != nil || !bytes.HasPrefix(frame, []byte("before")) {
			t.Fatalf("%.6s, %v", frame, err)
		}
		d, err := session.Decode(p, frame[len("before"):], session.DecodeOptions{Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		if len(d.Edges) != len(net.Edges()) || !d.Complete {
			t.Fatalf("%d arrays, complete: %v", len(d.Edges), d.Complete)
		}
		again, err := q.Program().Run(input, func(e int, x []float32) error { copy(x, d.Edges[e].Data); return nil })
		if err != nil || !slices.Equal(again[0].Data, outputs[0].Data) {
			t.Errorf("%s: outputs %v, with decoded activations %v, %v", name, outputs[0].Data, again[0].Data, err)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	net := open(t, session.Options{})
	p, other := calibrate(t, net, direct(4), session.CalibrateOptions{}), calibrate(t, net, direct(3), session.CalibrateOptions{})
	q, err := net.Bind(p)
	if err != nil {
		t.Fatal(err)
	}
	input, _ := data(t, net, model+"[7:8]").Input(0)
	frame, _, err := q.NewEncoder(session.EncodeOptions{}).Encode(nil, input)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := session.Decode(other, frame, session.DecodeOptions{}); !errors.Is(err, dqa.ErrProfile) {
		t.Errorf("another profile: %v", err)
	}
	if _, err := session.Decode(p, frame[:len(frame)-1], session.DecodeOptions{}); !errors.Is(err, dqa.ErrTruncated) {
		t.Errorf("cut off: %v", err)
	}
}

func TestBindRefuses(t *testing.T) {
	p := calibrate(t, open(t, session.Options{}), direct(4), session.CalibrateOptions{})
	segmenter, err := session.Open("demo:segment", session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, net := range map[string]*session.Network{
		"another network":  segmenter,
		"fewer edges":      open(t, session.Options{Skip: []string{"0"}}),
		"another edge set": open(t, session.Options{Edges: graph.Activations}),
	} {
		if _, err := net.Bind(p); !errors.Is(err, session.ErrOtherModel) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Frames and outputs come in the order of the images, the same for any number of workers.
func TestEncodeAllAndRunAll(t *testing.T) {
	net := open(t, session.Options{})
	q, err := net.Bind(calibrate(t, net, direct(4), session.CalibrateOptions{}))
	if err != nil {
		t.Fatal(err)
	}
	images := data(t, net, model+"[10:15]")
	var frames [2][][]byte
	var arrays [2][]session.Array
	for k, workers := range []int{0, 3} {
		last := 0
		opt := session.EncodeOptions{Workers: workers, Progress: func(phase, unit string, done, total int) {
			if last++; done != last || total != 5 || unit != "images" {
				t.Errorf("%s: %d of %d %s", phase, done, total, unit)
			}
		}}
		if err := q.EncodeAll(t.Context(), images, opt, func(e session.Encoded) error {
			if e.Index != len(frames[k]) || e.Name == "" || len(e.Outputs) != 1 {
				t.Errorf("image %d: %+v", len(frames[k]), e)
			}
			frames[k] = append(frames[k], e.Frame)
			return nil
		}); err != nil || last != 5 {
			t.Fatalf("%d images, %v", last, err)
		}
		if arrays[k], err = net.RunAll(t.Context(), images, session.RunOptions{Workers: workers}); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.EqualFunc(frames[0], frames[1], bytes.Equal) {
		t.Error("frames depend on workers")
	}
	a := arrays[0][0]
	if !slices.Equal(a.Shape, []int{5, 5}) || len(a.Data) != 25 || !slices.Equal(a.Data, arrays[1][0].Data) {
		t.Errorf("%v, %d values", a.Shape, len(a.Data))
	}
	stop := errors.New("enough")
	if err := q.EncodeAll(t.Context(), images, session.EncodeOptions{}, func(session.Encoded) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("consume's error: %v", err)
	}
}

// Long work ends when its context does.
func TestCancelled(t *testing.T) {
	net := open(t, session.Options{})
	q, err := net.Bind(calibrate(t, net, direct(4), session.CalibrateOptions{}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	images := data(t, net, model+"[0:8]")
	_, calibrated := net.Calibrate(ctx, images, session.Variant{}, session.CalibrateOptions{})
	_, evaluated := net.Evaluate(ctx, images, []session.Candidate{q.Candidate()}, session.EvaluateOptions{})
	_, tensors := net.Tensors(ctx, images, 2, nil)
	for name, err := range map[string]error{
		"calibrate": calibrated, "evaluate": evaluated, "tensors": tensors,
		"run":    net.Run(ctx, images, session.RunOptions{}, func(int, []*tensor.Tensor) error { return nil }),
		"encode": q.EncodeAll(ctx, images, session.EncodeOptions{}, func(session.Encoded) error { return nil }),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCalibrateRefuses(t *testing.T) {
	net := open(t, session.Options{})
	images := data(t, net, model+"[0:2]")
	raw := profile.Raw
	for name, c := range map[string]struct {
		v    session.Variant
		opt  session.CalibrateOptions
		want error
	}{
		"coder":         {session.Variant{}, session.CalibrateOptions{Coder: &raw}, session.ErrSetting},
		"bits":          {direct(1), session.CalibrateOptions{}, session.ErrSetting},
		"edge":          {session.Variant{}, session.CalibrateOptions{MinBits: map[string]float64{"nosuch": 2}}, session.ErrNoEdge},
		"too many bits": {session.Variant{}, session.CalibrateOptions{MinBits: map[string]float64{"3": 99}}, session.ErrSetting},
	} {
		if _, err := net.Calibrate(t.Context(), images, c.v, c.opt); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// The dial of a lost percentage is measured on images that the network may know, and a user should know that.
func TestCalibratedNotes(t *testing.T) {
	net := open(t, session.Options{})
	v := session.Variant{Setting: profile.Setting{Name: "graded", Dial: profile.MaxDrop, Goal: 50}}
	made, err := net.Calibrate(t.Context(), data(t, net, model+"[0:2]"), v, session.CalibrateOptions{Workers: 2})
	if err != nil || len(made.Notes) == 0 {
		t.Errorf("%q, %v", made.Notes, err)
	}
}

// A search that is stopped goes on from its file and ends with the same profile; what is left of it goes.
func TestResume(t *testing.T) {
	net := open(t, session.Options{})
	v := session.Variant{Setting: profile.Setting{Name: "dqa", Bits: 3, ExtraBits: 2, Ratio: .5, Ranking: "quantize-one"}}
	want := calibrate(t, net, v, session.CalibrateOptions{}).Append(nil)
	path := filepath.Join(t.TempDir(), "p"+session.ProgressExt)
	ctx, cancel := context.WithCancel(t.Context())
	store := session.NewFileStore(path, false)
	saved := &watched{Store: store, after: cancel}
	images := data(t, net, model+"[0:2]")
	if _, err := net.Calibrate(ctx, images, v, session.CalibrateOptions{Store: saved, SaveEvery: 1}); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if !session.NewFileStore(path, false).Lost() {
		t.Error("no progress was left")
	}
	store = session.NewFileStore(path, true)
	made, err := net.Calibrate(t.Context(), images, v, session.CalibrateOptions{Store: store})
	if err != nil || !bytes.Equal(made.Profile.Append(nil), want) {
		t.Fatalf("another profile after an interruption: %v", err)
	}
	if err := store.Remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is still there: %v", err)
	}
}

// watched calls after when something was saved.
type watched struct {
	session.Store
	after func()
}

func (w *watched) Save(key [32]byte, state []byte) error {
	err := w.Store.Save(key, state)
	w.after()
	return err
}

// A sweep that finds its groups in the ledger gives the same table and evaluates nothing.
func TestSweep(t *testing.T) {
	net := open(t, session.Options{})
	calibration, test := data(t, net, model+"[0:2]"), data(t, net, model+"[4:7]")
	variants := []session.Variant{direct(3), direct(4)}
	dir := filepath.Join(t.TempDir(), "sweep")
	var rows [3]int
	var values [3]float64
	for k, resume := range []bool{false, true, false} {
		evaluated := 0
		progress := func(phase, _ string, _, _ int) {
			if phase == "evaluating" {
				evaluated++
			}
		}
		var ledger *session.Ledger // the last time there is none
		var err error
		if k < 2 {
			if ledger, err = session.OpenLedger(dir, resume); err != nil {
				t.Fatal(err)
			}
		}
		c, err := net.NewCalibrator(calibration, session.CalibrateOptions{Store: ledger.Store()})
		if err != nil {
			t.Fatal(err)
		}
		r, err := c.Sweep(t.Context(), test, variants, session.SweepOptions{
			Ledger: ledger, EvaluateOptions: session.EvaluateOptions{Progress: progress},
		})
		if err != nil {
			t.Fatal(err)
		}
		rows[k], values[k] = len(r.Rows), *r.Rows[1].KL
		if resume == (evaluated > 0) {
			t.Errorf("resumed: %v, evaluated %d images", resume, evaluated)
		}
		if resume {
			if err := ledger.Remove(); err != nil {
				t.Error(err)
			}
		}
	}
	if rows != [3]int{7, 7, 7} || values[0] != values[1] || values[0] != values[2] { // float, and each stored in three ways
		t.Errorf("%v rows, KL %v", rows, values)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v left, %v", left, err)
	}
}

func TestDamagedLedger(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "sweep"+session.ProgressExt), []byte(`{"groups": 7}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := session.OpenLedger(dir, true); !errors.Is(err, session.ErrOtherState) {
		t.Error(err)
	}
}

// The head of a cut is a network of its own, which computes the edge as the whole network does; so is the tail, if nothing
// else passes.
func TestSplit(t *testing.T) {
	for _, name := range []string{"demo:classify", "demo:segment"} {
		t.Run(name, func(t *testing.T) { checkSplit(t, name) })
	}
}

func checkSplit(t *testing.T, name string) {
	net, err := session.Open(name, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	input, err := data(t, net, name+"[7:8]").Input(0)
	if err != nil {
		t.Fatal(err)
	}
	want, err := net.Program().Run(input, nil)
	if err != nil {
		t.Fatal(err)
	}
	whole := 0
	for i, e := range net.Edges() {
		parts, err := net.Split(fmt.Sprint(i))
		if err != nil || parts.Edge != e.Name {
			t.Fatalf("cut at %s, want %s: %v", parts.Edge, e.Name, err)
		}
		head, err := session.FromGraph("head", parts.Head, session.Options{})
		if err != nil {
			t.Fatal(err)
		}
		passed, err := head.Program().Run(input, nil)
		if err != nil || len(passed) != len(parts.Tail.Inputs()) {
			t.Fatalf("%d tensors pass, %d wanted, %v", len(passed), len(parts.Tail.Inputs()), err)
		}
		tail, err := session.FromGraph("tail", parts.Tail, session.Options{})
		if len(passed) > 1 {
			if !errors.Is(err, session.ErrInputs) {
				t.Errorf("%d inputs: %v", len(passed), err)
			}
			continue
		}
		if errors.Is(err, session.ErrNoEdges) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := tail.Program().Run(passed[0], nil)
		if err != nil || !slices.Equal(got[0].Data, want[0].Data) {
			t.Errorf("cut at %s: %v, want %v, %v", e.Name, got, want[0].Data, err)
		}
		whole++
	}
	if whole < 3 {
		t.Errorf("only %d tails were run", whole)
	}
	if _, err := net.Split("99"); !errors.Is(err, session.ErrNoEdge) {
		t.Error(err)
	}
}

func TestTensors(t *testing.T) {
	net := open(t, session.Options{})
	static := session.Variant{Setting: profile.Setting{Name: "direct", Bits: 4, Scale: profile.StaticTensor}}
	p := calibrate(t, net, static, session.CalibrateOptions{})
	with, err := net.Tensors(t.Context(), data(t, net, model+"[0:4]"), 3, p)
	if err != nil || len(with.Images) != 3 || len(with.Images[0]) != 14 || len(with.Edges[0].Steps) == 0 {
		t.Errorf("%d images, %v", len(with.Images), err)
	}
	without, err := net.Tensors(t.Context(), data(t, net, model+"[0:1]"), 3, nil)
	if err != nil || len(without.Images) != 1 || len(without.Edges[0].Steps) != 0 {
		t.Errorf("%d images, %v", len(without.Images), err)
	}
	if x := with.Images[0][3]; len(x) == 0 || !slices.Equal(x, without.Images[0][3]) {
		t.Error("the network holds something else")
	}
	p.Network.Digest[0]++
	if _, err := net.Tensors(t.Context(), data(t, net, model+"[0:1]"), 1, p); !errors.Is(err, session.ErrOtherModel) {
		t.Error(err)
	}
}
