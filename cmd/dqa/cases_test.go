package main

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/session"
)

// What people bring, as it came (testdata/cases, the expected arrays by ONNX Runtime), through the command line.

// command runs a command and returns what it prints.
func command(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(args, strings.NewReader(""), &out, &errs); code != 0 {
		t.Fatalf("dqa %s: exit code %d: %s", strings.Join(args, " "), code, errs.String())
	}
	return out.String(), errs.String()
}

// caseArgs are a model of testdata/cases with its preprocessing.
func caseArgs(verb, name string, more ...string) []string {
	return append([]string{verb, "testdata/cases/" + name + ".onnx", "--preprocess", "testdata/cases/raw.yaml"}, more...)
}

func caseData(name string) string { return "npy:testdata/cases/" + name + ".x.npy" }

var npyShape = regexp.MustCompile(`'shape': \(([0-9, ]*)\)`)

// readNPZ reads float32 arrays by key.
func readNPZ(t *testing.T, path string) map[string]session.Array {
	t.Helper()
	r, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	all := map[string]session.Array{}
	for _, f := range r.File {
		entry, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(entry)
		if err != nil {
			t.Fatal(err)
		}
		start := 10 + int(binary.LittleEndian.Uint16(b[8:]))
		a := session.Array{Name: strings.TrimSuffix(f.Name, ".npy"), Data: make([]float32, (len(b)-start)/4)}
		if err := json.Unmarshal([]byte("["+strings.Trim(npyShape.FindStringSubmatch(string(b[:start]))[1], ", ")+"]"), &a.Shape); err != nil {
			t.Fatal(err)
		}
		if err := binary.Read(bytes.NewReader(b[start:]), binary.LittleEndian, a.Data); err != nil {
			t.Fatal(err)
		}
		if _, twice := all[a.Name]; twice {
			t.Errorf("%s: key %s twice", path, a.Name)
		}
		all[a.Name] = a
	}
	return all
}

// Every output is there under its very name, whole, whatever its axes.
func TestRunOutputs(t *testing.T) {
	for name, shapes := range map[string]map[string][]int{
		"A2_output_without_batch_axis": {"y": {2, 3, 8, 8}, "rows": {2, 192, 1}},
		"A7_npz_name_with_slash":       {"save_infer_model/scale_0.tmp_1": {2, 3, 8, 8}},
		"A7_npz_names_collide":         {"y": {2, 3, 8, 8}, "out/1": {2, 4, 8, 8}, "out_1": {2, 4, 8, 8}, "out:1": {2, 4, 8, 8}},
	} {
		out := filepath.Join(t.TempDir(), "out.npz")
		command(t, caseArgs("run", name, "--data", caseData(name), "-o", out)...)
		got, want := readNPZ(t, out), readNPZ(t, "testdata/cases/"+name+".expected.npz")
		if len(got) != len(want) || len(got) != len(shapes) {
			t.Errorf("%s: %d arrays, want %d", name, len(got), len(want))
		}
		for key, w := range want {
			g := got[key]
			if !slices.Equal(g.Shape, shapes[key]) || len(g.Data) != len(w.Data) {
				t.Errorf("%s: %s has shape %v, want %v", name, key, g.Shape, shapes[key])
				continue
			}
			if d := largestDifference(g.Data, w.Data); d > 1e-4 {
				t.Errorf("%s: %s differs by %g", name, key, d)
			}
		}
	}
}

// largestDifference is relative to the largest value.
func largestDifference(got, want []float32) float64 {
	worst, largest := 0.0, 0.0
	for i, w := range want {
		worst, largest = max(worst, math.Abs(float64(got[i]-w))), max(largest, math.Abs(float64(w)))
	}
	return worst / largest
}

// A detector's outputs have neither KL nor agreement: null in JSON, and words in the text.
func TestInspectWhatDoesNotApply(t *testing.T) {
	const name = "C1_json_nan_detector"
	out := filepath.Join(t.TempDir(), "p.dqap")
	command(t, caseArgs("calibrate", name, "--data", caseData(name), "-o", out, "-q")...)
	text, _ := command(t, "inspect", out, "--json")
	var v struct {
		SelfTest map[string]any `json:"self_test"`
	}
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	if kl, ok := v.SelfTest["kl"]; !ok || kl != nil {
		t.Errorf("KL %v", kl)
	}
	if text, _ := command(t, "inspect", out); !strings.Contains(text, "agreement not applicable") || strings.Contains(text, "NaN") {
		t.Error(text)
	}
}

// An edge of denormals stops no method.
func TestDenormals(t *testing.T) {
	const name = "C2_edge_of_denormals"
	for _, m := range [][]string{{"graded"}, {"graded", "--steps", "pow2"}, {"graded", "--channel-steps"},
		{"direct", "--scale", "static-tensor"}, {"dqa"}} {
		dir := t.TempDir()
		p, frames := filepath.Join(dir, "p.dqap"), filepath.Join(dir, "frames")
		command(t, caseArgs("calibrate", name, append([]string{"--data", caseData(name), "-o", p, "-q", "--method"}, m...)...)...)
		command(t, "encode", "testdata/cases/"+name+".onnx", "--profile", p, "--data", caseData(name), "-o", frames, "-q")
		command(t, "inspect", p, "--json")
	}
}

// A network without edges runs; only what quantizes it refuses.
func TestOneLayer(t *testing.T) {
	const name = "C4_one_layer"
	out := filepath.Join(t.TempDir(), "out.npz")
	command(t, caseArgs("run", name, "--data", caseData(name), "-o", out)...)
	if got := readNPZ(t, out)["y"]; !slices.Equal(got.Shape, []int{2, 4, 8, 8}) {
		t.Errorf("shape %v", got.Shape)
	}
	command(t, "inspect", "testdata/cases/"+name+".onnx")
	var errs bytes.Buffer
	if code := run(caseArgs("calibrate", name, "--data", caseData(name), "-o", out+".dqap"), nil, io.Discard,
		&errs); code != cli.ExitModel || !strings.Contains(errs.String(), "nothing to quantize") {
		t.Errorf("exit code %d: %s", code, errs.String())
	}
}

// A sigmoid's mask: what quantization does shows in KL, agreement and mIoU, for labels 0/1 as for 0/255.
func TestOneChannel(t *testing.T) {
	const name = "A3_one_channel_sigmoid"
	var v struct {
		FP32 float64
		Rows []struct {
			Method        string
			KL, Agreement *float64
			Value         *float64
		}
	}
	text, _ := command(t, caseArgs("eval", name, "--data", caseData(name)+",testdata/cases/"+name+".masks.npy", "--calib", caseData(name), "--methods", "direct", "--bits", "2", "--json", "-q")...)
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	row := v.Rows[1]
	if v.FP32 != 100 || *row.KL < .01 || *row.Agreement > 99 || *row.Value > 99 {
		t.Errorf("fp32 %v, KL %v, agreement %v, mIoU %v", v.FP32, *row.KL, *row.Agreement, *row.Value)
	}
}

// Void is 0 and classes count from 1: the same score as with void 255.
func TestVoidIsZero(t *testing.T) {
	const name = "A4_void_zero_labels"
	for labels, flags := range map[string][]string{".y.npy": {"--label-shift", "-1", "--ignore", "0"},
		".same_as_255.npy": {"--ignore", "255"}} {
		var v struct{ FP32 float64 }
		text, _ := command(t, append(caseArgs("eval", name, "--data", caseData(name)+",testdata/cases/"+name+labels, "--calib", caseData(name), "--methods", "direct", "--bits", "4", "--json", "-q"), flags...)...)
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		if math.Abs(v.FP32-39.917) > .001 { // computed with NumPy
			t.Errorf("%s: mIoU %v", labels, v.FP32)
		}
	}
}

// Logits are scored, wherever they stand among the outputs; all outputs count in calibration.
func TestSeveralOutputs(t *testing.T) {
	const name = "A8_features_before_logits"
	text, _ := command(t, caseArgs("eval", name, "--data", caseData(name)+",testdata/cases/"+name+".y.npy", "--calib", caseData(name), "--methods", "direct", "--bits", "3", "-q")...)
	if !strings.Contains(text, "logits [1 3], classes: KL, arg max; the columns") || !strings.Contains(text, "100.00") {
		t.Error(text)
	}
	const two = "A1_two_outputs_first_boxes"
	out := filepath.Join(t.TempDir(), "p.dqap")
	command(t, caseArgs("calibrate", two, "--data", caseData(two), "-o", out, "-q")...)
	if text, _ = command(t, "inspect", out); !strings.Contains(text, "mean over 2 outputs: relative squared error of boxes, KL of scores") {
		t.Error(text)
	}
	if text, _ = command(t, "inspect", "testdata/cases/"+two+".onnx"); !strings.Contains(text, "boxes: values, by relative squared error") {
		t.Error(text)
	}
	// What cannot be scored is said at once.
	var errs bytes.Buffer
	args := caseArgs("eval", two, "--data", caseData(two)+",testdata/cases/"+name+".y.npy", "--calib", "npy:nowhere.npy", "-q")
	if code := run(args, nil, io.Discard, &errs); code != cli.ExitModel || !strings.Contains(errs.String(), "none fits the labels") {
		t.Errorf("exit code %d: %s", code, errs.String())
	}
}

// --images spreads; a file that is used without being asked for is named.
func TestDataNotes(t *testing.T) {
	dir := t.TempDir()
	model := filepath.Join(dir, "net.onnx")
	b, err := os.ReadFile("testdata/cases/A8_features_before_logits.onnx")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"net.onnx": string(b), "net.yaml": "divisor: 1\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data := caseData("A8_features_before_logits") + ",testdata/cases/A8_features_before_logits.y.npy"
	_, notes := command(t, "run", model, "--data", data, "-o", filepath.Join(dir, "o.npz"))
	if !strings.Contains(notes, "net.yaml") {
		t.Error(notes)
	}
	out, notes := command(t, "run", model, "--data", data, "--images", "2", "-o", filepath.Join(dir, "o.npz"))
	if !strings.Contains(out, "2 images") || !strings.Contains(notes, "2 of 6 images are taken, spread by seed 1") {
		t.Error(out, notes)
	}
}
