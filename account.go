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
	// Beside is the part of IdealBits of tiles that are coded beside an earlier edge (profile.Edge.Earlier), and Without what they would
	// take without.
	Beside, Without float64
}

// AccountEdge is Account of one edge; ok is false if it has no models.
func (d *Decoder) AccountEdge(i int) (a Account, ok bool, err error) {
	if d.frame == nil {
		return a, false, errNotOpen
	}
	coder, e := d.workers[0].coders[i], d.codec.edge(i)
	accounter, ok := tile.AccounterOf(coder)
	if !ok {
		return a, false, nil
	}
	if err := d.codec.affordTensors(); err != nil {
		return a, true, err
	}
	if err := d.learn(i, i); err != nil {
		return a, true, err
	}
	d.keep(i, i+1)
	v := &d.values[i]
	if v.Earlier = nil; e.Earlier != nil && d.known[e.Earlier.Edge] {
		v.Earlier = d.codes[e.Earlier.Edge]
	}
	var sum tile.Account
	for t := range e.NumTiles() {
		if err := accounter.Account(&sum, v, e.TileBounds(t), d.payload(i, t)); err != nil {
			return a, true, d.tileError(i, t, err)
		}
	}
	d.known[i] = d.codec.needed[i]
	return Account(sum), true, nil
}

// Account decodes the open frame and tells what its payload is spent on; ok is false if no edge has models.
func (d *Decoder) Account() (a Account, ok bool, err error) {
	if d.frame == nil {
		return a, false, errNotOpen
	}
	for i := range d.codec.profile.Edges {
		one, can, err := d.AccountEdge(i)
		if err != nil {
			return a, ok || can, err
		}
		ok = ok || can
		a.Add(one)
	}
	return a, ok, nil
}

// Add adds what another edge or frame takes.
func (a *Account) Add(b Account) {
	a.Modes, a.States, a.Plain, a.Coded, a.Means = a.Modes+b.Modes, a.States+b.States, a.Plain+b.Plain, a.Coded+b.Coded, a.Means+b.Means
	a.IdealBits, a.Beside, a.Without = a.IdealBits+b.IdealBits, a.Beside+b.Beside, a.Without+b.Without
}
