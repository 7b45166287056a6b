package features

import "fmt"

// Concat is several arrays one behind the other: their rows have one shape.
func Concat(all ...Rows) (Rows, error) {
	if len(all) == 1 {
		return all[0], nil
	}
	c := &concat{all: all, shape: append([]int(nil), all[0].Shape()...)}
	c.shape[0] = 0
	for _, x := range all {
		if fmt.Sprint(x.Shape()[1:]) != fmt.Sprint(c.shape[1:]) {
			return nil, fmt.Errorf("%w: rows of shape %v behind rows of shape %v", ErrAxes, x.Shape()[1:], c.shape[1:])
		}
		c.starts = append(c.starts, c.shape[0])
		c.shape[0] += x.Shape()[0]
	}
	return c, nil
}

type concat struct {
	all    []Rows
	starts []int // of each, in rows
	shape  []int
}

func (c *concat) Shape() []int { return c.shape }

func (c *concat) ReadRows(dst []float32, i int) error {
	row := 1
	for _, d := range c.shape[1:] {
		row *= d
	}
	for k, x := range c.all {
		first, rows := i-c.starts[k], x.Shape()[0]
		if first < 0 || first >= rows {
			continue
		}
		n := min(len(dst), (rows-first)*row)
		if err := x.ReadRows(dst[:n], first); err != nil {
			return err
		}
		if dst, i = dst[n:], i+n/row; len(dst) == 0 {
			return nil
		}
	}
	if len(dst) > 0 {
		return fmt.Errorf("%w: rows beyond %d", ErrAxes, c.shape[0])
	}
	return nil
}
