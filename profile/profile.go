// Package profile is the format of what calibration learns: everything that an encoder or decoder of one network's
// activations must know besides a frame, and what a user needs to run the network again (preprocessing, origin).
// It is pure data, bytes <-> structs; spec/profile.md describes it section by section.
package profile

import (
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
)

// Version is the latest schema version. This package reads all of them, and writes a profile in the first one that has a
// place for all that it holds (spec/README.md).
const Version = version2

// Profile is one setting for one network.
type Profile struct {
	Tool       string // version of the program that made it
	ISA        string // instruction set the engine ran on; float results differ in the last bits between sets
	Seed       uint64 // of every random choice
	Network    Network
	Data       Data
	EdgeSet    string   // which tensors count as edges: "stored", "activations" or "blocks"
	Skip       []string // of those, the ones that stay float32
	Preprocess Preprocess
	Setting    Setting
	Coder      Coder  // what was asked for: the most effort; edges have their own
	Edges      []Edge // in the order in which the network computes them
	// Frequencies of the models of the coders Small and Smallest, which all edges share, as rans.NewModel takes them.
	Frequencies [][]uint16
	Bias        []Bias    // that the engine adds
	Gain        []Gain    // that it multiplies by before
	Evidence    *Evidence // nil: none
	Extra       []Extra   // sections that only other programs know
}

// Network identifies the network.
type Network struct {
	Name   string   // base name of the file
	Digest [32]byte // SHA-256 of the file
}

// Data identifies what was calibrated on.
type Data struct {
	Spec   string
	Digest [32]byte // of contents, order and labels
	Images int
}

// Setting is what the user asked for; the consequences are in the edges.
type Setting struct {
	Name      string  // "direct", "clip", "noisyquant", "dqa", "graded"
	Bits      int     // n, 2..8
	ExtraBits int     // m, 0..4
	Ratio     float64 // r, 0..1, of important channels
	Ranking   string  // how channels were ranked; "" where nothing was
	Global    bool    // Ratio is one of all values of the network instead of the channels of every edge
	Unsigned  bool    // one-sided channels use unsigned codes
	Scale     ScaleMode
	Dial      Dial    // graded: what was asked for
	Goal      float64 // of the dial, in its unit
	Pow2      bool    // graded: steps are powers of two
	Channels  bool    // graded: every channel has a step of its own, by its energy
	Refine    int     // low bits of codes that are stored apart, 0..4
}

// Coder says how codes become bytes (spec/frame.md, section "tile payload"). The later ones take fewer bytes and more time.
type Coder uint8

// The coders.
const (
	Raw       Coder = iota // bit planes of codes and of shift errors
	Paper                  // bit planes of codes, Huffman-coded shift errors: as the paper stores them
	Fast                   // whole codes (before the shift) by a prefix code for vector registers
	Small                  // whole codes by rANS, with probability models that channels share
	Smallest               // the same with models that neighbourhoods share
	Smallest2              // the same with models that weighted neighbours choose (schema version 2)
	coders
)

var coderNames = [coders]string{"raw", "paper", "fast", "small", "smallest", "smallest2"}

func (c Coder) String() string { return name(coderNames[:], int(c)) }

// ParseCoder is the inverse of String.
func ParseCoder(s string) (Coder, error) {
	i := slices.Index(coderNames[:], s)
	if i < 0 {
		return 0, fmt.Errorf("coder %q unknown, one of %q allowed", s, coderNames)
	}
	return Coder(i), nil
}

// Compresses tells whether the coder does more than to lay codes side by side.
func (c Coder) Compresses() bool { return c != Raw }

// Modelled tells whether codes are stored by the probability models of the profile.
func (c Coder) Modelled() bool { return c == Small || c == Smallest || c == Smallest2 }

// Samples says how many values are counted of an edge that this coder stores (dqa.Counters): one of share, least of them at
// least. Counting takes below a hundredth of coding then.
func (c Coder) Samples() (share, least int) {
	switch c {
	case Small:
		return 640, 16
	case Smallest, Smallest2:
		return 128, 24
	}
	return 8192, 4
}

// Escaping are the coders that store codes beyond an edge's bits, the fastest first.
func Escaping() (all []Coder) {
	for c := range coders {
		if c.Whole() {
			all = append(all, c)
		}
	}
	return all
}

// Whole tells whether the coder stores whole codes, which may be escaped.
func (c Coder) Whole() bool { return c == Fast || c.Modelled() }

// ScaleMode says what a scale belongs to and whether it is taken from each image or from calibration.
type ScaleMode uint8

// The scale modes.
const (
	DynamicChannel ScaleMode = iota // per channel and image, stored in the frame; the paper's
	DynamicTensor                   // per edge and image, stored in the frame
	StaticChannel                   // per channel, calibration maximum, stored in the profile
	StaticTensor                    // per edge, calibration maximum, stored in the profile
	scaleModes
)

var scaleNames = [scaleModes]string{"dynamic-channel", "dynamic-tensor", "static-channel", "static-tensor"}

func (m ScaleMode) String() string { return name(scaleNames[:], int(m)) }

// Static tells whether scales come from calibration.
func (m ScaleMode) Static() bool { return m == StaticChannel || m == StaticTensor }

// PerChannel tells whether every channel has a scale of its own.
func (m ScaleMode) PerChannel() bool { return m == DynamicChannel || m == StaticChannel }

// ParseScaleMode is the inverse of String.
func ParseScaleMode(s string) (ScaleMode, error) {
	i := slices.Index(scaleNames[:], s)
	if i < 0 {
		return 0, fmt.Errorf("scale %q unknown, one of %q allowed", s, scaleNames)
	}
	return ScaleMode(i), nil
}

// LevelMap says which values the codes of an edge stand for (spec/numerics.md, section "Level maps").
type LevelMap uint8

// The level maps.
const (
	Uniform LevelMap = iota // value = step * code, step from the maximum
	Clipped                 // the same, step from a share of each image's maximum
	Noisy                   // value = step * (code - noise), noise fixed for every position
	levelMaps
)

var mapNames = [levelMaps]string{"uniform", "clipped", "noisy"}

func (m LevelMap) String() string { return name(mapNames[:], int(m)) }

func name(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("unknown(%d)", i)
}

// Digest identifies the profile in frames: SHA-256 of its encoded form.
func (p *Profile) Digest() [32]byte { return sha256.Sum256(p.Append(nil)) }

// Elements is the number of quantized values of one image.
func (p *Profile) Elements() int64 {
	n := int64(0)
	for i := range p.Edges {
		n += int64(p.Edges[i].Elements())
	}
	return n
}

func normal(v float32) bool {
	return v >= 0x1p-126 && v <= math.MaxFloat32
}
