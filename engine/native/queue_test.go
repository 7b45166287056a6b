package native

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/graph"
)

// Blocks of two slots come and go in a queue in any sizes: those that are still read keep what was written.
func TestQueueKeepsWhatIsRead(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	spilled := 0
	for range 300 {
		pool := &pages{}
		q := &queueState{data: make([]byte, engine.FormSlack+50+r.IntN(400))}
		n := 1 + r.IntN(30)
		for range 2 {
			s := &slot{grid: grid{channels: 1, positions: n, c: 1, p: 1}, queue: &queue{}}
			q.slots = append(q.slots, &slotState{slot: s, queue: q, places: make([]uint32, 2*n)})
		}
		var blocks [2][][]byte
		write := func(k int) {
			s := q.slots[k]
			block := bytes.Repeat([]byte{byte(r.IntN(256))}, 1+r.IntN(60))
			s.put(pool, block, s.written)
			blocks[k] = append(blocks[k], block)
		}
		for range n {
			write(0)
		}
		for q.slots[1].written < n {
			if old := q.slots[0]; old.spent < n && r.IntN(2) == 0 {
				old.spent++
			}
			write(1)
			for k, s := range q.slots {
				for i := s.spent; i < s.written; i++ {
					if got := s.block(pool, 0+i, 0); !bytes.Equal(got, blocks[k][i]) {
						t.Fatalf("block %d of slot %d of %d is %v, not %v", i, k, n, got, blocks[k][i])
					}
				}
			}
		}
		spilled += len(pool.all)
	}
	if spilled == 0 {
		t.Error("no block was ever on a page")
	}
}

// What was given up is not read.
func TestQueuePanicsWhereABlockIsGone(t *testing.T) {
	four := &slot{grid: grid{channels: 1, positions: 4, c: 1, p: 1}}
	s := &slotState{slot: four, queue: &queueState{}, places: make([]uint32, 8), spent: 2}
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	s.block(&pages{}, 1, 0)
}

// Results take the place of what their step reads for the last time, and the peak gets lower by that.
func TestEdgesShareMemory(t *testing.T) {
	name := "resnet32_cifar10.onnx"
	p := compileNetwork(t, loadNetwork(t, name, loadReferences(t)[name].InputShape), graph.Stored)
	x := formulaInput(p.graph.Input.Shape)
	forms := testForms(p, 127, 16)
	var peaks [2]int64
	for i, sharing := range []bool{false, true} {
		k := &packer{p: p, forms: forms, wholes: map[int]error{}, threads: 1, kinds: make([]kind, len(p.edges)), sharing: sharing}
		packed, err := k.packTwice()
		if err != nil {
			t.Fatal(err)
		}
		sameOutputs(t, fmt.Sprint("shared: ", sharing), mustRunPacked(t, packed, x), mustRun(t, p, x, simulation(p, forms)))
		peaks[i] = packed.Peak()
		if sharing != (len(packed.queues) > 0) {
			t.Errorf("%d queues", len(packed.queues))
		}
	}
	if peaks[1] > peaks[0]*7/8 {
		t.Errorf("%d bytes with queues, %d without", peaks[1], peaks[0])
	}
}
