package dqa

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/internal/tile"
)

// Tiles of an image are independent, but for those of edges that need the codes of an earlier one: batches of them are coded by
// several goroutines, depth by depth.

// coding is the memory of coding one image after the other, all edges at once or one by one.
type coding struct {
	codec *Codec
	options
	workers []worker
	values  []tile.Values // by edge
	codes   [][]int8      // by edge: what later edges need
	tiles   []tile.Tile   // of the edges at hand, in the order in which they are coded
	starts  []int         // by edge at hand: its first tile
	batches []batch       // of tiles
	depths  []int         // in batches: where each depth ends
	first   int           // edges [first, end) are at hand
	end     int
}

// worker is what one goroutine codes with.
type worker struct {
	scratch tile.Scratch
	coders  []tile.Coder // by edge
}

// batch is tiles[first:end], coded together.
type batch struct{ first, end int }

func newCoding(c *Codec, o options) coding {
	n := coding{codec: c, options: o, workers: make([]worker, max(1, o.workers)), values: make([]tile.Values, len(c.factories)),
		codes: make([][]int8, len(c.factories))}
	for k := range n.workers {
		w := &n.workers[k]
		for _, newCoder := range c.factories {
			coder := newCoder(&w.scratch)
			if o.baseOnly {
				coder = tile.BaseOnly(coder)
			}
			w.coders = append(w.coders, coder)
		}
	}
	return n
}

// plan lists the tiles of edges [first, end), if it did not do so last, and what of them is coded together. (Not earlier: a
// profile alone may announce more tiles than there is memory.)
func (c *coding) plan(first, end int) {
	if c.first == first && c.end == end {
		return
	}
	c.first, c.end, c.batches, c.depths, c.tiles = first, end, c.batches[:0], c.depths[:0], c.tiles[:0]
	c.starts = resize(c.starts, end-first)
	depths, order, tiles := c.codec.depths, make([]int, end-first), 0
	for k := range order {
		order[k] = first + k
		tiles += c.codec.edge(first + k).NumTiles()
	}
	most := min(tile.MaxBatch, (tiles+len(c.workers)-1)/len(c.workers)) // else some workers have nothing to do
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(depths[i], depths[j]) })
	for k, i := range order {
		apart := k == 0 || depths[i] != depths[order[k-1]]
		if apart && k > 0 {
			c.depths = append(c.depths, len(c.batches))
		}
		c.starts[i-first] = len(c.tiles)
		c.planEdge(i, apart, most)
	}
	c.depths = append(c.depths, len(c.batches))
}

// planEdge lists the tiles of an edge, in batches of some at most; the first one begins a batch if it is to be apart.
func (c *coding) planEdge(i int, apart bool, most int) {
	e := c.codec.edge(i)
	for t := range e.NumTiles() {
		n := len(c.tiles)
		c.tiles = extend(c.tiles)
		u := &c.tiles[n]
		u.Coder, u.Values, u.Bounds, u.Edge, u.Number = c.workers[0].coders[i], &c.values[i], e.TileBounds(t), i, t
		k := len(c.batches) - 1
		if !apart && n-c.batches[k].first < most && tile.Alike(&c.tiles[c.batches[k].first], u) {
			c.batches[k].end++
		} else {
			c.batches = append(c.batches, batch{n, n + 1})
		}
		apart = false
	}
}

// extend makes s longer by one, which keeps what memory it has.
func extend(s []tile.Tile) []tile.Tile {
	if len(s) < cap(s) {
		return s[:len(s)+1]
	}
	return append(s, tile.Tile{})
}

// keep makes room for the codes of edges [first, end) that later ones need.
func (c *coding) keep(first, end int) {
	for i := first; i < end; i++ {
		if c.values[i].Codes = nil; c.codec.needed[i] {
			c.codes[i] = resize(c.codes[i], c.codec.edge(i).Elements())
			c.values[i].Codes = c.codes[i]
		}
	}
}

// run does the batches at hand, depth by depth; before and behind each, its tiles are shown.
func (c *coding) run(t task, before, after func(tiles []tile.Tile)) {
	from := 0
	for _, end := range c.depths {
		var tiles []tile.Tile
		if end > from {
			tiles = c.tiles[c.batches[from].first:c.batches[end-1].end]
		}
		before(tiles)
		run(t, c.workers, from, end)
		after(tiles)
		from = end
	}
}

// tilesOf are those of an edge at hand.
func (c *coding) tilesOf(edge int) []tile.Tile {
	at := c.starts[edge-c.first]
	return c.tiles[at : at+c.codec.edge(edge).NumTiles()]
}

// batchOf gives the tiles of a batch the coders of a worker.
func (c *coding) batchOf(w *worker, k int) []tile.Tile {
	tiles := c.tiles[c.batches[k].first:c.batches[k].end]
	for i := range tiles {
		tiles[i].Coder = w.coders[tiles[i].Edge]
	}
	return tiles
}

// forget lets go of the caller's memory.
func (c *coding) forget(first, end int) {
	for i := first; i < end; i++ {
		c.values[i].Source, c.values[i].Restored = nil, nil
	}
}

// task is work on numbered parts that are independent of each other.
type task interface {
	do(w *worker, part int)
}

// run does parts [first, end) with as many goroutines as there are workers.
func run(t task, workers []worker, first, end int) {
	if len(workers) == 1 || end-first == 1 {
		for k := first; k < end; k++ {
			t.do(&workers[0], k)
		}
		return
	}
	var next atomic.Int64
	next.Store(int64(first))
	var failed atomic.Pointer[parallel.Panic] // the caller's, once all have ended
	var wg sync.WaitGroup
	for i := range min(len(workers), end-first) {
		wg.Go(func() {
			p := parallel.Catch(func() {
				for k := int(next.Add(1)) - 1; k < end; k = int(next.Add(1)) - 1 {
					t.do(&workers[i], k)
				}
			})
			if p != nil {
				failed.Store(p)
			}
		})
	}
	wg.Wait()
	if p := failed.Load(); p != nil {
		panic(p)
	}
}

// scaling finds the scales of the edges at hand.
type scaling coding

func (s *scaling) do(w *worker, part int) {
	i := s.first + part
	w.scratch.FindScales(s.codec.edge(i), &s.values[i])
}

// encoding encodes the batches at hand.
type encoding coding

func (e *encoding) do(w *worker, part int) { tile.Encode((*coding)(e).batchOf(w, part)) }

// decoding decodes them.
type decoding coding

func (d *decoding) do(w *worker, part int) { tile.Decode((*coding)(d).batchOf(w, part)) }
