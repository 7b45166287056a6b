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
const attempts = 10

// improve lets edges lie in memory in faster ways than packed where there is room: as long as the arena does not grow beyond
// that of best, in which every edge is packed, with a generous slot, and what is to spare. Only the edges that are alive where
// the peak is decide how much memory a run needs.
func (k *packer) improve(best *Packed) *Packed {
	most := best.arenaSize + k.spare(best)/4
	room := 4 * most
	k.tight, k.sharing = true, true
	if next, err := k.packAll(); err == nil && next.arenaSize <= most {
		best = next
	}
	for range attempts {
		kinds := k.kinds
		changed := k.upgrade(best, room)
		if !changed && room >= 4*most {
			break
		}
		next, more := k.tryPack(most)
		switch {
		case next == nil:
			k.kinds = kinds
			return best
		case more > 0:
			k.kinds = kinds
			room -= more
		default:
			best = next
			room = min(4*most, room+2*(most-next.arenaSize)+1)
		}
	}
	for room, k.high = 4*most, true; room > 2*most; room -= room / 16 {
		k.makeRoom(best, room)
		next, more := k.tryPack(most)
		if more == 0 && next != nil {
			return next
		}
	}
	return best
}

// spare is how many bytes more than best needs may be spent on faster ways, where it is work space rather than edges that takes memory:
// then packing edges tighter hardly saves any.
func (k *packer) spare(best *Packed) int64 {
	stored := best.plan.Packed + best.plan.Float
	return max(0, min(stored/3, (best.plan.Work-stored)/4))
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
	f := p.newForecast()
	k.kinds = slices.Clone(k.kinds)
	changed := false
	for _, to := range []kind{asFaster, asFloats} {
		for _, c := range p.candidates() {
			if k.kinds[c.edge] >= to || to == asFaster && !k.hasFaster(c.edge) {
				continue
			}
			var s *slot
			if to == asFaster {
				s = newSlot(0, k.opt.Faster[c.edge], *c.target.grid, true)
				s.first, s.last = c.first, c.last
			}
			if f.change(c.edge, s, 4*int64(c.size), room) {
				k.kinds[c.edge] = to
				changed = true
			}
		}
	}
	k.rooms = map[int]int64{}
	for i, t := range p.tops {
		k.rooms[t.step] = (room - f.live[i] + 4*int64(t.work)) / int64(k.threads)
	}
	return changed
}

// makeRoom gives bands all the room that edges leave, and not less than they have.
func (k *packer) makeRoom(p *Packed, room int64) {
	k.rooms = map[int]int64{}
	for i, t := range p.tops {
		packed, float := p.live(i)
		k.rooms[t.step] = max(room-packed-float, 4*int64(t.work)) / int64(k.threads)
	}
}

func (k *packer) hasFaster(edge int) bool { return k.opt.Faster != nil && k.opt.Faster[edge] != nil }

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
