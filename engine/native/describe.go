package native

import (
	"math"
	"slices"

	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/tensor"
)

// reserve is which part of the arena is planned for pages where sizes of blocks depend on the image: with it the plan is
// no more than 2 % beyond what is measured where there are no pages, and not below where images are like those of calibration.
const reserve = 64

// describe fills the plan.
func (k *packer) describe(p *Packed) {
	plan := &p.plan
	plan.Peak, plan.Threads, plan.Weights = 4*p.arenaSize, p.workers, k.p.weightBytes()
	if p.varies() {
		plan.Peak += plan.Peak / reserve
	}
	for _, o := range p.program.outputs {
		plan.Outputs += 4 * int64(tensor.Size(o.shape))
	}
	most := int64(-1)
	for i, t := range p.tops {
		packed, float := p.live(i)
		work := 4 * int64(t.work)
		if live := packed + float + work; live > most {
			most = live
			plan.Packed, plan.Float, plan.Work = packed, float, work
		}
		for _, u := range slices.Backward(t.tree[1:]) {
			plan.Nodes = append(plan.Nodes, u.node("on demand"))
		}
		n := k.topNode(t)
		n.Work, n.Live = work, packed+float+work
		plan.Nodes = append(plan.Nodes, n)
	}
}

// varies tells whether there are slots that may need pages on images like those of calibration.
func (p *Packed) varies() bool {
	return slices.ContainsFunc(p.slots, func(s *slot) bool { return !s.steady })
}

// live is how many bytes of packed edges and of floats are live while top i runs.
func (p *Packed) live(i int) (packed, float int64) {
	for _, t := range p.tops[:i+1] {
		for _, g := range t.targets {
			b := g.memory()
			switch {
			case b == nil || b.last < i:
			case g.slot != nil:
				packed += 4 * int64(b.size)
			default:
				float += 4 * int64(b.size)
			}
		}
	}
	for _, q := range p.queues {
		if q.alive(i) {
			packed += 4 * int64(q.size)
		}
	}
	return packed, float
}

func (k *packer) topNode(t *top) engine.PlanNode {
	n := t.unit.node("float")
	n.Rows, n.Bands = t.rows, t.count()
	for i, g := range t.targets {
		v := k.values[k.p.steps[t.step].out[i]]
		if v.edge >= 0 {
			n.Edge = v.edge
		}
		if g.form != nil {
			n.Form = g.form.Name()
		}
		switch b := g.memory(); {
		case b == nil:
			n.Stored = "output"
		case g.slot != nil:
			n.Stored = "packed"
			n.Bytes += 4 * int64(g.slot.alone)
		default:
			n.Bytes += 4 * int64(b.size)
		}
	}
	return n
}

func (u *unit) node(stored string) engine.PlanNode {
	n := engine.PlanNode{Name: u.site.Name, Op: u.site.Op, Edge: -1, Stored: stored}
	if u.rounds != nil {
		n.Edge, n.Form = u.rounds.value.edge, u.rounds.form.Name()
	}
	if u.site.residual || u.site.bias != nil {
		n.Op += "+Add"
	}
	if lo, hi := u.site.lo, u.site.hi; lo > -math.MaxFloat32 || hi < math.MaxFloat32 {
		n.Op += "+Clip"
	}
	if u.whole != nil {
		n.Whole = u.whole.Error()
	}
	return n
}

// weightBytes is what the runners keep of constants.
func (p *Program) weightBytes() int64 {
	n := 0
	for _, values := range p.weights.packed {
		n += len(values)
	}
	for _, s := range p.steps {
		for _, o := range s.in {
			n += len(o.constant)
		}
	}
	return 4 * int64(n)
}
