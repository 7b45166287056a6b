package profile

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"testing"

	"github.com/dqa-go/dqa/internal/wire"
)

// transformed is a profile with a transform.
func transformed() *Profile {
	return &Profile{
		EdgeSet: "stored", Setting: Setting{Name: "features", Bits: 8, Scale: StaticTensor},
		Edges: []Edge{{
			Name: "features", Geometry: Geometry{Channels: 2, Rows: 3, Cols: 1, ChannelsLast: true, Tile: Tile{2, 3}},
			Quantizer: Quantizer{
				Bits: 8, Scale: StaticTensor, Steps: []float32{.5, .5},
				Transform: &Transform{Centre: []float32{1, -2}, Matrix: []float32{.6, .8, -.8, .6}},
			},
		}},
	}
}

func TestTransformIsKept(t *testing.T) {
	p := transformed()
	b, err := p.Encode()
	if err != nil || b[4] != version2 {
		t.Fatalf("version %d: %v", b[4], err)
	}
	q, err := Parse(b)
	if err != nil || !reflect.DeepEqual(p.Edges[0].Transform, q.Edges[0].Transform) || !bytes.Equal(q.Append(nil), b) {
		t.Errorf("%+v, %v", q, err)
	}
	for n := range b {
		if _, err := Parse(reseal(bytes.Clone(b[:n]))); err == nil {
			t.Errorf("cut off at %d: no error", n)
		}
	}
}

func TestTransformsThatMakeNoSense(t *testing.T) {
	for name, change := range map[string]func(e *Edge){
		"centre":    func(e *Edge) { e.Transform.Centre[1] = float32(math.Inf(1)) },
		"matrix":    func(e *Edge) { e.Transform.Matrix[2] = 1.5 },
		"nan":       func(e *Edge) { e.Transform.Matrix[0] = float32(math.NaN()) },
		"lengths":   func(e *Edge) { e.Transform.Matrix = e.Transform.Matrix[1:] },
		"tile":      func(e *Edge) { e.Tile.Channels = 1 },
		"one-sided": func(e *Edge) { e.OneSided = true },
		"means":     func(e *Edge) { e.DC = true },
		"apart":     func(e *Edge) { e.Refine = 1 },
		"dynamic":   func(e *Edge) { e.Scale, e.Steps = DynamicTensor, nil },
	} {
		p := transformed()
		change(&p.Edges[0])
		if err := p.Validate(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	p := transformed()
	p.Edges[0].Channels, p.Edges[0].Tile.Channels = MaxTransform+1, MaxTransform+1
	if err := p.Validate(); !errors.Is(causeOf(err), wire.ErrLimit) {
		t.Errorf("%d channels: %v", MaxTransform+1, err)
	}
}
