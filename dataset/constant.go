package dataset

import "fmt"

// Constant is a NumPy array as a value of a network: of integers and truth values, or of floats.
type Constant struct {
	Shape  []int
	Floats []float32 // nil where the array holds integers or truth values
	Ints   []int64
}

// ReadConstant reads a whole array, a .npy file or FILE.npz:NAME. Errors are those of Open.
func ReadConstant(path string, opt Options) (*Constant, error) {
	a, err := openArray(path, &opt)
	if err != nil {
		return nil, err
	}
	if !numeric(a.header.dtype) {
		return nil, fmt.Errorf("%w: %s holds %s, not numbers", ErrSpec, path, a.header.dtype)
	}
	total := int64(a.items) * int64(a.bytes)
	if total > opt.maxMemory() {
		return nil, fmt.Errorf("%w: %s takes %d MiB", ErrMemory, path, total>>20)
	}
	c := &Constant{Shape: a.header.shape}
	for i := range a.items {
		b, err := a.item(i)
		if err != nil {
			return nil, err
		}
		if a.header.dtype[1] == 'f' {
			c.Floats = append(c.Floats, floats(a.header.dtype, b)...)
			continue
		}
		for k := range a.bytes / dtypeSize(a.header.dtype) {
			c.Ints = append(c.Ints, integer(a.header.dtype, b, k))
		}
	}
	return c, nil
}
