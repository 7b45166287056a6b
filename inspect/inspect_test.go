package inspect_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/inspect"
	"github.com/dqa-go/dqa/internal/testdata"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
)

const model = "demo:classify"

// made is a profile of a few images, and a frame.
func made(t *testing.T, s profile.Setting, coder profile.Coder) (p *profile.Profile, frame []byte) {
	t.Helper()
	net, err := session.Open(model, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	images, err := net.Data(model + "[0:3]")
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Calibrate(t.Context(), images, session.Variant{Setting: s}, session.CalibrateOptions{Workers: 2, Coder: &coder})
	if err != nil {
		t.Fatal(err)
	}
	q, err := net.Bind(c.Profile)
	if err != nil {
		t.Fatal(err)
	}
	input, err := images.Input(0)
	if err != nil {
		t.Fatal(err)
	}
	frame, _, err = q.NewEncoder(session.EncodeOptions{}).Encode(nil, input)
	if err != nil {
		t.Fatal(err)
	}
	return c.Profile, frame
}

func sum(sections []inspect.Section) (bytes int) {
	for _, s := range sections {
		bytes += s.Bytes
	}
	return bytes
}

func TestModel(t *testing.T) {
	m, err := inspect.LoadModel(model, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Edges) != 14 || m.Values != 82992 || m.EdgeSet != "stored" {
		t.Errorf("%d edges, %d values, set %q", len(m.Edges), m.Values, m.EdgeSet)
	}
	if m.Operators["Conv"] == 0 || len(m.Others) == 0 || len(m.Unsupported) > 0 {
		t.Errorf("%v, %d others, unsupported %q", m.Operators, len(m.Others), m.Unsupported)
	}
	if _, err := inspect.LoadModel("missing.onnx", session.Options{}); !errors.Is(err, session.ErrModelMissing) {
		t.Error(err)
	}
}

func TestProfile(t *testing.T) {
	p, _ := made(t, profile.Setting{Name: "dqa", Bits: 3, ExtraBits: 2, Ratio: .5}, profile.Paper)
	b := p.Append(nil)
	v, err := inspect.ParseProfile("p.dqap", b)
	if err != nil {
		t.Fatal(err)
	}
	if sum(v.Sections) != len(b) || v.Bytes != len(b) || v.File != "p.dqap" || v.Images != 3 || v.SelfTest != nil || len(v.Edges) != 14 {
		t.Errorf("%+v", v)
	}
	if e := v.Edges[0]; e.Bits != 3 || e.ExtraBits != 2 || len(e.Important) != e.Channels/2 || e.Coder != "paper" {
		t.Errorf("%+v", e)
	}
	if v.Preprocess != "divisor 127.5, mean [1], std [1], channels gray, layout nchw" {
		t.Errorf("preprocessing %q", v.Preprocess)
	}
	if _, err := inspect.ParseProfile("cut.dqap", b[:len(b)-1]); !errors.Is(err, dqa.ErrTruncated) && !errors.Is(err, dqa.ErrChecksum) {
		t.Errorf("cut off: %v", err)
	}
}

// Of a graded profile there is what it was decided on.
func TestGradedProfile(t *testing.T) {
	p, _ := made(t, profile.Setting{}, profile.Smallest)
	v, err := inspect.ParseProfile("p.dqap", p.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	bits, distortion := 0.0, 0.0
	for _, e := range v.Edges {
		bits += e.BitsShare
		distortion += float64(e.DistortionShare)
		if e.Step <= 0 || len(e.Curve) == 0 {
			t.Errorf("%s: step %v, %d points", e.Name, e.Step, len(e.Curve))
		}
	}
	if v.SelfTest == nil || v.SelfTest.Measured.StoredBits > 2 || bits < .999 || bits > 1.001 || distortion < .999 || distortion > 1.001 {
		t.Errorf("shares %v and %v, self-test %+v", bits, distortion, v.SelfTest)
	}
}

func TestFrame(t *testing.T) {
	p, frame := made(t, profile.Setting{}, profile.Smallest)
	v, err := inspect.ParseFrame("f.dqaf", frame)
	if err != nil {
		t.Fatal(err)
	}
	if sum(v.Sections) != len(frame) || v.Edges != 14 || v.Payload != nil || v.Base != 0 {
		t.Errorf("%+v", v)
	}
	if err := v.Account(frame, p, dqa.Limits{}); err != nil {
		t.Fatal(err)
	}
	if sum(v.Sections) != len(frame) || v.Payload == nil || v.Payload.IdealBytes <= 0 || v.Payload.OverIdeal > .1 {
		t.Errorf("%+v, %+v", v.Sections, v.Payload)
	}
	other, _ := made(t, profile.Setting{Name: "direct", Bits: 3}, profile.Raw)
	if err := v.Account(frame, other, dqa.Limits{}); !errors.Is(err, dqa.ErrProfile) {
		t.Errorf("another profile: %v", err)
	}
	if _, err := inspect.ParseFrame("p.dqap", p.Append(nil)); !errors.Is(err, dqa.ErrMagic) {
		t.Errorf("a profile: %v", err)
	}
}

// A frame whose edges are coded beside earlier ones says what that saves, edge by edge.
func TestFrameOfEarlierEdges(t *testing.T) {
	p, frame := made(t, profile.Setting{Name: "direct", Bits: 4, Unsigned: true}, profile.Smallest2)
	v, err := inspect.ParseFrame("f.dqaf", frame)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Account(frame, p, dqa.Limits{}); err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, e := range p.Edges {
		if e.Earlier != nil {
			named++
		}
	}
	if sum(v.Sections) != len(frame) || named == 0 || len(v.Earlier) != named {
		t.Fatalf("%d edges beside earlier ones, %d of them accounted for, sections %v", named, len(v.Earlier), v.Sections)
	}
	for _, s := range v.Earlier {
		if s.Beside <= 0 || s.Without <= 0 || s.Edge == s.Earlier {
			t.Errorf("%+v", s)
		}
	}
	var text strings.Builder
	if err := inspect.WriteText(&text, v); err != nil || !strings.Contains(text.String(), "all of them") {
		t.Errorf("%v in %s", err, text.String())
	}
}

// A scalable frame says how many of its bytes suffice, and whether it was cut there.
func TestScalableFrame(t *testing.T) {
	_, frame := made(t, profile.Setting{Name: "direct", Bits: 4, Refine: 2}, profile.Small)
	v, err := inspect.ParseFrame("f.dqaf", frame)
	if err != nil || v.Base <= 0 || v.Base >= len(frame) || v.Cut {
		t.Fatalf("base of %d bytes, cut: %v, %v", v.Base, v.Cut, err)
	}
	if v, err = inspect.ParseFrame("cut.dqaf", frame[:v.Base]); err != nil || !v.Cut || sum(v.Sections) != v.Bytes {
		t.Errorf("cut: %+v, %v", v, err)
	}
}

func TestKindOf(t *testing.T) {
	for head, want := range map[string]inspect.Kind{
		"DQAP\x01": inspect.ProfileFile, "DQAF": inspect.FrameFile, "DQA": inspect.ModelFile, "": inspect.ModelFile, "\x08\x07": inspect.ModelFile,
	} {
		if got := inspect.KindOf([]byte(head)); got != want {
			t.Errorf("%q: %v, want %v", head, got, want)
		}
	}
}

func TestCosts(t *testing.T) {
	c, err := inspect.MeasureCosts(t.Context(), model, session.Options{})
	if err != nil || len(c.Edges) != 14 || c.Seconds <= 0 || c.Edges[13].Live == 0 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestReference(t *testing.T) {
	path := filepath.Join(t.TempDir(), "reference.json")
	b, _ := json.Marshal(map[string]any{model: map[string]any{"input_shape": []int{1, 1, 64, 64}, "outputs": map[string]any{}}})
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]string{"no such output": path, "not JSON": os.Args[0], "missing": path + "x"} {
		if _, err := inspect.CompareReference(model, session.Options{}, file); !errors.Is(err, inspect.ErrReference) {
			t.Errorf("%s: %v", name, err)
		}
	}
	real := testdata.Shared(t, "models", "resnet32_cifar10.onnx")
	r, err := inspect.CompareReference(real, session.Options{}, testdata.Shared(t, "reference_io.json"))
	if err != nil || !r.Within || r.Quantized || len(r.Outputs) != 1 || !r.Outputs[0].SameArgMax {
		t.Errorf("%+v, %v", r, err)
	}
}
