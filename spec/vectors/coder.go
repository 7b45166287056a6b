package main

import "github.com/dqa-go/dqa/profile"

// coder is what frames and profiles hold of an edge, by how its codes are stored. It follows the pages of spec/ and leans on
// no coder of the product.
type coder interface {
	// fit gives an edge what the coder has to know of codes, unless it has it.
	fit(p *profile.Profile, e *profile.Edge, img image)
	// fields adds what a profile says of it.
	fields(e *profile.Edge, add func(field string, b ...byte))
	// payload of a tile (spec/frame.md, "Tile payload").
	payload(w writer, e *profile.Edge, channels []channelCodes) []byte
	// refinement is the payload of a refinement's tile (spec/frame.md, "Refinements").
	refinement(w writer, e *profile.Edge, channels []channelCodes) []byte
}

// coders has one line per coder.
var coders = map[profile.Coder]coder{
	profile.Raw:      rawCoder{},
	profile.Paper:    paperCoder{},
	profile.Fast:     fastCoder{},
	profile.Small:    ransCoder{byChannel{}},
	profile.Smallest: ransCoder{byContext{}},

	profile.Smallest2: tapsCoder{},
}

// untaught is a coder that has to know nothing.
type untaught struct{}

func (untaught) fit(*profile.Profile, *profile.Edge, image) {}

func (untaught) fields(*profile.Edge, func(string, ...byte)) {}

// unrefined is a coder of edges that store no bits apart.
type unrefined struct{}

func (unrefined) refinement(writer, *profile.Edge, []channelCodes) []byte { panic("no refinement") }

// whole is a payload of whole codes: a stream, or plain codes of as many bits as they need.
func (w writer) whole(e *profile.Edge, codes []int, code func() []byte) []byte {
	if w.mode >= 0 && w.mode != coded {
		return plainTile(codes, w.mode)
	}
	plain := plainTile(codes, plainWidth(codes, e.Unsigned))
	stream := code()
	if stream != nil && (w.mode == coded || len(stream)+1 < len(plain)) {
		return append([]byte{coded}, stream...)
	}
	return plain
}
