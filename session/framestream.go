package session

import (
	"fmt"
	"io"
	"strconv"

	"github.com/dqa-go/dqa/frame"
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
	if j.buf, err = frame.ReadNext(j.buf[:0], j.r, j.limit); err == io.EOF {
		return "", nil, io.EOF
	} else if err != nil {
		return "", nil, fmt.Errorf("frame %d of the stream: %w", j.n, err)
	}
	j.n++
	return name, j.buf, nil
}
