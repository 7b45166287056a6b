package native

import (
	"sync"

	"github.com/dqa-go/dqa/graph"
)

// weights holds what runners make of constants, so that all bands of a node, and programs of the same constants, share it.
type weights struct {
	mu      sync.Mutex
	packed  map[use][]float32
	release func() // gives back the memory of constants that were looked at; nil: there is nothing to give back
	looked  int    // values since then
}

// use tells apart what is made of the same constant.
type use struct {
	of *graph.Tensor
	by string
}

// releaseEvery is after how many values constants are given back.
const releaseEvery = 1 << 20

// share returns what pack makes of input i; by tells apart what is made of the same constant.
func (s *site) share(i int, by string, pack func() []float32) []float32 {
	if s.weights == nil {
		return pack()
	}
	w := s.weights
	w.mu.Lock()
	defer w.mu.Unlock()
	key := use{s.graph.Constants[s.Inputs[i]], by}
	values, ok := w.packed[key]
	if ok {
		return values
	}
	values = pack()
	w.packed[key] = values
	if w.looked += len(values); w.release != nil && w.looked > releaseEvery {
		w.release()
		w.looked = 0
	}
	return values
}
