package dqa

import (
	"sync"
	"sync/atomic"

	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/internal/tile"
)

// Tiles of an image are independent: batches of them are coded by several goroutines.

// coding is the memory of coding one image after the other, all edges at once or one by one.
type coding struct {
	codec *Codec
	options
	workers []worker
	values  []tile.Values // by edge
	tiles   []tile.Tile   // of the edges at hand, in order
	batches []batch       // of tiles
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
	n := coding{codec: c, options: o, workers: make([]worker, max(1, o.workers)), values: make([]tile.Values, len(c.factories))}
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
	c.first, c.end, c.batches, c.tiles = first, end, c.batches[:0], c.tiles[:cap(c.tiles)]
	n := 0
	for i := first; i < end; i++ {
		e := c.codec.edge(i)
		for t := range e.NumTiles() {
			if n == len(c.tiles) {
				c.tiles = append(c.tiles, tile.Tile{})
			}
			u := &c.tiles[n]
			u.Coder, u.Values, u.Bounds, u.Edge, u.Number = c.workers[0].coders[i], &c.values[i], e.TileBounds(t), i, t
			if k := len(c.batches) - 1; k >= 0 && n-c.batches[k].first < tile.MaxBatch && tile.Alike(&c.tiles[c.batches[k].first], u) {
				c.batches[k].end++
			} else {
				c.batches = append(c.batches, batch{n, n + 1})
			}
			n++
		}
	}
	c.tiles = c.tiles[:n]
}

// tilesOf are those of the edge whose tiles begin at *next, which moves on to the edge behind it.
func (c *coding) tilesOf(edge int, next *int) []tile.Tile {
	n := c.codec.edge(edge).NumTiles()
	*next += n
	return c.tiles[*next-n : *next]
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

// run does all n parts with as many goroutines as there are workers.
func run(t task, workers []worker, n int) {
	if len(workers) == 1 || n == 1 {
		for k := range n {
			t.do(&workers[0], k)
		}
		return
	}
	var next atomic.Int64
	var failed atomic.Pointer[parallel.Panic] // the caller's, once all have ended
	var wg sync.WaitGroup
	for i := range min(len(workers), n) {
		wg.Go(func() {
			p := parallel.Catch(func() {
				for k := int(next.Add(1)) - 1; k < n; k = int(next.Add(1)) - 1 {
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
