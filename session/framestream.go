package session

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/frame"
	"github.com/dqa-go/dqa/internal/file"
)

// joined are frames one behind the other.
type joined struct {
	r     io.Reader
	limit int64
	n     int
	buf   []byte
}

// FramesFrom are frames that lie one behind the other in r, as "cat" joins them; their names are their numbers. Those of scalable profiles
// must have been cut after their base part: only there does a frame tell its length. No frame may be longer than limit.
func FramesFrom(r io.Reader, limit int64) Frames { return &joined{r: r, limit: limit} }

func (j *joined) Next() (name string, whole []byte, err error) {
	name = strconv.Itoa(j.n)
	j.buf = append(j.buf[:0], make([]byte, frame.HeaderSize)...)
	if _, err := io.ReadFull(j.r, j.buf); err != nil {
		if err == io.EOF {
			return "", nil, io.EOF
		}
		return "", nil, j.failed(err)
	}
	h, err := frame.ParseHeader(j.buf)
	if err != nil {
		return "", nil, fmt.Errorf("frame %d of the stream: %w", j.n, err)
	}
	if int64(h.BaseSize) > j.limit {
		return "", nil, fmt.Errorf("frame %d of the stream: %w: %d bytes", j.n, file.ErrTooLong, h.BaseSize)
	}
	// What a header announces is believed as it comes.
	for left := h.BaseSize - frame.HeaderSize; left > 0; {
		n := min(left, 1<<20)
		at := len(j.buf)
		j.buf = append(j.buf, make([]byte, n)...)
		if _, err := io.ReadFull(j.r, j.buf[at:]); err != nil {
			return "", nil, j.failed(err)
		}
		left -= n
	}
	j.n++
	return name, j.buf, nil
}

func (j *joined) failed(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		err = dqa.ErrTruncated
	} else {
		err = fmt.Errorf("%w: %w", file.ErrRead, err)
	}
	return fmt.Errorf("frame %d of the stream: %w", j.n, err)
}
