package link

import (
	"encoding/binary"
	"fmt"

	"github.com/dqa-go/dqa/internal/wire"
	"github.com/dqa-go/dqa/tensor"
)

// Output is a named output of a network.
type Output struct {
	Name   string
	Tensor *tensor.Tensor
}

// Answer is the body of an answer's message: what the tail computed of one frame.
type Answer struct {
	Complete bool // with the frame's refinements
	Outputs  []Output
}

const (
	answerMagic    = "DQAA"
	answerVersion  = 1
	maxOutputs     = 64
	maxRank        = 16
	maxOutputName  = 1 << 10
	maxOutputSize  = 1 << 28 // values
	minOutputBytes = 2       // of an output without a name and a shape
)

// AppendAnswer appends an answer: "DQAA", a version, whether it is complete, the number of outputs; each with its name, its shape and its
// values, float32; and a CRC-32C. Integers are uvarints, values little-endian.
func AppendAnswer(dst []byte, a Answer) []byte {
	start := len(dst)
	dst = append(dst, answerMagic...)
	dst = append(dst, answerVersion, 0)
	if a.Complete {
		dst[len(dst)-1] = 1
	}
	dst = binary.AppendUvarint(dst, uint64(len(a.Outputs)))
	for _, o := range a.Outputs {
		dst = wire.AppendString(dst, o.Name)
		dst = binary.AppendUvarint(dst, uint64(len(o.Tensor.Shape)))
		for _, n := range o.Tensor.Shape {
			dst = binary.AppendUvarint(dst, uint64(n))
		}
		dst = append(dst, tensor.Bytes(o.Tensor.Data, nil)...)
	}
	return wire.AppendCRC(dst, start)
}

// ParseAnswer reads what AppendAnswer made. It may come from anywhere: errors are *wire.Error.
func ParseAnswer(b []byte) (Answer, error) {
	r := wire.NewReader(b)
	r.Section("answer")
	var a Answer
	if magic := r.Bytes(len(answerMagic)); string(magic) != answerMagic {
		r.Fail(wire.ErrMagic, "not an answer")
	}
	if v := r.U8(); r.Err() == nil && v != answerVersion {
		r.Fail(wire.ErrVersion, "answer has version %d, this program reads %d", v, answerVersion)
	}
	a.Complete = r.Bool("complete")
	for i := range r.Count(maxOutputs, minOutputBytes, "outputs") {
		r.Numbered("answer output %d", i)
		o := Output{Name: r.String(maxOutputName, "name"), Tensor: &tensor.Tensor{}}
		size := 1
		for range r.Count(maxRank, 1, "axes") {
			n := r.Uvarint(maxOutputSize, "axis")
			if size *= n; size > maxOutputSize {
				r.Fail(wire.ErrLimit, "more than %d values", maxOutputSize)
				break
			}
			o.Tensor.Shape = append(o.Tensor.Shape, n)
		}
		raw := r.Bytes(4 * size)
		if r.Err() != nil {
			return Answer{}, r.Err()
		}
		o.Tensor.Data = make([]float32, size)
		_ = tensor.Read(o.Tensor.Data, func(dst []byte) error { copy(dst, raw); return nil }) // copying does not fail
		a.Outputs = append(a.Outputs, o)
	}
	r.Section("answer end")
	r.CheckCRC(0)
	r.End()
	if r.Err() != nil {
		return Answer{}, r.Err()
	}
	return a, nil
}

// OutputsOf pairs names with tensors.
func OutputsOf(names []string, tensors []*tensor.Tensor) (list []Output, err error) {
	if len(names) != len(tensors) || len(names) > maxOutputs {
		return nil, fmt.Errorf("%w: %d outputs", wire.ErrLimit, len(tensors))
	}
	for i, t := range tensors {
		list = append(list, Output{names[i], t})
	}
	return list, nil
}
