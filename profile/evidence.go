package profile

import "math"

// Dial says what a graded profile was asked for.
type Dial uint8

// The dials.
const (
	NoDial       Dial = iota
	Budget            // stored bits per value at most
	MaxKL             // KL of the outputs from the float network's at most, nats per image (per pixel for masks)
	MinAgreement      // share of outputs whose largest class is the float network's at least, percent
	MaxDrop           // points of accuracy lost at most
	dials
)

var dialNames = [dials]string{"", "budget", "max-kl", "min-agreement", "max-drop"}

func (d Dial) String() string { return name(dialNames[:], int(d)) }

// Bias is what is added to the output of one Conv, ConvTranspose, Gemm or MatMul, per channel: Scale * Codes[c]. It makes
// up for the shift that quantizing what comes before causes. It is applied by the engine, never by a decoder.
type Bias struct {
	Node  string
	Scale float32
	Codes []int8
}

// Values are the numbers to add.
func (b *Bias) Values() []float32 {
	v := make([]float32, len(b.Codes))
	for c, q := range b.Codes {
		v[c] = b.Scale * float32(q)
	}
	return v
}

// Corrections are what the engine does to outputs of nodes to make up for what quantizing changes: gains, then biases.
type Corrections struct {
	Gain []Gain
	Bias []Bias
}

// Corrections are those of the profile.
func (p *Profile) Corrections() Corrections { return Corrections{p.Gain, p.Bias} }

// CurvePoint is what one step does to an edge while all others stay float32, averaged over calibration images.
type CurvePoint struct {
	Step       float32
	Distortion float32 // of the network's outputs, see Evidence.Distortion
	Bits       float32 // ideal length of the edge's codes in one image
}

// Evidence is what steps were chosen by. Neither encoders nor decoders need it: it is for people, and a packed run reserves
// memory by it.
type Evidence struct {
	Images     int    // that curves were measured on
	Distortion string // what distortion is: "KL, temperature 4"
	Curves     [][]CurvePoint
	Chosen     []CurvePoint // what the curves say of the steps that were chosen
	// The whole quantized network on the calibration images.
	MeasuredDistortion, MeasuredKL, MeasuredAgreement, MeasuredBits float32
	// PredictedBits are stored bits per value by the curves; the predicted distortion is the sum over Chosen.
	PredictedBits float32
}

// Of is what is known of some edges of the network alone: their chosen points. What was measured of the whole network,
// and curves, are left out: the numbers are NaN. The evidence may be nil.
func (e *Evidence) Of(edges []int) *Evidence {
	if e == nil {
		return nil
	}
	part := &Evidence{Images: e.Images, Distortion: e.Distortion, Curves: make([][]CurvePoint, len(edges))}
	for _, v := range part.numbers() {
		*v = float32(math.NaN())
	}
	for _, i := range edges {
		part.Chosen = append(part.Chosen, e.Chosen[i])
	}
	return part
}

// Measured tells whether the network that this is the evidence of was measured as a whole.
func (e *Evidence) Measured() bool { return !math.IsNaN(float64(e.MeasuredBits)) }

// PredictedDistortion is the whole network's if the edges' add up.
func (e *Evidence) PredictedDistortion() float64 {
	sum := 0.0
	for _, p := range e.Chosen {
		sum += float64(p.Distortion)
	}
	return sum
}
