//go:build !device

package session

import (
	"context"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/demo"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/report"
)

func TestDemoDrift(t *testing.T) {
	net, err := Open("demo:classify", Options{})
	if err != nil {
		t.Fatal(err)
	}
	calibration, err := net.Data("demo:classify[0:32]")
	if err != nil {
		t.Fatal(err)
	}
	small := profile.Small
	v := Variant{Setting: profile.Setting{Name: "direct", Bits: 4, Scale: profile.StaticTensor, Unsigned: true}}
	made, err := net.Calibrate(context.Background(), calibration, v, CalibrateOptions{Coder: &small})
	if err != nil {
		t.Fatal(err)
	}
	shown, _ := demo.Network("demo:classify")
	test, err := net.Data(shown.QuickTest)
	if err != nil {
		t.Fatal(err)
	}
	d, err := net.demoDrift(context.Background(), made.Profile, shown.Clean, test, DemoOptions{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Alarms) != 1 || d.Alarms[0] < d.Change || d.Alarms[0] > d.Change+40 || !d.Repaired || d.After.StoredBits >= d.Before.StoredBits {
		t.Errorf("%+v", d)
	}
	if text := report.DriftText(report.Result{Drift: d}); !strings.Contains(text, "alarm: image 1") || !strings.Contains(text, "tables learned anew") {
		t.Error(text)
	}
	few, err := net.Data("demo:classify[0:9]")
	if err != nil {
		t.Fatal(err)
	}
	if d, err := net.demoDrift(context.Background(), made.Profile, shown.Clean, few, DemoOptions{}); d != nil || err != nil {
		t.Errorf("of nine images: %+v, %v", d, err)
	}
}
