package authors

import "math"

// Baseline is one of the quantizers that they compare with. All of a batch is quantized as one says; bits are n per value.
type Baseline struct {
	Bits     int
	Layouts  []Layout
	quantize func(b *Baseline, values []float32)
	tensor   bool // one scale for all channels
	values   []float32
}

// NewPoT makes the quantizer whose levels are 0 and the powers of two below a channel's largest magnitude: a sign and
// 2^(n-1) - 1 of them. The nearest level is taken, of two equally near ones the smaller.
func NewPoT(bits int, layouts []Layout) *Baseline {
	return &Baseline{Bits: bits, Layouts: layouts, quantize: (*Baseline).powers}
}

// NewEasyQuant makes the quantizer whose scale, one per tensor, gives the largest cosine between values and quantized ones, of
// 100 from half to twice that of the largest magnitude (Wu et al., arXiv 2006.16669).
func NewEasyQuant(bits int, layouts []Layout) *Baseline {
	return &Baseline{Bits: bits, Layouts: layouts, quantize: (*Baseline).easy, tensor: true}
}

// NewNoisyQuant makes their NoisyQuant: per tensor, a constant in place of the noise, half a step or none, and the largest
// magnitude that is covered, of 100, by the least squared error. All is searched in every batch.
func NewNoisyQuant(bits int, layouts []Layout) *Baseline {
	return &Baseline{Bits: bits, Layouts: layouts, quantize: (*Baseline).noisy, tensor: true}
}

// Quantize overwrites an edge of every image and gives the bits that this takes.
func (b *Baseline) Quantize(edge int, images [][]float32) (bits []int64, err error) {
	l := b.Layouts[edge]
	if b.tensor {
		l = Layout{Channels: 1}
	}
	var sum int64
	for c := range l.Channels {
		b.values = l.gather(b.values[:0], images, c)
		sum += int64(b.Bits * len(b.values))
		b.quantize(b, b.values)
		l.scatter(images, c, b.values)
	}
	return []int64{sum}, nil
}

func (b *Baseline) powers(values []float32) {
	top, least := largest(values), 2-1<<(b.Bits-1) // the smallest exponent
	for i, v := range values {
		x := math.Abs(float64(v)) / float64(top)
		if !(x > math.Ldexp(.5, least)) { // nearer to 0, or there is no scale
			values[i] = 0
			continue
		}
		// Between the levels l and 2 l the middle is 1.5 l: the exponent is that of x/1.5, rounded up.
		fraction, exponent := math.Frexp(x / 1.5)
		if fraction == .5 {
			exponent--
		}
		level := math.Ldexp(float64(top), max(least, min(0, exponent)))
		values[i] = float32(math.Copysign(level, float64(v)))
	}
}

func (b *Baseline) easy(values []float32) {
	top := largest(values)
	h := newHistogram(values, top)
	best, most := newGrid(top, b.Bits), -1.0
	for k := range searchSteps {
		g := newGrid(top*float32(.5+1.5*float64(k)/(searchSteps-1)), b.Bits)
		var dot, square float64
		for _, bin := range h {
			q := float64(g.scale * g.code(float32(bin.mean)))
			dot += bin.count * bin.mean * q
			square += bin.count * q * q
		}
		if cosine := dot / math.Sqrt(square); square > 0 && cosine > most {
			best, most = g, cosine
		}
	}
	for i, v := range values {
		values[i] = best.scale * best.code(v)
	}
}

func (b *Baseline) noisy(values []float32) {
	top := largest(values)
	h := newHistogram(values, top)
	best, shift, least := newGrid(top, b.Bits), float32(0), math.Inf(1)
	for k := searchSteps; k > 0; k-- {
		g := newGrid(top*float32(k)/searchSteps, b.Bits)
		for _, s := range []float32{0, g.scale / 2} {
			sum := 0.0
			for _, bin := range h {
				d := float64(g.scale*g.code(float32(bin.mean)+s)-s) - bin.mean
				sum += bin.count * d * d
			}
			if sum < least {
				best, shift, least = g, s, sum
			}
		}
	}
	for i, v := range values {
		values[i] = best.scale*best.code(v+shift) - shift
	}
}

const searchSteps = 100

// histogram stands for a tensor in a search; its bins are far narrower than steps are.
type histogram []bin

type bin struct{ count, mean float64 }

const histogramBins = 4096

func newHistogram(values []float32, top float32) histogram {
	h, perBin := make(histogram, histogramBins+1), histogramBins/2/float64(top)
	for _, v := range values {
		if !(v >= -top && v <= top) || top == 0 {
			continue
		}
		i := int(float64(v+top) * perBin)
		h[i].count++
		h[i].mean += float64(v)
	}
	used := h[:0]
	for _, b := range h {
		if b.count > 0 {
			used = append(used, bin{b.count, b.mean / b.count})
		}
	}
	return used
}
