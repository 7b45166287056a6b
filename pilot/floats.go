package pilot

import (
	"sync"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/tensor"
)

// mostFloats bounds the bytes of outputs that are remembered.
const mostFloats = 192 << 20

// floats remembers what the float network says of images: every setting is compared with it.
type floats struct {
	mu   sync.Mutex
	all  map[*dataset.Inputs]map[int][]*tensor.Tensor
	used int64
}

func (f *floats) get(data *dataset.Inputs, i int) []*tensor.Tensor {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.all[data][i]
}

// keep remembers outputs, which must not be changed any more, as long as there is room.
func (f *floats) keep(data *dataset.Inputs, i int, outputs []*tensor.Tensor) {
	size := int64(0)
	for _, t := range outputs {
		size += 4 * int64(len(t.Data))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.used+size > mostFloats {
		return
	}
	if f.all == nil {
		f.all = map[*dataset.Inputs]map[int][]*tensor.Tensor{}
	}
	if f.all[data] == nil {
		f.all[data] = map[int][]*tensor.Tensor{}
	}
	f.all[data][i], f.used = outputs, f.used+size
}

// float is what the float network says of image i of data, which is x.
func (r *run) float(data *dataset.Inputs, i int, x *tensor.Tensor) ([]*tensor.Tensor, error) {
	if outputs := r.floats.get(data, i); outputs != nil {
		return outputs, nil
	}
	outputs, err := r.net.Program().Run(x, nil)
	if err == nil {
		r.floats.keep(data, i, outputs)
	}
	return outputs, err
}
