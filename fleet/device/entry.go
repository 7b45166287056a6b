package device

import (
	"encoding/binary"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/frame"
	"github.com/dqa-go/dqa/internal/wire"
)

// entry is a frame as it lies in the outbox: the message, and what must be known to send it when another profile is in use.
type entry struct {
	image   string
	profile [32]byte // digest of the whole network's
	rest    int      // bytes behind the frame
	message []byte
}

const (
	entryVersion = 1
	maxImageName = 1 << 12
)

func (e entry) append(dst []byte) []byte {
	dst = append(dst, entryVersion)
	dst = wire.AppendString(dst, e.image[:min(len(e.image), maxImageName)])
	dst = append(dst, e.profile[:]...)
	dst = binary.AppendUvarint(dst, uint64(e.rest))
	return append(dst, e.message...)
}

// parseEntry reads an entry from a disk. Errors are *wire.Error.
func parseEntry(b []byte) (e entry, err error) {
	r := wire.NewReader(b)
	r.Section("outbox entry")
	if v := r.U8(); r.Err() == nil && v != entryVersion {
		r.Fail(wire.ErrVersion, "entry has version %d, this program reads %d", v, entryVersion)
	}
	e.image = r.String(maxImageName, "image")
	copy(e.profile[:], r.Bytes(len(e.profile)))
	e.rest = r.Uvarint(link.MaxPayload, "bytes behind the frame")
	e.message = r.Bytes(r.Len())
	if r.Err() == nil && e.rest > len(e.message)-frame.HeaderSize {
		r.Fail(wire.ErrTruncated, "a message of %d bytes, %d of them behind the frame", len(e.message), e.rest)
	}
	return e, r.Err()
}

// cut names the tail that can read the frame.
func (e entry) cut() link.Cut {
	h, _ := frame.ParseHeader(e.message) // its checksum was right when it was appended, and the outbox has its own
	return link.Cut(h.Profile)
}

// base is the message without the frame's refinements; ok is false where it has none.
func (e entry) base() (message []byte, ok bool) {
	h, err := frame.ParseHeader(e.message)
	end := len(e.message) - e.rest
	if err != nil || h.Refinements == 0 || h.BaseSize >= end || h.BaseSize < frame.HeaderSize {
		return e.message, false
	}
	return append(append([]byte{}, e.message[:h.BaseSize]...), e.message[end:]...), true
}
