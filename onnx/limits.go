package onnx

import (
	"fmt"

	"github.com/dqa-go/dqa/graph"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Limits on what is read, checked before memory is spent.
const (
	MaxFileSize = 2<<30 - 1 // bytes, protobuf's own limit
	MaxElements = 1 << 28   // of one tensor, and of all constants that folding makes together
	MaxNodes    = 200_000
	MaxRank     = 8

	maxMessages = 4_000_000 // protobuf messages and strings in one file: two bytes each there, hundreds in memory
	maxDepth    = 64        // of nested messages
	maxName     = 2048      // bytes of a value's or a node's name
	maxWork     = 1 << 29   // elements that folding and rewriting read
)

// elements returns the product of shape, or an error where it is negative or above MaxElements.
func elements(shape []int) (int, error) {
	if len(shape) > MaxRank {
		return 0, fmt.Errorf("%w: %d axes, at most %d", graph.ErrLimit, len(shape), MaxRank)
	}
	n, zero := 1, false
	for _, d := range shape {
		switch {
		case d < 0:
			return 0, invalid("shape %v has a negative axis", shape)
		case d == 0:
			zero = true
		case n > MaxElements/d:
			return 0, fmt.Errorf("%w: a tensor of shape %v has more than %d elements", graph.ErrLimit, shape, MaxElements)
		default:
			n *= d
		}
	}
	if zero {
		return 0, nil
	}
	return n, nil
}

// census counts the messages and strings that unmarshalling b as md would allocate, so that a small file of many
// empty messages cannot fill the memory.
type census struct{ messages int }

func (c *census) count(md protoreflect.MessageDescriptor, b []byte, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("%w: messages nested deeper than %d", graph.ErrLimit, maxDepth)
	}
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		if n = protowire.ConsumeFieldValue(num, typ, b); n < 0 {
			return protowire.ParseError(n)
		}
		if typ == protowire.BytesType {
			if err := c.field(md, num, b[:n], depth); err != nil {
				return err
			}
		}
		b = b[n:]
	}
	return nil
}

// field counts one length-delimited field, v with its length.
func (c *census) field(md protoreflect.MessageDescriptor, num protowire.Number, v []byte, depth int) error {
	if c.messages++; c.messages > maxMessages {
		return fmt.Errorf("%w: more than %d protobuf messages", graph.ErrLimit, maxMessages)
	}
	fd := md.Fields().ByNumber(num)
	if fd == nil || fd.Message() == nil {
		return nil
	}
	body, _ := protowire.ConsumeBytes(v)
	return c.count(fd.Message(), body, depth+1)
}
