package onnx

import (
	"container/heap"
	"slices"

	"github.com/dqa-go/dqa/graph"
)

// sort keeps the nodes that outputs need and puts them in topological order: file order wherever that is one.
func (m *model) sort(inputs []input) error {
	producer := map[string]int{}
	for i, n := range m.nodes {
		for _, o := range n.Outputs {
			if o != "" {
				producer[o] = i
			}
		}
	}
	for _, in := range inputs {
		producer[in.name] = -1
	}
	for name := range m.consts {
		producer[name] = -1
	}
	live, err := m.live(producer)
	if err != nil {
		return err
	}
	return m.order(producer, live)
}

// live marks the nodes from which an output can be reached and checks that everything they read exists.
func (m *model) live(producer map[string]int) ([]bool, error) {
	live := make([]bool, len(m.nodes))
	var stack []int
	visit := func(v string) error {
		i, ok := producer[v]
		if !ok {
			return invalid("value %q is read but never written", v)
		}
		if i >= 0 && !live[i] {
			live[i] = true
			stack = append(stack, i)
		}
		return nil
	}
	for _, o := range m.outputs {
		if err := visit(o); err != nil {
			return nil, err
		}
	}
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, v := range slices.Concat(m.nodes[i].Inputs, m.captured[m.nodes[i]]) {
			if v == "" {
				continue
			}
			if err := visit(v); err != nil {
				return nil, err
			}
		}
	}
	return live, nil
}

// order is Kahn's algorithm; among the nodes that are ready, the first of the file goes first.
func (m *model) order(producer map[string]int, live []bool) error {
	waits := make([]int, len(m.nodes))
	readers := make([][]int, len(m.nodes))
	var ready intHeap
	total := 0
	for i, n := range m.nodes {
		if !live[i] {
			continue
		}
		total++
		for _, v := range slices.Concat(n.Inputs, m.captured[n]) {
			if p, ok := producer[v]; ok && p >= 0 && v != "" {
				waits[i]++
				readers[p] = append(readers[p], i)
			}
		}
		if waits[i] == 0 {
			ready = append(ready, i)
		}
	}
	heap.Init(&ready)
	sorted := make([]*graph.Node, 0, total)
	for len(ready) > 0 {
		i := heap.Pop(&ready).(int)
		sorted = append(sorted, m.nodes[i])
		for _, r := range readers[i] {
			if waits[r]--; waits[r] == 0 {
				heap.Push(&ready, r)
			}
		}
	}
	if len(sorted) < total {
		return invalid("%d nodes form a cycle", total-len(sorted))
	}
	m.nodes = sorted
	return nil
}

type intHeap []int

func (h intHeap) Len() int           { return len(h) }
func (h intHeap) Less(i, j int) bool { return h[i] < h[j] }
func (h intHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *intHeap) Push(x any)        { *h = append(*h, x.(int)) }
func (h *intHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}
