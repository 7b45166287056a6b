package page

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"

	"github.com/dqa-go/dqa/advise"
	"github.com/dqa-go/dqa/pilot"
)

func ptr[T any](v T) *T { return &v }

func panel(kind string, gray uint8) pilot.Panel {
	img := image.NewGray(image.Rect(0, 0, 16, 16))
	for i := range img.Pix {
		img.Pix[i] = gray + uint8(i)
	}
	img.SetGray(3, 3, color.Gray{255})
	var b bytes.Buffer
	_ = png.Encode(&b, img)
	return pilot.Panel{Kind: kind, Type: "image/png", Data: b.Bytes()}
}

func outcome(bits, loss float64) pilot.Outcome {
	return pilot.Outcome{
		Images: 439, StoredBits: pilot.Interval{Value: bits, Low: bits - .02, High: bits + .02}, FrameBytes: 8000 * bits, Float: 95.9,
		Value: 95.9 - loss, Loss: pilot.Interval{Value: loss, Low: loss - .5, High: loss + .5}, SE: .25, Agreement: 98.4, KL: .01,
	}
}

// sample is a study of a classifier, made up.
func sample() *pilot.Study {
	s := &pilot.Study{
		Schema: pilot.Schema, Model: pilot.Model{Name: "boards.onnx", Digest: "ab12", Edges: 3, Values: 64000, Products: 1e6, Input: []int{1, 1, 64, 64}},
		Task:   pilot.Task{Kind: "classes", Classes: 3, Names: []string{"normal", "open", "short"}, Normal: 0},
		Metric: "top1", Limit: 1,
		Parts: []pilot.Part{
			{Use: pilot.Calibration, Spec: "npy:calib.npy", Images: 64, Digest: "0123456789abcdef"},
			{Use: pilot.Choice, Spec: "npy:x.npy,y.npy[0:3070:7]", Images: 439, Digest: "1123456789abcdef"},
			{Use: pilot.Confirmation, Spec: "npy:x.npy,y.npy[1:3070:7]", Images: 439, Digest: "2123456789abcdef"},
			{Use: pilot.Stream, Spec: "npy:x.npy,y.npy[2:3070:7]", Images: 439, Digest: "3123456789abcdef"},
		},
		Verdict: pilot.Verdict{Light: pilot.Amber, Purposes: []pilot.Purpose{
			{Name: "memory", OK: true, Gain: 5.2, Need: 1.5}, {Name: "link", OK: true, Gain: 3.6, Need: 1.25},
			{Name: "store", OK: true, Gain: 23, Need: 4},
		}, Reasons: []pilot.Reason{{Code: "uncertain", Light: pilot.Amber, Value: 1.1, Limit: 1}}},
		Bytes:  pilot.Bytes{Float: 256000, Stored: pilot.Interval{Value: 11000, Low: 10900, High: 11100}, Input: 16384, JPEG: &pilot.Interval{Value: 1800}},
		Memory: &pilot.Memory{Float: 203000, Ideal: 150000, Packed: 39000},
		Device: pilot.Device{Here: []pilot.Timing{{Mode: "float", MS: 2.1, Low: 2, High: 2.2}, {Mode: "packed", MS: 3, Low: 2.9, High: 3.3}}},
		Changes: pilot.Changes{
			Images: 439, Changed: pilot.Interval{Value: 1.6, Low: .8, High: 3.2}, Flipped: 7, Missed: 2, Alarms: 1, Worse: 4, Better: 2, Other: 1,
			Worst: 1, WorstBy: 3, Labelled: true, ByClass: []pilot.ClassChange{{Class: 1, Images: 60, Worse: 3, Float: 95, Stored: 91}},
		},
		Pictures: []pilot.Picture{
			{Name: "12", Why: "missed", Label: 1, Float: 1, Stored: 0, FloatP: 88, StoreP: 61, Panels: []pilot.Panel{panel("image", 9)}},
			{Name: "77", Why: "near", Label: 2, Float: 2, Stored: 2, FloatP: 52, StoreP: 51, Panels: []pilot.Panel{panel("image", 90)}},
		},
		Layers: []pilot.Layer{
			{Name: "/conv1", Op: "Relu", Values: 32000, Bits: 1.2, Bytes: 4800, Share: 43, Sensitivity: 12, Damage: 20},
			{Name: "/conv2", Op: "Relu", Values: 24000, Bits: 1.6, Bytes: 4800, Share: 43, Sensitivity: 100, Damage: 50},
			{Name: "/pool", Op: "ReduceMean", Values: 8000, Bits: .9, Bytes: 900, Share: 14, Sensitivity: 60, Damage: 30},
		},
		Cost: pilot.Cost{Calibration: 41, Study: 130, CPU: 240, Told: 150, Profile: 12000, EncodeMS: 1.2, DecodeMS: 1, PerDay: 86400, Cameras: 1, Price: .1},
		Risk: pilot.Risk{
			Clean: &pilot.Trial{Kind: "clean", Images: 439, Alarm: -1, Delay: -1}, Unmeasured: []string{"device", "lot", "field"},
			Battery: []pilot.Trial{
				{Kind: "brightness", Severity: 3, Images: 256, Change: 64, Alarm: 70, Delay: 7, Agreement: 91, After: 94, Repaired: true, Repair: 128},
				{Kind: "blur", Severity: 3, Images: 256, Change: 64, Alarm: -1, Delay: -1, Agreement: 97, After: 97},
				{Kind: "lot", Error: "few", Images: 3, Wanted: 48},
			},
		},
		Burden: pilot.Burden{
			Commands: []string{"dqa calibrate boards.onnx", "dqa run boards.onnx", "dqa drift profile.dqap"}, Remake: "dqa pilot boards.onnx -o out",
			Profile: "deadbeef", Measure: "dqa bench engine boards.onnx --json > device.json",
		},
		Warnings: []string{"images: something"}, Made: pilot.Made{Tool: "dqa", Engine: "native/avx2", Machine: "linux/amd64", Cores: 2, Seed: 1, Date: "2026-11-28"},
	}
	s.Frontier = pilot.Frontier{Chosen: 1, Rule: pilot.RuleWithin, Baseline: 4}
	for i, p := range [][2]float64{{1, 1.9}, {1.38, .3}, {2, .1}, {2.1, 9}, {2.6, .8}, {4, 0}} {
		s.Frontier.Points = append(s.Frontier.Points, pilot.Point{
			Setting: "graded:budget=1", Tier: map[int]string{2: "default"}[i], Ours: i < 3, Choice: outcome(p[0], p[1]+.1), Confirm: outcome(p[0], p[1]),
		})
	}
	confirmed := func(bytes float64) *advise.Confirmed {
		return &advise.Confirmed{Images: 439, Bytes: bytes, Loss: pilot.Interval{Value: .2, Low: -.4, High: .8}, Value: 95.7}
	}
	s.Link = pilot.Link{Rate: 10e6, Cut: 3, File: 1, Command: "dqa split boards.onnx --advise", Advice: &advise.Advice{
		Model: "boards.onnx", Images: 439, Budgets: []float64{.5, 1},
		Cuts: []advise.Cut{{Edge: 1, Name: "/conv2", Share: .4, Values: 24000, Measured: true}},
		Ways: []advise.Way{
			{Kind: advise.Local, Edge: -1, Kept: true},
			{Kind: advise.JPEG, Edge: -1, Quality: 10, Bytes: 549, Kept: true, Confirmed: confirmed(551)},
			{Kind: advise.WebP, Edge: -1, Quality: 5, Bytes: 300, Loss: 7.4, LossSE: .9},
			{Kind: advise.Split, Edge: 1, Name: "/conv2", Budget: .5, Bytes: 155, Bits: .8, Kept: true, Confirmed: confirmed(154)},
			{Kind: advise.PNG, Edge: -1, Bytes: 700, Kept: true}, {Kind: advise.Raw, Edge: -1, Bytes: 4096, Kept: true},
		},
	}}
	for _, name := range []string{"bytes-stored", "bytes-float32", "bytes-jpeg", "memory-packed", "memory-float32", "ms-float", "ms-packed",
		"calibration", "profile", "encode", "decode"} {
		s.Numbers = append(s.Numbers, pilot.Number{Name: name, Value: ptr(3.), Unit: "bytes", Low: ptr(2.), High: ptr(4.), Error: pilot.ErrMean,
			Images: 439, Part: pilot.Confirmation, Command: "dqa eval boards.onnx"})
	}
	return s
}

// segmenter is a study of a segmenter that says no, without JPEG, memory and device.
func segmenter() *pilot.Study {
	s := sample()
	s.Task.Kind, s.Metric = "masks", "miou"
	s.Verdict = pilot.Verdict{Light: pilot.Red, Purposes: []pilot.Purpose{
		{Name: "memory", Why: "not-measured"}, {Name: "link", Why: "no-cut"}, {Name: "store", Gain: 3, Need: 4, Why: "gain"},
	}, Reasons: []pilot.Reason{{Code: "loss", Light: pilot.Red, Value: 3.2, Limit: 1}, {Code: "drifted", Light: pilot.Red}}}
	s.Memory, s.Bytes.JPEG, s.Device.Here = nil, nil, nil
	s.Link = pilot.Link{Rate: 3e5, Cut: -1, File: -1, Advice: &advise.Advice{}}
	s.Split, s.Risk.Clean = true, &pilot.Trial{Kind: "clean", Images: 100, Alarm: 40, False: 1}
	s.Frontier.Baseline, s.Frontier.Rule = -1, pilot.RuleBest
	s.Changes.Worst, s.Changes.ByClass = 2, []pilot.ClassChange{{Class: 2, Float: 80, Stored: 77}}
	s.Pictures = nil
	for _, why := range []string{"worst", "median", "best"} {
		p := pilot.Picture{Name: why, Why: why, Label: -1, Float: -1, Stored: -1, Loss: .7}
		for i, kind := range []string{"image", "truth", "float32", "stored", "difference"} {
			p.Panels = append(p.Panels, panel(kind, uint8(30*i)))
		}
		s.Pictures = append(s.Pictures, p)
	}
	return s
}

// bare is a study without labels and pictures.
func bare() *pilot.Study {
	s := sample()
	s.Task, s.Metric = pilot.Task{Kind: "none", Classes: 3, Normal: -1}, "agreement"
	s.Verdict.Light, s.Verdict.Reasons = pilot.Green, nil
	s.Changes.Labelled, s.Changes.Worst, s.Pictures, s.Warnings = false, -1, nil, nil
	s.Risk.Clean, s.Risk.Battery = nil, nil
	return s
}

func studies() map[string]*pilot.Study {
	return map[string]*pilot.Study{"classes": sample(), "maps": segmenter(), "bare": bare()}
}

func pageOf(t *testing.T, s *pilot.Study, language string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteHTML(&b, s, language); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
