package native

import "github.com/dqa-go/dqa/tensor"

// join is a Concat whose parts are computed where they belong in the whole, so that nothing is copied.
type join struct {
	whole int // storages
	parts []joinPart
	room  *buffer // that the whole takes
}

type joinPart struct{ storage, at int }

// join finds the inputs of a Concat that can lie in its output: each part must lie there in one piece, in one such whole,
// and may not be a whole itself. What a hook writes to an edge is for the edge's readers only, so that an edge has its own
// storage.
func (c *compiler) join(st *step) {
	s, id := st.site, st.out[0]
	axis := s.Attrs.Int("axis", 0)
	if _, edge := c.edgeOf[s.outputs[0]]; edge || tensor.Size(s.outShape(0)[:axis]) != 1 {
		return
	}
	j, at := join{whole: id}, 0
	for i, o := range st.in {
		size := tensor.Size(s.shape(i))
		if o.computed && at%alignment == 0 {
			if part := &c.p.storages[o.storage]; part.first >= 0 && part.size == size && !c.joined[o.storage] {
				j.parts = append(j.parts, joinPart{o.storage, at})
				c.joined[o.storage] = true
				part.within = id
			}
		}
		at += size
	}
	if j.parts != nil {
		c.joined[id] = true
		c.joins = append(c.joins, j)
	}
}

// place places everything, with Concats joined if the arena does not grow by that: a whole lives longer than its parts.
func (c *compiler) place() int64 {
	var all []*buffer
	for i := range c.p.storages {
		all = append(all, c.p.storages[i].buffer)
	}
	all = append(all, c.scratch...)
	if c.joins == nil {
		return place(all)
	}
	apart := place(all)
	if joined := place(c.buffers()); joined <= apart {
		c.settleJoins()
		return joined
	}
	for i := range c.p.storages {
		c.p.storages[i].within = -1
	}
	return place(all)
}

// buffers are what must be placed: a whole takes its room from when its first part is computed.
func (c *compiler) buffers() []*buffer {
	var all []*buffer
	for i := range c.p.storages {
		if !c.joined[i] {
			all = append(all, c.p.storages[i].buffer)
		}
	}
	for i := range c.joins {
		b := *c.p.storages[c.joins[i].whole].buffer
		for _, p := range c.joins[i].parts {
			part := c.p.storages[p.storage].buffer
			b.first, b.last = min(b.first, part.first), max(b.last, part.last)
		}
		c.joins[i].room = &b
		all = append(all, &b)
	}
	return append(all, c.scratch...)
}

// settleJoins tells parts and wholes where they were placed.
func (c *compiler) settleJoins() {
	for _, j := range c.joins {
		c.p.storages[j.whole].offset = j.room.offset
		for _, p := range j.parts {
			c.p.storages[p.storage].offset = j.room.offset + int64(p.at)
		}
	}
}
