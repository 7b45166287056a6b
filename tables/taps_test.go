package tables

import (
	"math"
	"testing"

	"github.com/dqa-go/dqa/profile"
)

// However many images are seen, what is kept stays within its limit, every image has a share, and every channel.
func TestTapSamplesAreBounded(t *testing.T) {
	e := profile.Edge{Geometry: profile.Geometry{Channels: 70, Rows: 60, Cols: 50, Tile: profile.Tile{Channels: 70, Rows: 7}}}
	e.Bits = 8
	s := newTapSamples(&e, 64)
	wide := make([]int16, e.Elements())
	for i := range 40 {
		wide[i] = int16(i)
		s.add(wide, hash(wide))
		kept := 0
		for _, parts := range s.images {
			if len(parts) == 0 {
				t.Fatalf("%d images: one has nothing", i+1)
			}
			for _, p := range parts {
				kept += len(p.codes)
			}
		}
		if kept != s.kept || kept > s.limit {
			t.Fatalf("%d images: %d codes kept, %d counted, at most %d", i+1, kept, s.kept, s.limit)
		}
	}
	if s.kept < s.limit/2 {
		t.Errorf("%d codes kept of %d", s.kept, s.limit)
	}
	channels := map[int]bool{}
	for _, parts := range s.images {
		for _, p := range parts {
			channels[p.channel] = true
		}
	}
	if len(channels) < 63 { // of which one that is missing can cost an edge a tenth of its bits
		t.Errorf("%d of 70 channels are among them", len(channels))
	}
}

// A grid that tokens come from is found.
func TestGridOfTokens(t *testing.T) {
	e := profile.Edge{Geometry: profile.Geometry{Channels: 4, Rows: 96, Cols: 1, ChannelsLast: true, Tile: profile.Tile{Channels: 4, Rows: 96}}}
	e.Bits = 4
	s := newTapSamples(&e, 1)
	wide := make([]int16, e.Elements())
	for i := range wide {
		wide[i] = []int16{0, 7, 1, 0, 3, 9, 0, 2, 5, 0, 0, 4}[i%96%12]
	}
	s.add(wide, 0)
	if g := s.grid(); g%12 != 0 || g == 0 {
		t.Errorf("grid %d, it is 12", g)
	}
}

// Neighbours that are looked up are those that a plane's codes have.
func TestNeighbours(t *testing.T) {
	for _, shape := range []struct{ grid, cols, n int }{
		{0, 1, 9}, {0, 2, 16}, {0, 6, 60}, {0, 7, 70}, {0, 8, 80}, {0, 9, 63}, {0, 33, 33 * 7}, {4, 1, 50}, {14, 1, 197},
	} {
		codes := make([]int16, shape.n)
		for i := range codes {
			codes[i] = int16(i*37%301 - 150)
		}
		n, v := newNeighbours(shape.grid, shape.cols), &sample{}
		for i := range codes {
			n.fill(v, tapSample{codes: codes}, i)
			for k, want := range n.Of(codes, i) {
				if v.s[k] != float64(want) || v.x[k] != math.Abs(float64(want)) {
					t.Fatalf("%+v: tap %d of code %d is %g of magnitude %g, want %d", shape, k, i, v.s[k], v.x[k], want)
				}
			}
		}
	}
}
