package dataset

import (
	"fmt"
	"regexp"
)

// Memory is a NumPy array that lies in memory, in C order.
type Memory struct {
	Name  string // what the array is called, in errors and where profiles tell what they were made of
	Type  string // NumPy's word for the type of the values: "<f4", "|u1"
	Shape []int
	Data  []byte // must stay as it is
}

var memoryType = regexp.MustCompile(`^[<>|][a-z][1248]$`)

func (m *Memory) array() (*array, error) {
	switch item, err := itemValues(m.Shape[min(1, len(m.Shape)):]); {
	case len(m.Shape) == 0 || m.Shape[0] < 0:
		return nil, fmt.Errorf("%w: %s has the shape %v", ErrFit, m.Name, m.Shape)
	case err != nil:
		return nil, fmt.Errorf("%w: %s: %w", ErrFit, m.Name, err)
	case !memoryType.MatchString(m.Type) || !numeric(m.Type):
		return nil, fmt.Errorf("%w: %s: values of type %.20q are no numbers that are read", ErrFit, m.Name, m.Type)
	case len(m.Data)%(item*dtypeSize(m.Type)) != 0 || len(m.Data)/(item*dtypeSize(m.Type)) != m.Shape[0]:
		return nil, fmt.Errorf("%w: %s has %d bytes, which is not what %s of shape %v takes", ErrFit, m.Name, len(m.Data), m.Type, m.Shape)
	default:
		h := npyHeader{dtype: m.Type, shape: append([]int(nil), m.Shape...)}
		return &array{path: m.Name, header: h, items: m.Shape[0], bytes: item * dtypeSize(m.Type), data: m.Data}, nil
	}
}

// OpenMemory gives the rows of an array in memory. Errors wrap ErrFit.
func OpenMemory(m Memory) (*Array, error) {
	a, err := m.array()
	if err != nil {
		return nil, err
	}
	r := &Array{a: a}
	r.prepare()
	return r, nil
}

// OpenMemory is Open of "npy:X,Y" for arrays in memory; labels may be nil. Errors wrap ErrFit, or are those of Open.
func (o Options) OpenMemory(images Memory, labels *Memory) (Source, error) {
	x, err := images.array()
	if err != nil {
		return nil, err
	}
	if labels == nil {
		return newArraySet([]string{images.Name}, x, nil, o)
	}
	y, err := labels.array()
	if err != nil {
		return nil, err
	}
	return newArraySet([]string{images.Name, labels.Name}, x, y, o)
}
