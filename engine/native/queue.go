package native

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/dqa-go/dqa/engine"
)

// queue is memory that edges share, one after the other: a step that reads an edge for the last time stores its result where
// the blocks were that it has done with. Blocks lie one behind the other, round and round; never are more than two edges
// in it. Only one worker can work so.
type queue struct {
	*buffer
	id    int
	slots []*slot // in the order in which they are alive
}

// sequence is what bands of a top do to blocks, by band: how many of its result are written behind it, and of which number on
// those are that are still read behind it, by slot.
type sequence struct {
	written []int // nil: not one behind the other
	low     map[*slot][]int
}

// note notes that band i reads block n of s.
func (q *sequence) note(s *slot, i, n int) {
	for len(q.low[s]) <= i {
		q.low[s] = append(q.low[s], math.MaxInt)
	}
	q.low[s][i] = min(q.low[s][i], n)
}

// spent is how many blocks of s no band behind each of n bands reads.
func (q *sequence) spent(s *slot, n int) []int {
	list := make([]int, n)
	low := s.rows() * s.columns()
	for i := n - 1; i >= 0; i-- {
		list[i] = low
		if i < len(q.low[s]) {
			low = min(low, q.low[s][i])
		}
	}
	return list
}

// noteWritten notes which blocks of its slot every band of t writes.
func (t *top) noteWritten() {
	g, n := &t.targets[0], 0
	t.sequence.written = nil
	if g.slot == nil || len(t.targets) > 1 {
		return
	}
	var written []int
	for i := range t.count() {
		inOrder := true
		g.slot.blocks(t.out, t.start(i), t.start(i+1), func(k, i int, _ blockOf, _, _ int) {
			inOrder = inOrder && n == k*g.slot.columns()+i
			n++
		})
		if !inOrder {
			return
		}
		written = append(written, n)
	}
	t.sequence.written, g.slot.inOrder = written, true
}

// sums are the expected sizes of the first blocks, of none at first.
func (s *slot) sums() []int64 {
	sums := []int64{0}
	for k := range s.rows() {
		for i := range s.columns() {
			b := s.at(k, i)
			sums = append(sums, sums[len(sums)-1]+int64(s.form.Expect(b.c0, b.channels, b.positions)))
		}
	}
	return sums
}

// sizeTogether is how many values a queue needs in which y takes the place of x: behind every band, some blocks of x are spent
// and some of y written.
func sizeTogether(x, y *slot, spent, written []int) int {
	old, new, most := x.sums(), y.sums(), int64(0)
	for i, n := range spent {
		most = max(most, old[len(old)-1]-old[n]+new[written[i]])
	}
	if !x.steady || !y.steady {
		most += most/margin + min(int64(max(x.bound, y.bound)), most/margin)
	}
	most += int64(max(x.block, y.block)) // which is lost where the end of the memory is
	return int(ceilDiv(most+engine.FormSlack, 4))
}

// stretch is what a slot takes with those of its queue.
func (s *slot) stretch() (size, first, last int) {
	if q := s.queue; q != nil {
		return q.size, q.first, q.last
	}
	return s.alone, s.first, s.last
}

// share makes queues where a layer needs less by that, and none while they last much more than the most before: those that do
// may be next. The layers that need most come first.
func (k *packer) share(p *Packed) {
	live := make([]int, len(p.tops))
	for i, t := range p.tops {
		packed, float := p.live(i)
		live[i] = int(packed+float)/4 + t.work
	}
	order := slices.Clone(p.tops)
	slices.SortStableFunc(order, func(a, b *top) int { return cmp.Compare(live[b.index], live[a.index]) })
	for _, t := range order {
		if t.sequence.written != nil {
			p.shareAt(t, live)
		}
	}
	for _, q := range p.queues {
		for _, s := range q.slots {
			s.buffer.size, s.fixed = s.table(), nil
		}
	}
}

// shareAt lets the result of t take the place of the edge that makes live least.
func (p *Packed) shareAt(t *top, live []int) {
	y := t.targets[0].slot
	var with []int
	var best *slot
	for _, x := range p.slots {
		if x.last != t.index || x == y || !x.inOrder || x.next != nil {
			continue
		}
		next := tryShare(t, x, y, live)
		_, first, _ := x.stretch()
		_, _, last := y.stretch()
		gain := live[t.index] - next[t.index]
		less := gain > 0 && slices.Max(next[first:last+1]) <= slices.Max(live[first:last+1])+gain/4
		if less && (best == nil || next[t.index] < with[t.index]) {
			best, with = x, next
		}
	}
	if best != nil {
		copy(live, with)
		p.join(t, best, y)
	}
}

// tryShare is what is live if y takes the place of x.
func tryShare(t *top, x, y *slot, live []int) []int {
	next := slices.Clone(live)
	size := sizeTogether(x, y, t.sequence.spent(x, t.count()), t.sequence.written)
	for _, s := range []*slot{x, y} {
		n, first, last := s.stretch()
		size = max(size, n)
		for i := first; i <= last; i++ {
			next[i] -= n
		}
	}
	_, first, _ := x.stretch()
	_, _, last := y.stretch()
	for i := first; i <= last; i++ {
		next[i] += size
	}
	return next
}

// join makes one queue of those of x and y.
func (p *Packed) join(t *top, x, y *slot) {
	t.replaced, t.spent = x, t.sequence.spent(x, t.count())
	q := &queue{buffer: &buffer{size: sizeTogether(x, y, t.spent, t.sequence.written)}}
	for _, s := range []*slot{x, y} {
		n, first, last := s.stretch()
		q.size = max(q.size, n)
		if s == x {
			q.first = first
		}
		q.last = last
		if old := s.queue; old != nil {
			q.slots = append(q.slots, old.slots...)
			p.queues = slices.DeleteFunc(p.queues, func(q *queue) bool { return q == old })
		} else {
			q.slots = append(q.slots, s)
		}
	}
	for _, s := range q.slots {
		s.queue = q
	}
	x.next = y
	p.queues = append(p.queues, q)
}

// queueState is a queue in an arena.
type queueState struct {
	data  []byte
	tail  int // where the next block is written
	slots []*slotState
}

// head is where the oldest block lies that is still read; ok is false where there is none.
func (q *queueState) head() (at int, ok bool) {
	for _, s := range q.slots {
		for n := s.spent; n < s.written; n++ { // those before are no longer read
			if at := s.places[2*n]; at&onPage == 0 {
				return int(at), true
			}
		}
	}
	return 0, false
}

// take finds a place for a block; ok is false where there is none.
func (q *queueState) take(size int) (at int, ok bool) {
	head, some := q.head()
	end := len(q.data) - engine.FormSlack
	switch {
	case !some:
		at, ok = 0, size <= end
	case head < q.tail && q.tail+size <= end:
		at, ok = q.tail, true
	case head < q.tail: // from the start on
		at, ok = 0, size <= head
	default:
		at, ok = q.tail, q.tail+size <= head
	}
	if ok {
		q.tail = at + size
	}
	return at, ok
}

// put writes block n, the next one.
func (s *slotState) put(pool *pages, block []byte, n int) {
	at, ok := s.queue.take(len(block))
	if ok {
		copy(s.queue.data[at:], block)
		s.places[2*n] = uint32(at)
	} else {
		s.places[2*n] = s.spill(pool, block)
	}
	s.places[2*n+1] = uint32(len(block))
	s.written = n + 1
}

// spend gives up what no band behind the one from a row on reads.
func (t *top) spend(w *worker, from int) {
	if t.replaced != nil {
		w.arena.slots[t.replaced.id].spent = t.spent[t.number(from)]
	}
}

// checkKept panics where a block is read that was given up.
func (s *slotState) checkKept(n int) {
	if n < s.spent {
		panic(fmt.Sprintf("block %d of slot %d is read behind %d", n, s.id, s.spent))
	}
}
