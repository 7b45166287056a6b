package inspect

import (
	"fmt"
	"slices"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/frame"
	"github.com/dqa-go/dqa/profile"
)

// Frame is what the bytes of a frame are spent on.
type Frame struct {
	File     string    `json:"file"`
	Profile  string    `json:"profile_digest"`
	Edges    int       `json:"edges"`
	Tiles    int       `json:"tiles"`
	Sections []Section `json:"sections"`
	Bytes    int       `json:"bytes"`
	Payload  *Payload  `json:"payload,omitempty"`
	Earlier  []Saving  `json:"earlier,omitempty"`    // by edge that is coded beside an earlier one
	Base     int       `json:"base_bytes,omitempty"` // of a scalable frame: the part that suffices
	Cut      bool      `json:"cut,omitempty"`        // and that is all there is
}

// Payload tells how near a modelled payload is to what its models allow.
type Payload struct {
	StoredBits   float64 `json:"stored_bits"`   // per value, all of the frame
	IdealBytes   float64 `json:"ideal_bytes"`   // of coded tiles, by their models
	CodedBytes   int     `json:"coded_bytes"`   // the same tiles, states without what they waste
	PlainBytes   int     `json:"plain_bytes"`   // tiles that are stored plainly
	Overhead     float64 `json:"overhead"`      // share of the frame that is neither coded nor plain codes
	OverIdeal    float64 `json:"over_ideal"`    // coded / ideal - 1
	WastedStates int     `json:"wasted_states"` // bytes
}

// Saving is what an earlier edge is worth to another one, in bytes of codes as the models of the profile give them.
type Saving struct {
	Edge    string  `json:"edge"`
	Earlier string  `json:"earlier"`
	Beside  float64 `json:"beside_bytes"`
	Without float64 `json:"without_bytes"`
}

// ParseFrame looks at the bytes of a frame; name is what it is called. Errors are *dqa.FormatError.
func ParseFrame(name string, b []byte) (*Frame, error) {
	f, err := frame.Parse(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	s := f.Sections
	v := &Frame{File: name, Profile: fmt.Sprintf("%x", f.Profile), Edges: f.Edges, Bytes: len(b), Sections: []Section{
		{"header", s.Header}, {"scales", s.Scales}, {"index", s.Index}, {"payload", s.Payload}, {"checksums", s.Checksums},
	}}
	if f.Refinements > 0 {
		v.Base, v.Cut = f.BaseSize, len(f.RefineBlocks) == 0
		v.Sections = slices.Insert(v.Sections, 4, Section{"refinements", s.Refinement})
	}
	for _, e := range f.EdgeBlocks {
		v.Tiles += len(e.Tiles)
	}
	return v, nil
}

// Account replaces the section "payload" by its parts, and fills in Payload. src are the frame's bytes, p the profile that
// it was made with; one without modelled coders changes nothing. Errors are *dqa.FormatError.
func (v *Frame) Account(src []byte, p *profile.Profile, limits dqa.Limits) error {
	codec, err := limits.NewCodec(p)
	if err != nil {
		return err
	}
	d := codec.NewDecoder()
	if err := d.Open(src); err != nil {
		return fmt.Errorf("%s: %w", v.File, err)
	}
	acc, ok, err := v.accountEdges(d, p)
	if err != nil || !ok {
		return err
	}
	// A state begins and ends with 16 bits that belong to codes: of its 4 bytes about 1 does.
	wasted := acc.States * 3 / 4
	v.Payload = &Payload{
		StoredBits: 8 * float64(len(src)) / float64(p.Elements()), IdealBytes: acc.IdealBits / 8,
		CodedBytes: acc.Coded + acc.States - wasted, PlainBytes: acc.Plain, WastedStates: wasted,
	}
	v.Payload.OverIdeal = float64(v.Payload.CodedBytes)/max(v.Payload.IdealBytes, 1) - 1
	v.Payload.Overhead = 1 - float64(v.Payload.CodedBytes+acc.Plain)/float64(len(src))
	var sections []Section
	for _, s := range v.Sections {
		if s.Name != "payload" {
			sections = append(sections, s)
			continue
		}
		sections = append(sections, Section{"coded", acc.Coded}, Section{"coder states", acc.States},
			Section{"plain codes", acc.Plain}, Section{"tile modes", acc.Modes})
		if acc.Means > 0 {
			sections = append(sections, Section{"means of channels", acc.Means})
		}
	}
	v.Sections = sections
	return nil
}

// accountEdges sums up what all edges take, and notes what earlier ones save.
func (v *Frame) accountEdges(d *dqa.Decoder, p *profile.Profile) (sum dqa.Account, ok bool, err error) {
	for i := range p.Edges {
		one, can, err := d.AccountEdge(i)
		if err != nil {
			return sum, ok, err
		}
		sum.Add(one)
		ok = ok || can
		if one.Without > 0 {
			e := &p.Edges[i]
			v.Earlier = append(v.Earlier, Saving{e.Name, p.Edges[e.Earlier.Edge].Name, one.Beside / 8, one.Without / 8})
		}
	}
	return sum, ok, nil
}
