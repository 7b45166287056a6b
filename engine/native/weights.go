package native

import "sync"

// weights holds what runners make of constants, so that all bands of a node share it.
type weights struct {
	mu     sync.Mutex
	packed map[string][]float32
}

// share returns what pack makes of the node's weights; use tells apart what is made of the same weights.
func (s *site) share(use string, pack func() []float32) []float32 {
	if s.weights == nil {
		return pack()
	}
	w := s.weights
	w.mu.Lock()
	defer w.mu.Unlock()
	key := use + " " + s.Inputs[1]
	values, ok := w.packed[key]
	if !ok {
		values = pack()
		w.packed[key] = values
	}
	return values
}
