package profile

import (
	"encoding/binary"
	"math"

	"github.com/dqa-go/dqa/internal/wire"
)

// Limits of the sections that only graded profiles fill.
const (
	maxCurve = 64
	maxNodes = 1 << 16
)

func (p *Profile) appendBias(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(p.Bias)))
	for _, c := range p.Bias {
		b = wire.AppendString(b, c.Node)
		b = wire.AppendFloat32(b, c.Scale)
		b = binary.AppendUvarint(b, uint64(len(c.Codes)))
		for _, q := range c.Codes {
			b = append(b, byte(q))
		}
	}
	return b
}

func (p *Profile) readBias(r *wire.Reader) {
	n := r.Count(maxNodes, 7, "corrected nodes")
	for i := 0; i < n && r.Err() == nil; i++ {
		c := Bias{Node: r.String(maxString, "node name"), Scale: r.Float32()}
		for _, q := range r.Bytes(r.Count(MaxChannels, 1, "biases")) {
			c.Codes = append(c.Codes, int8(q))
		}
		p.Bias = append(p.Bias, c)
	}
}

// appendEvidence writes nothing where there is none.
func (p *Profile) appendEvidence(b []byte) []byte {
	e := p.Evidence
	if e == nil {
		return b
	}
	b = binary.AppendUvarint(b, uint64(e.Images))
	b = wire.AppendString(b, e.Distortion)
	for _, v := range e.numbers() {
		b = wire.AppendFloat32(b, *v)
	}
	for i, curve := range e.Curves {
		b = e.Chosen[i].append(b)
		b = binary.AppendUvarint(b, uint64(len(curve)))
		for _, c := range curve {
			b = c.append(b)
		}
	}
	return b
}

func (e *Evidence) numbers() []*float32 {
	return []*float32{&e.MeasuredDistortion, &e.MeasuredKL, &e.MeasuredAgreement, &e.MeasuredBits, &e.PredictedBits}
}

func (c CurvePoint) append(b []byte) []byte {
	return wire.AppendFloat32(wire.AppendFloat32(wire.AppendFloat32(b, c.Step), c.Distortion), c.Bits)
}

func readPoint(r *wire.Reader) CurvePoint {
	return CurvePoint{r.Float32(), r.Float32(), r.Float32()}
}

func (p *Profile) readEvidence(r *wire.Reader, size int) {
	if size == 0 {
		return
	}
	e := &Evidence{Images: r.Uvarint(math.MaxInt32, "number of images"), Distortion: r.String(maxString, "distortion")}
	for _, v := range e.numbers() {
		*v = r.Float32()
	}
	for i := 0; i < len(p.Edges) && r.Err() == nil; i++ {
		e.Chosen = append(e.Chosen, readPoint(r))
		curve := make([]CurvePoint, r.Count(maxCurve, 12, "points of a curve"))
		for k := range curve {
			curve[k] = readPoint(r)
		}
		e.Curves = append(e.Curves, curve)
	}
	p.Evidence = e
}
