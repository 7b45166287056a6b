package calib_test

import (
	"testing"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/calib"
	"github.com/dqa-go/dqa/profile"
)

// On a slow link bytes count, on a fast one time does; and what is chosen can be used.
func TestProfileFor(t *testing.T) {
	prog, src := classifier(t, 4)
	for _, c := range []struct {
		setting  profile.Setting
		fastest  profile.Coder
		smallest profile.Coder
	}{
		{dqaSetting("energy"), profile.Raw, profile.Smallest},
		{profile.Setting{Name: "graded", Dial: profile.Budget, Goal: 2}, profile.Fast, profile.Smallest},
	} {
		plan := calibrate(t, prog, src, c.setting, 0, calib.Options{})
		sizes := map[float64]int{}
		for _, link := range []float64{1e3, 1e7, 1e15} {
			p := plan.ProfileFor(link)
			codec, err := dqa.NewCodec(p)
			if err != nil {
				t.Fatalf("%s, %g bit/s: %v", c.setting.Name, link, err)
			}
			for i := range p.Edges {
				if link == 1e15 && p.Edges[i].Coder != c.fastest {
					t.Errorf("%s, fast link: edge %d has coder %s", c.setting.Name, i, p.Edges[i].Coder)
				}
			}
			if link == 1e3 && p.Coder != c.smallest {
				t.Errorf("%s, slow link: coder %s", c.setting.Name, p.Coder)
			}
			for i := range src.Len() {
				x, err := src.Input(i)
				if err != nil {
					t.Fatal(err)
				}
				enc := codec.NewEncoder()
				if _, err := prog.Run(x, enc.Hook); err != nil {
					t.Fatal(err)
				}
				sizes[link] += enc.FrameSize()
			}
		}
		if !(sizes[1e3] < sizes[1e15] && sizes[1e3] <= sizes[1e7]) {
			t.Errorf("%s: %v bytes by link", c.setting.Name, sizes)
		}
		one := 0
		codec, err := dqa.NewCodec(plan.Profile(profile.Smallest))
		if err != nil {
			t.Fatal(err)
		}
		for i := range src.Len() {
			x, _ := src.Input(i)
			enc := codec.NewEncoder()
			if _, err := prog.Run(x, enc.Hook); err != nil {
				t.Fatal(err)
			}
			one += enc.FrameSize()
		}
		if float64(sizes[1e3]) > 1.01*float64(one) {
			t.Errorf("%s: %d bytes for a slow link, %d in the smallest coder", c.setting.Name, sizes[1e3], one)
		}
	}
}
