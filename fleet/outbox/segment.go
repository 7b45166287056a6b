package outbox

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/dqa-go/dqa/internal/file"
)

const segmentExt = ".seg"

// segment is one file of an outbox: what was appended behind the frames of the segments before it.
type segment struct {
	path    string
	number  uint32
	first   uint64 // sequence number of the first frame that it could hold
	log     *file.Log
	pending int // frames in it that are not done
}

func (s *segment) size() int64 { return s.log.Size() }

func segmentName(number uint32, first uint64) string {
	return fmt.Sprintf("%08x-%016x%s", number, first, segmentExt)
}

func (b *Outbox) last() *segment { return b.segments[len(b.segments)-1] }

func (b *Outbox) bytes() (sum int64) {
	for _, s := range b.segments {
		sum += s.size()
	}
	return sum
}

// begin begins the next segment.
func (b *Outbox) begin() error {
	s := &segment{first: b.next}
	if len(b.segments) > 0 {
		s.number = b.last().number + 1
	}
	s.path = filepath.Join(b.dir, segmentName(s.number, s.first))
	var err error
	if s.log, err = file.CreateLog(s.path); err != nil {
		return err
	}
	b.segments = append(b.segments, s)
	return nil
}

// rotate begins the next segment when all of the last one is on the disk.
func (b *Outbox) rotate() error {
	if err := b.last().log.Sync(); err != nil {
		b.failed = err
		b.tell()
		return err
	}
	b.synced = b.written
	b.tell()
	if err := b.begin(); err != nil {
		return err
	}
	b.dropFront()
	return nil
}

// dropFront removes the oldest segments as long as all their frames are done. What later ones note of them is of no use then.
func (b *Outbox) dropFront() {
	for len(b.segments) > 1 && b.segments[0].pending == 0 {
		s := b.segments[0]
		_ = s.log.Close()
		_ = file.Remove(s.path) // one that stays is read again at the next opening, with what is noted as done
		b.segments = b.segments[1:]
	}
}

func (b *Outbox) closeFiles() {
	for _, s := range b.segments {
		_ = s.log.Close()
	}
	b.unlock()
}

// load reads what is there.
func (b *Outbox) load() error {
	entries, err := file.ReadDir(b.dir) // by name, which is by number
	if err != nil {
		return err
	}
	for _, e := range entries {
		var number uint32
		var first uint64
		if n, err := fmt.Sscanf(e.Name(), "%08x-%016x"+segmentExt, &number, &first); n != 2 || err != nil ||
			e.Name() != segmentName(number, first) {
			continue
		}
		s := &segment{path: filepath.Join(b.dir, e.Name()), number: number, first: first}
		if s.log, err = file.OpenLog(s.path); err != nil {
			return err
		}
		b.segments = append(b.segments, s)
	}
	if err := b.replay(); err != nil {
		return err
	}
	if len(b.segments) > 0 && b.last().size() == 0 && b.last().pending == 0 { // nothing was appended since the last opening
		s := b.last()
		_ = s.log.Close()
		b.segments = b.segments[:len(b.segments)-1]
		return file.Remove(s.path)
	}
	return nil
}

// replay reads all segments and finds what is not done, and what is missing.
func (b *Outbox) replay() error {
	done := map[uint64][idSize]byte{}
	for i, s := range b.segments {
		data, err := file.ReadLimited(s.path, int64(maxSegmentBytes+MaxPayload+recordSize))
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		list, clean := scan(data)
		if i == len(b.segments)-1 && clean < len(data) { // the tail that a crash has torn
			if err := s.log.Truncate(int64(clean)); err != nil {
				return err
			}
		}
		b.take(s, list, done)
		if err := b.missing(i, done); err != nil {
			return err
		}
	}
	for seq, id := range done {
		if e, ok := b.entries[seq]; ok && (e.id == id || e.damaged) {
			e.in.pending--
			delete(b.entries, seq)
		}
	}
	b.written, b.synced = b.next-1, b.next-1
	if len(b.segments) > 1 {
		b.dropFront()
	}
	return nil
}

// take notes the records of a segment.
func (b *Outbox) take(s *segment, list []record, done map[uint64][idSize]byte) {
	b.next = max(b.next, s.first)
	for _, r := range list {
		if r.seq >= s.first && r.seq-s.first > uint64(maxPerSegment) || r.kind == kindFrame && r.seq < s.first { // of no outbox
			continue
		}
		b.next = max(b.next, r.seq+1) // of a frame that is done and damaged, too
		if r.kind == kindDone {
			done[r.seq] = r.id
			continue
		}
		if old, ok := b.entries[r.seq]; ok {
			old.in.pending--
		}
		b.entries[r.seq] = entry{in: s, id: r.id, at: int64(r.at), len: r.len}
		s.pending++
	}
}

// maxPerSegment is how many frames fit in one.
const maxPerSegment = (maxSegmentBytes + MaxPayload) / recordSize

// missing finds frames that segment i should hold and does not: numbers have no gaps.
func (b *Outbox) missing(i int, done map[uint64][idSize]byte) error {
	s, end := b.segments[i], b.next
	if i+1 < len(b.segments) {
		end = max(end, b.segments[i+1].first)
	}
	lost := 0
	for seq := s.first; seq < end; seq++ {
		_, there := b.entries[seq]
		if _, was := done[seq]; there || was {
			continue
		}
		if lost++; lost > maxMissing {
			return fmt.Errorf("%w: %s: more than %d frames are missing", ErrDamaged, strings.TrimSuffix(s.path, segmentExt), maxMissing)
		}
		b.entries[seq] = entry{in: s, damaged: true}
		s.pending++
	}
	return nil
}
