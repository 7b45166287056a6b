package frame

import (
	"errors"
	"fmt"
	"io"

	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/internal/wire"
)

// ReadNext reads the next of frames that lie one behind the other in r, as "cat" joins them, behind dst. Those of scalable profiles
// must have been cut after their base part: only there does a frame tell its length. What a header announces is believed as it
// comes, up to limit bytes (file.ErrTooLong). Where nothing is left the error is io.EOF.
func ReadNext(dst []byte, r io.Reader, limit int64) ([]byte, error) {
	start := len(dst)
	dst = append(dst, make([]byte, HeaderSize)...)
	if _, err := io.ReadFull(r, dst[start:]); err != nil {
		if err == io.EOF {
			return dst[:start], io.EOF
		}
		return dst[:start], endedEarly(err)
	}
	h, err := ParseHeader(dst[start:])
	if err != nil {
		return dst[:start], err
	}
	if int64(h.BaseSize) > limit {
		return dst[:start], fmt.Errorf("%w: %d bytes", file.ErrTooLong, h.BaseSize)
	}
	for left := h.BaseSize - HeaderSize; left > 0; {
		n, at := min(left, 1<<20), len(dst)
		dst = append(dst, make([]byte, n)...)
		if _, err := io.ReadFull(r, dst[at:]); err != nil {
			return dst[:start], endedEarly(err)
		}
		left -= n
	}
	return dst, nil
}

func endedEarly(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return wire.ErrTruncated
	}
	return fmt.Errorf("%w: %w", file.ErrRead, err)
}
