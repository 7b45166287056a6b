// Package outbox is a queue on a disk: what a device has accepted, until somebody has answered it. It survives a kill and a power cut,
// takes no more than its bound, and tells by number what a damaged disk has lost.
package outbox

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"

	"github.com/dqa-go/dqa/internal/file"
)

// Errors. Those of the disk wrap file.ErrWrite or file.ErrRead.
var (
	ErrFull     = errors.New("the outbox is full")
	ErrTooLarge = errors.New("too large for the outbox")
	ErrDamaged  = errors.New("the outbox is damaged")
	ErrClosed   = errors.New("the outbox is closed")
	ErrUnknown  = errors.New("no such frame in the outbox")
)

// Options bound an outbox. The zero value works.
type Options struct {
	MaxBytes     int64 // on the disk; 0: DefaultMaxBytes
	SegmentBytes int64 // of a file, a quarter of MaxBytes at most; 0: DefaultSegmentBytes
}

// Bounds.
const (
	DefaultMaxBytes     = 256 << 20
	DefaultSegmentBytes = 8 << 20
	MaxPayload          = 32 << 20 // of one frame
	maxSegmentBytes     = 64 << 20 // and one record more
	maxMissing          = 1 << 16  // frames that a damaged disk may have lost
)

// ID is a frame's for ever. Sequence numbers go on when an outbox is opened again; Box is another at each opening, so that no two frames
// have one ID, not even where the end of a file was lost.
type ID struct {
	Box string
	Seq uint64 // from 1
}

func (id ID) String() string { return fmt.Sprintf("%s/%d", id.Box, id.Seq) }

// Item is a frame that is not done.
type Item struct {
	ID
	Size    int
	Damaged bool // its payload is lost; Box may be empty
}

// Outbox is an open one. Its methods may be called from many goroutines.
type Outbox struct {
	dir    string
	opt    Options
	unlock func()

	mu       sync.Mutex
	id       [idSize]byte
	segments []*segment // the last one is appended to
	entries  map[uint64]entry
	next     uint64
	written  uint64 // last frame that was appended
	synced   uint64 // last frame that is on the disk for certain
	failed   error  // of a sync: nobody knows what the disk has then
	closed   bool
	buf      []byte
	owed     []byte        // notes of done frames that the disk has refused
	dirty    chan struct{} // something waits for the disk
	changed  chan struct{} // closed, and made anew, when synced, failed or room changed
	done     chan struct{} // the syncing goroutine has ended
}

// entry is a frame that is not done.
type entry struct {
	in      *segment
	id      [idSize]byte
	at      int64
	len     int
	damaged bool
}

// Open opens the outbox in a folder, which is made if needed. One process has it at a time (file.ErrLocked). What a crash has cut off is
// removed; frames that are damaged are among Pending. Errors wrap ErrDamaged, file.ErrWrite and file.ErrRead.
func Open(dir string, opt Options) (*Outbox, error) {
	if opt.MaxBytes <= 0 {
		opt.MaxBytes = DefaultMaxBytes
	}
	if opt.SegmentBytes <= 0 {
		opt.SegmentBytes = DefaultSegmentBytes
	}
	opt.SegmentBytes = min(opt.SegmentBytes, opt.MaxBytes/4, maxSegmentBytes)
	if err := file.MkdirAll(dir); err != nil {
		return nil, err
	}
	unlock, err := file.Lock(filepath.Join(dir, "lock"))
	if err != nil {
		return nil, err
	}
	b := &Outbox{
		dir: dir, opt: opt, unlock: unlock, entries: map[uint64]entry{}, next: 1,
		dirty: make(chan struct{}, 1), changed: make(chan struct{}), done: make(chan struct{}),
	}
	if _, err = rand.Read(b.id[:]); err == nil {
		err = b.load()
	}
	if err == nil {
		err = b.begin()
	}
	if err != nil {
		b.closeFiles()
		return nil, err
	}
	go b.syncing()
	return b, nil
}

// Append adds a frame. It is written when Append returns, and on the disk for certain when Wait does. What does not fit is ErrFull, what
// never would ErrTooLarge; a full disk is an error of syscall.ENOSPC. After an error nothing has changed.
func (b *Outbox) Append(payload []byte) (ID, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.usable(); err != nil {
		return ID{}, err
	}
	size := int64(recordSize + len(payload))
	if len(payload) > MaxPayload || size > b.opt.MaxBytes/4 {
		return ID{}, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(payload), min(MaxPayload, b.opt.MaxBytes/4-int64(recordSize)))
	}
	if b.last().size() >= b.opt.SegmentBytes {
		if err := b.rotate(); err != nil {
			return ID{}, err
		}
	}
	if used := b.bytes(); used+size > b.opt.MaxBytes {
		return ID{}, fmt.Errorf("%w: %d of %d bytes, %d frames without an answer", ErrFull, used, b.opt.MaxBytes, len(b.entries))
	}
	s, seq := b.last(), b.next
	at := s.size() + int64(headSize)
	b.buf = appendRecord(b.buf[:0], kindFrame, b.id, seq, payload)
	if err := s.log.Append(b.buf); err != nil {
		return ID{}, err
	}
	b.entries[seq] = entry{in: s, id: b.id, at: at, len: len(payload)}
	s.pending++
	b.next, b.written = seq+1, seq
	select {
	case b.dirty <- struct{}{}:
	default:
	}
	return ID{hex.EncodeToString(b.id[:]), seq}, nil
}

// Wait returns when a frame is on the disk for certain. Frames that were appended meanwhile share one sync.
func (b *Outbox) Wait(ctx context.Context, seq uint64) error {
	return b.until(ctx, func() bool { return b.synced >= seq })
}

// WaitRoom returns when n bytes more fit.
func (b *Outbox) WaitRoom(ctx context.Context, n int) error {
	return b.until(ctx, func() bool { return b.bytes()+int64(recordSize+n) <= b.opt.MaxBytes })
}

func (b *Outbox) until(ctx context.Context, is func() bool) error {
	for {
		b.mu.Lock()
		ok, err, changed := is(), b.usable(), b.changed
		b.mu.Unlock()
		if err != nil || ok {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Read is the payload of a frame that is not done. Errors wrap ErrUnknown, ErrDamaged and file.ErrRead.
func (b *Outbox) Read(seq uint64) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock() // its segment stays meanwhile
	if b.closed {
		return nil, ErrClosed
	}
	e, ok := b.entries[seq]
	switch {
	case !ok:
		return nil, fmt.Errorf("%w: %d", ErrUnknown, seq)
	case e.damaged:
		return nil, fmt.Errorf("%w: frame %d", ErrDamaged, seq)
	}
	payload := make([]byte, e.len)
	if _, err := e.in.log.ReadAt(payload, e.at); err != nil {
		return nil, err
	}
	return payload, nil
}

// Done removes frames; unknown ones are no error. If the disk refuses to note it, the error says so, and the next Done tries again; until
// then the frames would be there again at the next opening.
func (b *Outbox) Done(seqs ...uint64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return ErrClosed
	}
	for _, seq := range seqs {
		if e, ok := b.entries[seq]; ok {
			b.owed = appendRecord(b.owed, kindDone, e.id, seq, nil)
			e.in.pending--
			delete(b.entries, seq)
		}
	}
	if len(b.owed) == 0 {
		return nil
	}
	err := b.last().log.Append(b.owed)
	if err == nil {
		b.owed = b.owed[:0]
	}
	b.dropFront()
	b.tell()
	return err
}

// Pending are the frames that are not done, in their order.
func (b *Outbox) Pending() []Item {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := make([]Item, 0, len(b.entries))
	for _, seq := range slices.Sorted(maps.Keys(b.entries)) {
		e := b.entries[seq]
		id := ID{hex.EncodeToString(e.id[:]), seq}
		if e.damaged {
			id.Box = ""
		}
		list = append(list, Item{id, e.len, e.damaged})
	}
	return list
}

// Next is the sequence number that the next frame gets: one more than were ever accepted.
func (b *Outbox) Next() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.next
}

// Usage is how many frames are not done, what the outbox takes on the disk and what it may take.
func (b *Outbox) Usage() (frames int, bytes, limit int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.entries), b.bytes(), b.opt.MaxBytes
}

// Close ends the outbox, with all that was appended on the disk.
func (b *Outbox) Close() error {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return nil
	}
	b.closed = true
	close(b.dirty)
	b.tell()
	b.mu.Unlock()
	<-b.done
	err := b.failed
	if err == nil {
		err = b.last().log.Sync()
	}
	b.closeFiles()
	return err
}

// syncing brings frames to the disk, as many at once as have come meanwhile.
func (b *Outbox) syncing() {
	defer close(b.done)
	for range b.dirty {
		b.mu.Lock()
		s, upto := b.last(), b.written
		b.mu.Unlock()
		err := s.log.Sync()
		b.mu.Lock()
		if err != nil && b.last() == s { // rotate has synced it otherwise
			b.failed = err
		}
		if b.failed == nil {
			b.synced = max(b.synced, upto)
		}
		b.tell()
		b.mu.Unlock()
	}
}

// usable tells why the outbox takes no more.
func (b *Outbox) usable() error {
	if b.closed {
		return ErrClosed
	}
	return b.failed
}

// tell wakes all who wait.
func (b *Outbox) tell() {
	close(b.changed)
	b.changed = make(chan struct{})
}
