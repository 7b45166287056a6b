package engine

// Form is how an edge lies in memory while a network runs. It packs blocks: a block is the channels
// [c0, c0+channels) of the edge at some consecutive positions. A position is a place of a plane or, with channels last, a
// token. Every value is coded by itself, so that what comes back depends on nothing but the value and its channel: the
// cut into blocks must not show. It is exactly what the simulation of the edge gives, bit for bit.
//
// Two layouts of floats are meant. Channels first: x[i*stride+p] is position p of channel c0+i. Channels last:
// x[p*stride+i] is channel c0+i of position p.
//
// A Form is immutable; its methods are called from many goroutines at once and allocate nothing.
type Form interface {
	// Name says how codes lie in memory, for the plan: "planes".
	Name() string
	// Last tells whether channels are last.
	Last() bool
	// Bound is the most bytes that a block takes.
	Bound(c0, channels, positions int) int
	// Expect is how many bytes a block takes on average by the profile's statistics, at most Bound.
	Expect(c0, channels, positions int) int
	// Steady tells whether all blocks but for rare ones take what is expected, on every image.
	Steady() bool
	// Encode writes a block to dst, which has Bound bytes, and returns how many it took.
	Encode(dst []byte, x []float32, stride, c0, channels, positions int) int
	// Decode sets x to positions [from, to) of a block that Encode wrote; position from comes first in x. src holds the
	// block's bytes; behind them lie at least FormSlack more that may be read and mean nothing. Behind what x must hold
	// nothing is written.
	Decode(x []float32, stride int, src []byte, c0, channels, positions, from, to int)
	// Round sets the values of a block to what Decode gives back of them: so does an edge that stays float in memory.
	Round(x []float32, stride, c0, channels, positions int)
}

// FormSlack is how many bytes behind a block may be read, within the capacity of the slice.
const FormSlack = 64
