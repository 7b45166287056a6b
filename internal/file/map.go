package file

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"
)

// Contents are the bytes of a file: read, or mapped into memory, where the system reads them when they are looked at.
type Contents struct {
	Bytes  []byte
	mapped bool
}

// Contents reads size bytes from the start. If mapped is set and the system can, they are mapped instead, until the process
// ends: they must not be written to, the file must not change meanwhile, and Guard is for what looks at them.
func (r *Reader) Contents(size int64, mapped bool) (*Contents, error) {
	if err := try(OpRead, r.Name()); err != nil {
		return nil, readError(err)
	}
	if mapped && size > 0 {
		if b, err := mapFile(r.f, size); err == nil {
			return &Contents{b, true}, nil
		}
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, err
	}
	return &Contents{Bytes: b}, nil
}

// Release gives the memory of mapped bytes back; who looks at them again waits for the file. Bytes that were read stay.
func (c *Contents) Release() {
	if c.mapped {
		release(c.Bytes)
	}
}

// Guard runs f, which looks at mapped bytes: that their file has become shorter is an error, not the end of the process.
func Guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch fault := recover().(type) {
		case nil:
		case interface {
			error
			Addr() uintptr
		}:
			err = fmt.Errorf("%w: %w", ErrRead, errChanged)
		default:
			panic(fault)
		}
	}()
	return f()
}

var errChanged = errors.New("the file has changed while it was read")
