package tile

import (
	"fmt"
	"math"

	"github.com/dqa-go/dqa/internal/bitplane"
	"github.com/dqa-go/dqa/internal/wire"
	"github.com/dqa-go/dqa/profile"
)

// dc stores, behind the payload of another coder, what quantizing has taken from the mean of every channel of a tile
// (spec/frame.md, section "Means of channels").
type dc struct {
	*Scratch
	*dcMemory
	edge *profile.Edge
	base Coder
}

type dcMemory struct {
	values []float32 // of a tile, as the other coder restores them
	means  []int8
	planes []int16 // the same, as bit planes take them
}

// Means of channels have so many bits, in parts of a step.
const (
	meanBits = 5
	meanUnit = 16
)

// newDC wraps the factory of the coder of an edge.
func newDC(e *profile.Edge, base Factory) Factory {
	return func(s *Scratch) Coder { return &dc{s, memoryOf[dcMemory](s), e, base(s)} }
}

func (d *dc) Encode(p *Payload, v *Values, b profile.Bounds) (nonFinite int) {
	d.values = resize(d.values, d.edge.TileSize(b))
	t := *v
	t.Restored, t.OneTile = d.values, true
	nonFinite = d.base.Encode(p, &t, b)
	d.means = d.FindMeans(d.means[:0], d.edge, &t, b)
	d.planes = resize(d.planes, len(d.means))
	for i, m := range d.means {
		d.planes[i] = int16(m)
	}
	p.Base = bitplane.Append(p.Base, d.planes, meanBits)
	if v.Restored != nil {
		d.AddMeans(d.edge, &t, b, d.means)
		d.put(v, b)
	}
	return nonFinite
}

func (d *dc) Decode(v *Values, b profile.Bounds, p Payload) error {
	channels := b.C1 - b.C0
	at := len(p.Base) - bitplane.Size(channels, meanBits)
	if at < 0 {
		return fmt.Errorf("%w: %w", wire.ErrTruncated, errEmpty)
	}
	d.planes, d.means = resize(d.planes, channels), resize(d.means, channels)
	clear(d.planes)
	if err := bitplane.Unpack(d.planes, p.Base[at:], meanBits, true); err != nil {
		return fmt.Errorf("%w: means of channels: %w", wire.ErrValue, err)
	}
	for i, m := range d.planes {
		d.means[i] = int8(m)
	}
	if err := d.base.Decode(v, b, Payload{Base: p.Base[:at]}); err != nil {
		return err
	}
	if v.Restored != nil {
		d.AddMeans(d.edge, v, b, d.means)
	}
	return nil
}

// put moves the tile's values to v.Restored.
func (d *dc) put(v *Values, b profile.Bounds) {
	n := d.edge.BandSize(b)
	for c := b.C0; c < b.C1; {
		dst := d.room(d.edge, v, b, c)
		copy(dst, d.values[(c-b.C0)*n:])
		d.store(d.edge, v, b, c, dst)
		c += len(dst) / n
	}
}

// FindMeans appends, for every channel of the part b, what the mean of v.Restored lacks of that of v.Source, in sixteenths
// of a step. What is not finite does not count.
func (s *Scratch) FindMeans(dst []int8, e *profile.Edge, v *Values, b profile.Bounds) []int8 {
	n := e.BandSize(b)
	for c := b.C0; c < b.C1; {
		for src := s.load(e, v, b, c); len(src) > 0; c++ {
			dst = append(dst, meanLack(src[:n], s.restored(e, v, b, c), float64(v.Steps[e.ScaleSlot(c)])))
			src = src[n:]
		}
	}
	return dst
}

// meanLack is what FindMeans finds for one channel.
func meanLack(src, restored []float32, step float64) int8 {
	sum, lacks := 0.0, 0.0
	for i, x := range src {
		if d := float64(x) - float64(restored[i]); math.Abs(d) <= math.MaxFloat32 {
			sum += d
		}
	}
	if step > 0 {
		lacks = math.RoundToEven(sum * meanUnit / (float64(len(restored)) * step))
	}
	return int8(max(-1<<(meanBits-1), min(1<<(meanBits-1)-1, lacks)))
}

// restored is the part b of channel c of v.Restored, row by row.
func (s *Scratch) restored(e *profile.Edge, v *Values, b profile.Bounds, c int) []float32 {
	n := e.BandSize(b)
	switch {
	case v.OneTile:
		return v.Restored[(c-b.C0)*n:][:n]
	case e.ChannelsLast:
		s.second = resize(s.second, n)
		at := b.R0*e.Cols*e.Channels + c
		for i := range s.second {
			s.second[i] = v.Restored[at]
			at += e.Channels
		}
		return s.second
	}
	return v.Restored[e.BandStart(b, c):][:n]
}

// AddMeans adds what FindMeans found to the part b of v.Restored.
func (s *Scratch) AddMeans(e *profile.Edge, v *Values, b profile.Bounds, means []int8) {
	for c := b.C0; c < b.C1; c++ {
		if means[c-b.C0] == 0 {
			continue
		}
		add := float32(float32(means[c-b.C0]) * float32(v.Steps[e.ScaleSlot(c)]/meanUnit))
		at, stride, n := e.BandStart(b, c), 1, e.BandSize(b)
		switch {
		case v.OneTile:
			at = (c - b.C0) * n
		case e.ChannelsLast:
			at, stride = b.R0*e.Cols*e.Channels+c, e.Channels
		}
		for range n {
			v.Restored[at] += add
			at += stride
		}
	}
}

// Account implements Accounter, if the other coder does.
func (d *dc) Account(a *Account, v *Values, b profile.Bounds, p Payload) error {
	n := bitplane.Size(b.C1-b.C0, meanBits)
	if len(p.Base) < n {
		return fmt.Errorf("%w: %w", wire.ErrTruncated, errEmpty)
	}
	a.Means += n
	return d.base.(Accounter).Account(a, v, b, Payload{Base: p.Base[:len(p.Base)-n]})
}
