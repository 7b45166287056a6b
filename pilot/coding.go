package pilot

import (
	"math"
	"time"

	"github.com/dqa-go/dqa/session"
	"github.com/dqa-go/dqa/tensor"
)

// codingRounds is how often coding is timed; the shortest counts.
const codingRounds = 5

// coding is what encoding and decoding the activations of one image takes on one core, in milliseconds: encoding is what a run with an
// encoder takes beyond one without.
func coding(q *session.Quantized, x *tensor.Tensor) (encode, decode float64, err error) {
	enc := q.NewEncoder(session.EncodeOptions{})
	dec := q.Codec().NewDecoder()
	var frame []byte
	var values [][]float32
	plain, whole, back := math.Inf(1), math.Inf(1), math.Inf(1)
	for range codingRounds {
		start := time.Now()
		if _, err = q.Program().Run(x, nil); err != nil {
			return 0, 0, err
		}
		plain = min(plain, milliseconds(start))
		start = time.Now()
		if frame, _, err = enc.Encode(frame[:0], x); err != nil {
			return 0, 0, err
		}
		whole = min(whole, milliseconds(start))
		start = time.Now()
		if values == nil {
			values, err = dec.Decode(frame)
		} else if err = dec.Open(frame); err == nil {
			err = dec.All(values)
		}
		if err != nil {
			return 0, 0, err
		}
		back = min(back, milliseconds(start))
	}
	return max(0, whole-plain), back, nil
}

func milliseconds(since time.Time) float64 {
	return float64(time.Since(since)) / float64(time.Millisecond)
}
