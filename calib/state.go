package calib

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/dqa-go/dqa/internal/wire"
	"github.com/dqa-go/dqa/method"
	"github.com/dqa-go/dqa/profile"
)

// ErrOtherState means that saved progress belongs to another question: other settings, network or images.
var ErrOtherState = errors.New("saved progress belongs to another run")

// Store keeps the progress of searches, each under its own key.
type Store interface {
	// Load returns what was saved last, nil if nothing was.
	Load(key [32]byte) ([]byte, error)
	Save(key [32]byte, state []byte) error
}

// state is how far a search is: the sums over its first items.
type state struct {
	r      *run
	key    [32]byte
	first  int // item that this run begins with
	next   int // item
	scores [][]method.Score
	saved  time.Time
}

// openState goes on from what was saved of the question. sums, which it fills, are what is added up.
func (r *run) openState(key [32]byte, sums [][]method.Score) (*state, error) {
	s := &state{r: r, key: key, scores: sums, saved: time.Now()}
	if r.opt.Store == nil {
		return s, nil
	}
	b, err := r.opt.Store.Load(s.key)
	if err != nil || b == nil {
		return s, err
	}
	return s, s.parse(b, r.src.Len()*len(sums))
}

// stateKey identifies a search: network and data are in Options.Key.
func (r *run) stateKey(name string, edges []profile.Edge, more ...any) [32]byte {
	return questionKey(fmt.Appendf(nil, "%x %v", r.opt.Key, more), name, 0, edges)
}

func newScores(edges []profile.Edge) [][]method.Score {
	s := make([][]method.Score, len(edges))
	for i := range s {
		s[i] = make([]method.Score, edges[i].Channels)
	}
	return s
}

// add counts the scores of the next item.
func (s *state) add(edge int, scores []method.Score) {
	for c, v := range scores {
		s.scores[edge][c].First += v.First
		s.scores[edge][c].Second += v.Second
	}
	s.next++
}

const saveEvery = time.Second

func (s *state) saveSometimes() error {
	every := s.r.opt.SaveEvery
	if every == 0 {
		every = saveEvery
	}
	if time.Since(s.saved) < every {
		return nil
	}
	return s.save()
}

func (s *state) save() error {
	if s.r.opt.Store == nil {
		return nil
	}
	s.saved = time.Now()
	return s.r.opt.Store.Save(s.key, s.append(nil))
}

// saveOn saves what is new before err ends the search.
func (s *state) saveOn(err error) error {
	if s.next == s.first {
		return err
	}
	return errors.Join(err, s.save())
}

// The state is read by the version of the program that wrote it only: magic, key, next item, all scores as bit
// patterns, CRC.
const stateMagic = "DQAS\x00"

func (s *state) append(b []byte) []byte {
	start := len(b)
	b = append(b, stateMagic...)
	b = append(b, s.key[:]...)
	b = binary.LittleEndian.AppendUint64(b, uint64(s.next))
	for _, edge := range s.scores {
		for _, v := range edge {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v.First))
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v.Second))
		}
	}
	return wire.AppendCRC(b, start)
}

// parse refuses what is damaged or answers another question; the scores are then undefined.
func (s *state) parse(b []byte, items int) error {
	r := wire.NewReader(b)
	r.Section("saved progress")
	if string(r.Bytes(len(stateMagic))) != stateMagic {
		r.Fail(wire.ErrMagic, "not a search's saved progress")
		return r.Err()
	}
	if n := len(b) - 4; n < 0 || binary.LittleEndian.Uint32(b[n:]) != wire.CRC(b[:n]) {
		r.Fail(wire.ErrChecksum, "the saved progress is damaged")
		return r.Err()
	}
	if string(r.Bytes(len(s.key))) != string(s.key[:]) {
		return ErrOtherState
	}
	next := r.U64()
	for _, edge := range s.scores {
		for c := range edge {
			edge[c] = method.Score{First: r.Float64(), Second: r.Float64()}
		}
	}
	r.U32() // compared above
	r.End()
	if r.Err() == nil && next > uint64(items) {
		return fmt.Errorf("%w: item %d of %d", ErrOtherState, next, items)
	}
	s.first, s.next = int(next), int(next)
	return r.Err()
}
