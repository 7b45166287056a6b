package calib

import (
	"bytes"
	"encoding/gob"
	"fmt"

	"github.com/dqa-go/dqa/internal/wire"
	"github.com/dqa-go/dqa/profile"
)

// A calibration of graded is a chain of questions: statistics, curves, then biases and whole quantized networks, each of
// which depends on the answers before it. Curves are saved while they are measured (state.go), of the others the answers:
// who is killed again and again begins each time with the first question that has no answer.

// remembered answers a question, which name, edges and more identify, from the Store, or by ask, and then saves the answer.
func remembered[T any](r *run, name string, edges []profile.Edge, more any, ask func() (T, error)) (answer T, err error) {
	if r.opt.Store == nil || r.forecast != nil || !r.remember {
		return ask()
	}
	key := r.stateKey(name, edges, more)
	b, err := r.opt.Store.Load(key)
	if err != nil {
		return answer, err
	}
	if b != nil {
		return answer, parseMemo(b, key, &answer)
	}
	if answer, err = ask(); err != nil {
		return answer, err
	}
	if b, err = appendMemo(key, answer); err != nil {
		return answer, err
	}
	return answer, r.opt.Store.Save(key, b)
}

// An answer is read by the version of the program that wrote it only: magic, key, gob, CRC.
const memoMagic = "DQAM\x00"

func appendMemo(key [32]byte, answer any) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(memoMagic)
	b.Write(key[:])
	if err := gob.NewEncoder(&b).Encode(answer); err != nil {
		return nil, err
	}
	return wire.AppendCRC(b.Bytes(), 0), nil
}

// parseMemo refuses what is damaged or answers another question.
func parseMemo(b []byte, key [32]byte, answer any) error {
	r := wire.NewReader(b)
	r.Section("saved progress")
	if string(r.Bytes(len(memoMagic))) != memoMagic {
		r.Fail(wire.ErrMagic, "not a saved answer")
	}
	saved := r.Bytes(len(key))
	coded := r.Bytes(r.Len() - 4)
	r.CheckCRC(0)
	switch {
	case r.Err() != nil:
		return r.Err()
	case string(saved) != string(key[:]):
		return ErrOtherState
	}
	if err := gob.NewDecoder(bytes.NewReader(coded)).Decode(answer); err != nil {
		return fmt.Errorf("%w: %w", ErrOtherState, err)
	}
	return nil
}
