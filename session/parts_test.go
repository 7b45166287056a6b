package session_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/internal/testdata"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
)

// Head, frames, tail, each as files hold it and with its own profile, are the whole quantized network, wherever it is cut.
func TestQuantizedParts(t *testing.T) {
	for _, name := range []string{"demo:classify", "demo:segment"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkParts(t, name, name+"[0:2]", name+"[7:9]", 1, session.Variant{})
			checkParts(t, name, name+"[0:2]", name+"[7:8]", 5, direct(3))
			checkParts(t, name, name+"[0:2]", name+"[7:8]", 5, direct(3), profile.Smallest2) // some edges beside earlier ones
		})
	}
}

// Networks of every kind: shortcuts, concatenations, attention, several heads, one axis of channels.
func TestQuantizedPartsOfShared(t *testing.T) {
	cifar := "cifar10:" + testdata.Shared(t, "datasets", "cifar10", "calib.bin")
	for _, name := range []string{"resnet8_mlperftiny_cifar10", "lmfrnet_cifar10", "vit_tiny_cifar10"} {
		t.Run(name, func(t *testing.T) {
			if name != "resnet8_mlperftiny_cifar10" {
				testdata.Long(t)
			}
			t.Parallel()
			checkParts(t, testdata.Shared(t, "models", name+".onnx"), cifar+"[0:2]", cifar+"[7:8]", 9, session.Variant{})
		})
	}
}

// checkPartsEarlier demands that parts name the earlier edges that they have, and no others.
func checkPartsEarlier(t *testing.T, whole *profile.Profile, parts *session.QuantizedParts) {
	t.Helper()
	for _, part := range []*profile.Profile{parts.HeadProfile, parts.TailProfile, parts.Passing} {
		if err := part.Validate(); err != nil {
			t.Error(err)
		}
		at := func(p *profile.Profile, name string) int {
			return slices.IndexFunc(p.Edges, func(e profile.Edge) bool { return e.Name == name })
		}
		for _, e := range part.Edges {
			want, got := whole.Edges[at(whole, e.Name)].Earlier, e.Earlier
			if has := want != nil && at(part, whole.Edges[want.Edge].Name) >= 0; has != (got != nil) {
				t.Errorf("%s: beside an earlier edge: %v", e.Name, got != nil)
			} else if has && part.Edges[got.Edge].Name != whole.Edges[want.Edge].Name {
				t.Errorf("%s is beside %s", e.Name, part.Edges[got.Edge].Name)
			}
		}
	}
}

func checkParts(t *testing.T, model, calib, images string, every int, v session.Variant, coder ...profile.Coder) {
	t.Helper()
	var opt session.CalibrateOptions
	if len(coder) > 0 {
		opt.Coder = &coder[0]
	}
	net, err := session.Open(model, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	made, err := net.Calibrate(t.Context(), data(t, net, calib), v, opt)
	if err != nil {
		t.Fatal(err)
	}
	q, err := net.Bind(made.Profile)
	if err != nil {
		t.Fatal(err)
	}
	input := data(t, net, images)
	want, err := q.RunAll(t.Context(), input, session.RunOptions{}, false)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(net.Edges()); i += every {
		edge := net.Edges()[i].Name
		parts, err := q.Split(edge)
		if err != nil {
			t.Fatalf("%s: %v", edge, err)
		}
		if n := len(parts.HeadProfile.Edges) + len(parts.TailProfile.Edges); n != len(net.Edges()) {
			t.Errorf("%s: %d edges in the parts, %d in the whole", edge, n, len(net.Edges()))
		}
		checkPartsEvidence(t, made.Profile, parts)
		checkPartsEarlier(t, made.Profile, parts)
		got := runParts(t, parts, input)
		for _, w := range want {
			g := slices.IndexFunc(got, func(a session.Array) bool { return a.Name == w.Name })
			if g < 0 || !slices.Equal(got[g].Data, w.Data) {
				t.Errorf("cut at %s: output %s differs", edge, w.Name)
			}
		}
	}
}

// What a packed run of a part reserves memory by is what it is in the whole.
func checkPartsEvidence(t *testing.T, whole *profile.Profile, parts *session.QuantizedParts) {
	t.Helper()
	for _, p := range []*profile.Profile{parts.HeadProfile, parts.TailProfile} {
		if whole.Evidence == nil {
			if p.Evidence != nil {
				t.Error("a part has evidence that the whole lacks")
			}
			continue
		}
		if p.Evidence.Measured() || len(p.Evidence.Chosen) != len(p.Edges) {
			t.Errorf("%d of %d edges have evidence; measured: %v", len(p.Evidence.Chosen), len(p.Edges), p.Evidence.Measured())
		}
		for i, e := range p.Edges {
			k := slices.IndexFunc(whole.Edges, func(w profile.Edge) bool { return w.Name == e.Name })
			if p.Evidence.Chosen[i] != whole.Evidence.Chosen[k] {
				t.Errorf("%s: evidence %v in the part, %v in the whole", e.Name, p.Evidence.Chosen[i], whole.Evidence.Chosen[k])
			}
		}
	}
}

// runParts goes the way of the files: frames of what passes, decoded arrays, what passes in float32 beside them, the tail.
func runParts(t *testing.T, parts *session.QuantizedParts, input *dataset.Inputs) []session.Array {
	t.Helper()
	head := bindPart(t, "head.onnx", parts.HeadModel, parts.HeadProfile, session.OptionsOf(parts.HeadProfile))
	opt := session.OptionsOf(parts.TailProfile)
	opt.Part = true
	tail := bindPart(t, "tail.onnx", parts.TailModel, parts.TailProfile, opt)
	floats, err := head.RunAll(t.Context(), input, session.RunOptions{}, false)
	if err != nil {
		t.Fatal(err)
	}
	link, err := head.Storing(parts.Passing)
	if err != nil {
		t.Fatal(err)
	}
	var frames [][]byte
	err = link.EncodeAll(t.Context(), input, session.EncodeOptions{}, func(e session.Encoded) error {
		frames = append(frames, e.Frame)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	frame := func(i int) ([]byte, error) { return frames[i], nil }
	passed, err := session.DecodeAll(parts.Passing, len(frames), frame, session.DecodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := session.DecodeAll(parts.Passing, 1<<30, nil, session.DecodeOptions{}); !errors.Is(err, dqa.ErrMemory) {
		t.Errorf("2^30 frames: %v", err)
	}
	var archive, rest bytes.Buffer
	if err := errors.Join(session.WriteNPZ(&archive, passed.Edges), session.WriteNPZ(&rest, floats)); err != nil {
		t.Fatal(err)
	}
	beside := filepath.ToSlash(filepath.Join(t.TempDir(), "rest.npz"))
	if err := os.WriteFile(beside, rest.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	feed, err := tail.Network().OpenTensors("npz:-,"+beside, archive.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	outputs, err := tail.RunAll(t.Context(), feed, session.RunOptions{}, false)
	if err != nil {
		t.Fatal(err)
	}
	return append(outputs, floats...)
}

func bindPart(t *testing.T, name string, model []byte, p *profile.Profile, opt session.Options) *session.Quantized {
	t.Helper()
	net, err := session.Parse(name, model, opt)
	if err != nil {
		t.Fatal(err)
	}
	q, err := net.Bind(p)
	if err != nil {
		t.Fatal(err)
	}
	return q
}
