package native

import (
	"cmp"
	"slices"

	"github.com/dqa-go/dqa/tensor"
)

// kind is how an edge lies in memory that has a form.
type kind byte

const (
	asPacked kind = iota // as its form says
	asFaster             // as its faster form says
	asFloats             // as floats, rounded to what its form gives back
)

// attempts is how often improve packs at most.
const attempts = 6

// improve lets edges lie in memory in faster ways than packed where there is room: as long as the arena does not grow beyond
// that of best, in which every edge is packed, with a generous slot. Only the edges that are alive where the peak is decide how
// much memory a run needs.
func (k *packer) improve(best *Packed) *Packed {
	most := best.arenaSize
	room := 4 * most
	k.tight = true
	if next, err := k.packAll(); err == nil && next.arenaSize <= most {
		best = next
	}
	for range attempts {
		kinds := k.kinds
		if !k.upgrade(best, room) {
			break
		}
		next, more := k.tryPack(most)
		if next != nil && more == 0 {
			best = next
			continue
		}
		k.kinds = kinds
		if next == nil {
			break
		}
		room -= more
	}
	for k.high = true; room > 2*most; room -= room / 8 {
		k.makeRoom(best, room)
		next, more := k.tryPack(most)
		if more == 0 && next != nil {
			return next
		}
	}
	return best
}

// tryPack packs within an arena of most values; more is how many bytes it would take beyond.
func (k *packer) tryPack(most int64) (p *Packed, more int64) {
	k.wholes = map[int]error{}
	p, err := k.packAll()
	if err != nil {
		return nil, 0
	}
	return p, 4 * max(0, p.arenaSize-most)
}

// candidate is an edge that might lie in memory in a faster way.
type candidate struct {
	target      *target
	edge        int
	first, last int // tops
	size        int // values
	times       int // that it is decoded, by columns that are computed of it
}

// upgrade chooses edges that take faster ways within room bytes, by what p needs; it tells whether there are any.
func (k *packer) upgrade(p *Packed, room int64) bool {
	stored, live := make([]int64, len(p.tops)), make([]int64, len(p.tops))
	for i, t := range p.tops {
		packed, float := p.live(i)
		stored[i] = packed + float
		live[i] = stored[i] + 4*int64(t.work.size)
	}
	k.kinds = slices.Clone(k.kinds)
	changed := false
	for _, to := range []kind{asFloats, asFaster} {
		for _, c := range p.candidates() {
			if k.kinds[c.edge] >= to || to == asFaster && !k.hasFaster(c.edge) {
				continue
			}
			more := k.bytesAs(c, to) - 4*int64(c.target.slot.size)
			if more > 0 && slices.Max(live[c.first:c.last+1])+more > room {
				continue
			}
			for i := c.first; i <= c.last; i++ {
				live[i] += more
				stored[i] += more
			}
			k.kinds[c.edge] = to
			changed = true
		}
	}
	k.rooms = map[int]int64{}
	for i, t := range p.tops {
		k.rooms[t.step] = (room - stored[i]) / int64(k.threads)
	}
	return changed
}

// makeRoom gives bands all the room that edges leave, and not less than they have.
func (k *packer) makeRoom(p *Packed, room int64) {
	k.rooms = map[int]int64{}
	for i, t := range p.tops {
		packed, float := p.live(i)
		k.rooms[t.step] = max(room-packed-float, 4*int64(t.work.size)) / int64(k.threads)
	}
}

func (k *packer) hasFaster(edge int) bool { return k.opt.Faster != nil && k.opt.Faster[edge] != nil }

// bytesAs is what an edge takes in another kind.
func (k *packer) bytesAs(c candidate, to kind) int64 {
	if to == asFloats {
		return 4 * int64(c.size)
	}
	return 4 * int64(newSlot(0, k.opt.Faster[c.edge], *c.target.grid, true).size)
}

// candidates are the packed edges, first those that are decoded again and again, then those that are alive for the shortest time, and
// of those the largest.
func (p *Packed) candidates() []candidate {
	var list []candidate
	times := p.timesDecoded()
	for _, t := range p.tops {
		for i := range t.targets {
			g := &t.targets[i]
			if g.slot == nil {
				continue
			}
			list = append(list, candidate{g, g.value.edge, g.slot.first, g.slot.last, tensor.Size(g.value.shape), times[g.slot]})
		}
	}
	slices.SortStableFunc(list, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.times, a.times), cmp.Compare(a.last-a.first, b.last-b.first), cmp.Compare(b.size, a.size))
	})
	return list
}

// timesDecoded is how often slots are decoded for columns.
func (p *Packed) timesDecoded() map[*slot]int {
	times := map[*slot]int{}
	for _, t := range p.tops {
		for _, u := range t.tree {
			if u.columns == nil {
				continue
			}
			visit(u.inputs[0].source, func(s source) {
				if s, ok := s.(*packedRows); ok {
					times[s.slot] = len(u.columns.parts[0].first)
				}
			})
		}
	}
	return times
}
