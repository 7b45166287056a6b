package dqa

import "github.com/dqa-go/dqa/internal/rans"

// Account says what the payload of a frame's modelled edges is spent on, in bytes; its parts sum to
// the payload of those edges.
type Account struct {
	Modes  int // how each tile is coded
	States int // of the coder
	Plain  int // tiles that are stored plainly
	Coded  int // words and escaped codes of the others
	// IdealBits is the length that the models give to the coded codes: by information theory nothing codes them in fewer
	// bits with these models. Of what the states hold, a share belongs to codes, so that Coded may be below it.
	IdealBits float64
}

// Account decodes the open frame and tells what its payload is spent on; ok is false if no edge has models.
func (d *Decoder) Account() (a Account, ok bool, err error) {
	p := d.codec.profile
	for i := range p.Edges {
		e := &p.Edges[i]
		if !e.Coder.Modelled() {
			continue
		}
		ok = true
		d.codes.Wide = resize(d.codes.Wide, e.Elements())
		for t := range e.NumTiles() {
			if err := d.tile(i, t); err != nil {
				return a, ok, err
			}
			src := d.frame.EdgeBlocks[i].Tiles[t]
			a.Modes++
			if src[0] != coded {
				a.Plain += len(src) - 1
				continue
			}
			tile := d.bufs[0].tile(d.codec, i, e.TileBounds(t), d.codes.Wide)
			states := rans.StateBytes * tile.Lanes()
			a.States += states
			a.Coded += len(src) - 1 - states
			a.IdealBits += tile.Cost()
		}
	}
	return a, ok, nil
}
