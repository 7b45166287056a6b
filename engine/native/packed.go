package native

import (
	"fmt"
	"sync/atomic"

	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/engine/native/kernel"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/tensor"
)

// Packed is a program whose edges lie in memory as their forms say. It is immutable: any number of goroutines may run
// it, each in an arena of its own.
type Packed struct {
	program *Program
	hook    engine.Hook
	tops    []*top
	slots   []*slot
	queues  []*queue
	units   int
	workers int
	plan    engine.Plan

	arenaSize int64
	free      chan *packedArena
	peak      atomic.Int64
}

// packedArena is the memory of one run.
type packedArena struct {
	data            []float32
	slots           []*slotState
	pages           pages
	workers         []*worker
	inputs, outputs [][]float32
	meeting         meeting
	err             error // of the hook
	panic           atomic.Pointer[parallel.Panic]
}

func (a *packedArena) slice(b *buffer) []float32 {
	n := b.size + b.spare
	return a.data[b.offset:][: n : n+slack]
}

// worker computes one share of every top.
type worker struct {
	id    int
	arena *packedArena
	units []unitState // by step
	tops  []topState
	topState
}

// Program is what was packed.
func (p *Packed) Program() *Program { return p.program }

// Plan is what a run needs.
func (p *Packed) Plan() engine.Plan { return p.plan }

// Peak is the most bytes of activations that a run has really held, pages beyond the plan included; 0 before the first.
func (p *Packed) Peak() int64 { return p.peak.Load() }

// finish plans the arena.
func (k *packer) finish() (*Packed, error) {
	p := &Packed{program: k.p, hook: k.opt.Hook, tops: k.tops, slots: k.slots, units: len(k.units), workers: k.threads}
	var all []*buffer
	last := map[*slot]*top{}
	for i, t := range k.tops {
		for _, g := range t.targets {
			if b := g.memory(); b != nil {
				b.first, b.last = i, i
				all = append(all, b)
			}
			if g.slot != nil {
				last[g.slot] = t
			}
		}
		visit(t.unit, func(s source) {
			switch s := s.(type) {
			case *plain:
				if s.buffer != nil {
					s.buffer.last = i
				}
			case *packedRows:
				s.slot.buffer.last = i
				last[s.slot] = t
			case *strided:
				if s.slot != nil {
					s.slot.buffer.last = i
					last[s.slot] = t
				} else if s.base.buffer != nil {
					s.base.buffer.last = i
				}
			}
		})
		all = append(all, t.addSpaces(k.threads)...)
	}
	for _, s := range k.slots {
		last[s].slots = append(last[s].slots, s)
	}
	if k.sharing && k.threads == 1 {
		k.share(p)
		for i, q := range p.queues {
			q.id = i
			all = append(all, q.buffer)
		}
	}
	p.arenaSize = place(all)
	spread(p.elastic(), all, p.arenaSize)
	if p.arenaSize > maxArena {
		return nil, fmt.Errorf("%w: a run needs %d values of memory, at most %d are allowed", graph.ErrLimit, p.arenaSize, maxArena)
	}
	p.free = make(chan *packedArena, freeArenas())
	k.describe(p)
	return p, nil
}

// elastic are the buffers of blocks whose sizes depend on the image.
func (p *Packed) elastic() []*buffer {
	var list []*buffer
	for _, q := range p.queues {
		list = append(list, q.buffer)
	}
	for _, s := range p.slots {
		if s.fixed == nil && s.queue == nil {
			list = append(list, s.buffer)
		}
	}
	return list
}

// storedPeak is the most that edges and other tensors take at a time.
func (k *packer) storedPeak() int64 {
	p, most := &Packed{tops: k.tops}, int64(0)
	for i := range k.tops {
		packed, float := p.live(i)
		most = max(most, packed+float)
	}
	return most
}

// memory is where in the arena an output is stored; nil: elsewhere.
func (g *target) memory() *buffer {
	if g.slot != nil {
		return g.slot.buffer
	}
	return g.home.buffer
}

func (p *Packed) newArena() *packedArena {
	a := &packedArena{data: make([]float32, p.arenaSize)}
	a.meeting.workers = int32(p.workers)
	queues := make([]*queueState, len(p.queues))
	for i, q := range p.queues {
		queues[i] = &queueState{data: bytesOf(a.slice(q.buffer))}
	}
	for _, s := range p.slots {
		state := s.bind(a.slice(s.buffer))
		a.slots = append(a.slots, state)
		if s.queue != nil {
			state.queue = queues[s.queue.id]
			state.queue.slots = append(state.queue.slots, state)
		}
	}
	for i := range p.workers {
		w := &worker{id: i, arena: a, units: make([]unitState, p.units)}
		for _, t := range p.tops {
			w.tops = append(w.tops, t.bind(w, a.slice(t.spaces[2*i]), a.slice(t.spaces[2*i+1])))
		}
		a.workers = append(a.workers, w)
	}
	return a
}

// addSpaces makes the work spaces of the workers, each in two pieces.
func (t *top) addSpaces(workers int) []*buffer {
	t.spaces, t.work = nil, t.size*workers
	for range workers {
		for _, size := range []int{t.cutAt, t.size - t.cutAt} {
			t.spaces = append(t.spaces, &buffer{size: size, first: t.index, last: t.index})
		}
	}
	return t.spaces
}

// bind gives a worker its buffers of a top.
func (t *top) bind(w *worker, space, behind []float32) topState {
	slice := func(b *buffer) []float32 {
		x, at := space[:cap(space)], int(b.offset)
		if at >= t.cutAt {
			x, at = behind[:cap(behind)], at-t.cutAt
		}
		return x[at:][: b.size : b.size+slack]
	}
	for _, u := range t.tree {
		s := &w.units[u.id]
		s.held = make([][2]int, len(u.inputs))
		s.task.in = make([][]float32, len(u.inputs))
		s.task.out = make([][]float32, 1+len(u.work.more))
		for i := range u.inputs {
			s.task.in[i] = u.inputs[i].constant
			s.slabs = append(s.slabs, slice(&u.work.slabs[i]))
		}
		if u.packsInPlace() {
			s.task.lead = s.slabs[0]
			s.slabs[0] = s.slabs[0][kernel.Rows*u.inputs[0].inner:]
		}
		for i := range u.work.parts {
			s.parts = append(s.parts, slice(&u.work.parts[i]))
		}
		for i := range u.work.more {
			s.more = append(s.more, slice(&u.work.more[i]))
			s.task.out[i+1] = s.more[i]
		}
		s.out, s.scratch, s.row = slice(&u.work.out), slice(&u.work.scratch), slice(&u.work.row)
	}
	return topState{slice(&t.block), bytesOf(slice(&t.bytes))}
}

// Run computes the outputs for one input.
func (p *Packed) Run(input *tensor.Tensor) ([]*tensor.Tensor, error) {
	return p.RunInputs([]*tensor.Tensor{input})
}

// RunInputs is Run for graphs of any number of inputs.
func (p *Packed) RunInputs(inputs []*tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := engine.CheckInputs(p.program.graph, inputs); err != nil {
		return nil, err
	}
	var a *packedArena
	select {
	case a = <-p.free:
	default:
		a = p.newArena()
	}
	defer func() {
		if a.panic.Load() == nil { // else nobody knows what the arena holds
			p.release(a)
		}
	}()
	for _, x := range inputs {
		a.inputs = append(a.inputs, x.Data)
	}
	out := p.newOutputs(a)
	a.err = nil
	for _, w := range a.workers[1:] {
		go p.work(w)
	}
	p.work(a.workers[0])
	if caught := a.panic.Load(); caught != nil {
		panic(caught)
	}
	if a.err != nil {
		return nil, a.err
	}
	for i, o := range p.program.outputs {
		copy(out[i].Data, p.result(a, o, i))
	}
	return out, nil
}

// newOutputs makes the tensors that a run returns; the network computes into them.
func (p *Packed) newOutputs(a *packedArena) []*tensor.Tensor {
	var out []*tensor.Tensor
	for _, o := range p.program.outputs {
		t := &tensor.Tensor{Shape: append([]int(nil), o.shape...), Data: make([]float32, tensor.Size(o.shape))}
		out, a.outputs = append(out, t), append(a.outputs, t.Data)
	}
	return out
}

// result is where output i lies at the end of a run: a constant, an input, or the output itself or one that shares its
// values.
func (p *Packed) result(a *packedArena, o output, i int) []float32 {
	switch {
	case !o.computed:
		return o.constant
	case o.storage < len(a.inputs):
		return a.inputs[o.storage]
	}
	for k, other := range p.program.outputs[:i] {
		if other.computed && other.storage == o.storage {
			return a.outputs[k]
		}
	}
	return a.outputs[i]
}

// work runs a worker's shares of all tops. All workers meet behind each, before any reads what it stored. Behind a panic
// they go on meeting, so that none waits for ever, and compute nothing more.
func (p *Packed) work(w *worker) {
	a := w.arena
	for _, t := range p.tops {
		a.unlessPanicked(func() { t.run(w) })
		a.meeting.wait()
		if p.hook != nil && t.hooked() {
			if w.id == 0 {
				a.unlessPanicked(func() { a.err = p.callHook(w, t) })
			}
			a.meeting.wait()
			if a.err != nil {
				break
			}
		}
		if w.id == 0 {
			for _, s := range t.slots { // that nothing reads any more
				a.slots[s.id].reset(&a.pages)
			}
		}
	}
	a.meeting.wait() // the arena is nobody's then
}

// unlessPanicked runs f, keeps its panic for the goroutine that called Run, and does nothing once there is one.
func (a *packedArena) unlessPanicked(f func()) {
	if a.panic.Load() != nil {
		return
	}
	if caught := parallel.Catch(f); caught != nil {
		a.panic.CompareAndSwap(nil, caught)
	}
}

// hooked tells whether the hook wants to see what t stores.
func (t *top) hooked() bool {
	for i := range t.targets {
		if t.targets[i].edge >= 0 {
			return true
		}
	}
	return false
}

func (p *Packed) callHook(w *worker, t *top) error {
	for i := range t.targets {
		if g := &t.targets[i]; g.edge >= 0 {
			if err := p.hook(g.edge, g.values(w)); err != nil {
				return err
			}
		}
	}
	return nil
}

// release notes what the run held and keeps the arena for the next one.
func (p *Packed) release(a *packedArena) {
	used := 4*int64(len(a.data)) + a.pages.held
	for {
		peak := p.peak.Load()
		if used <= peak || p.peak.CompareAndSwap(peak, used) {
			break
		}
	}
	for _, s := range a.slots {
		s.reset(&a.pages)
	}
	clear(a.inputs)
	clear(a.outputs)
	a.inputs, a.outputs = a.inputs[:0], a.outputs[:0]
	select {
	case p.free <- a:
	default:
	}
}
