package dqa

import "github.com/dqa-go/dqa/internal/tile"

// Account says what the payload of a frame's modelled edges is spent on, in bytes; its parts sum to
// the payload of those edges.
type Account struct {
	Modes  int // how each tile is coded
	States int // of the coder
	Plain  int // tiles that are stored plainly
	Coded  int // words and escaped codes of the others
	Means  int // of channels (profile.Edge.DC)
	// IdealBits is the length that the models give to the codes of the others: by information theory nothing codes them in fewer
	// bits with these models. Of what the states hold, a share belongs to codes, so that Coded may be below it.
	IdealBits float64
}

// Account decodes the open frame and tells what its payload is spent on; ok is false if no edge has models.
func (d *Decoder) Account() (a Account, ok bool, err error) {
	if d.frame == nil {
		return a, false, errNotOpen
	}
	var sum tile.Account
	for i, coder := range d.workers[0].coders {
		accounter, can := tile.AccounterOf(coder)
		if !can {
			continue
		}
		ok = true
		if err := d.codec.affordTensors(); err != nil {
			return a, ok, err
		}
		for t := range d.codec.edge(i).NumTiles() {
			if err := accounter.Account(&sum, d.codec.edge(i).TileBounds(t), d.payload(i, t)); err != nil {
				return a, ok, d.tileError(i, t, err)
			}
		}
	}
	return Account(sum), ok, nil
}
