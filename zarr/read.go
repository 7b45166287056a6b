package zarr

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// Array is an array opened for reading. It belongs to one goroutine; several can be opened of the same files.
type Array struct {
	Meta
	objects objects
	layout  layout

	open  int // object at hand, -1: none
	at    object
	size  int64
	spans []span // of its chunks, if it is a shard
	index []byte
}

// Open opens a folder or a zip file.
func Open(name string) (*Array, error) {
	objects, err := openObjects(name)
	if err != nil {
		return nil, err
	}
	a := &Array{objects: objects, open: -1}
	if err := a.readMeta(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), objects.Close())
	}
	return a, nil
}

func (a *Array) readMeta() error {
	o, size, err := a.objects.open(metaKey)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: there is no %s", ErrInvalid, metaKey)
	}
	if err != nil {
		return err
	}
	defer o.Close()
	if size > maxMeta {
		return fmt.Errorf("%w: %s of %d bytes, at most %d are read", ErrInvalid, metaKey, size, maxMeta)
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(io.NewSectionReader(o, 0, size), b); err != nil {
		return err
	}
	m, l, err := parse(b)
	if err != nil {
		return err
	}
	a.Meta, a.layout = *m, l
	return nil
}

// Close closes the files.
func (a *Array) Close() error { return errors.Join(a.closeObject(), a.objects.Close()) }

func (a *Array) closeObject() (err error) {
	if a.at != nil {
		err = a.at.Close()
	}
	a.open, a.at, a.size, a.spans = -1, nil, 0, a.spans[:0]
	return err
}

// AppendChunk appends the bytes of chunk i. What was never written, or is all fill value, gives ok = false. No more of a shard
// than its index and the chunk is read.
func (a *Array) AppendChunk(dst []byte, i int) (chunk []byte, ok bool, err error) {
	if i < 0 || i >= a.Chunks() {
		return dst, false, fmt.Errorf("%w: chunk %d of %d", ErrInvalid, i, a.Chunks())
	}
	if err := a.openObject(i / a.perObject()); err != nil {
		return dst, false, fmt.Errorf("chunk %d: %w", i, err)
	}
	if a.at == nil {
		return dst, false, nil
	}
	s := span{0, a.size}
	if a.ChunksPerShard > 0 {
		if s = a.spans[i%a.perObject()]; s.offset < 0 {
			return dst, false, nil
		}
	}
	start := len(dst)
	dst = append(dst, make([]byte, s.length)...)
	if _, err := io.ReadFull(io.NewSectionReader(a.at, s.offset, s.length), dst[start:]); err != nil {
		return dst[:start], false, fmt.Errorf("chunk %d: %w", i, err)
	}
	return dst, true, nil
}

// openObject has object i at hand; a.at is nil where there is none.
func (a *Array) openObject(i int) error {
	if a.open == i {
		return nil
	}
	if err := a.closeObject(); err != nil {
		return err
	}
	o, size, err := a.objects.open(a.key(i, a.layout.separator))
	if errors.Is(err, fs.ErrNotExist) {
		a.open = i
		return nil
	}
	if err != nil {
		return err
	}
	a.at, a.size = o, size
	if err := a.readIndex(); err != nil {
		return errors.Join(err, a.closeObject())
	}
	a.open = i
	return nil
}

func (a *Array) readIndex() error {
	if a.ChunksPerShard == 0 {
		if a.size > maxChunk {
			return fmt.Errorf("%w: a chunk of %d bytes, at most %d are read", ErrInvalid, a.size, maxChunk)
		}
		return nil
	}
	n := int64(indexSize(a.ChunksPerShard))
	if a.size < n {
		return fmt.Errorf("%w: %d bytes, its index alone has %d", ErrDamaged, a.size, n)
	}
	at := a.size - n
	if a.layout.atStart {
		at = 0
	}
	if int64(cap(a.index)) < n {
		a.index = make([]byte, n)
	}
	if _, err := io.ReadFull(io.NewSectionReader(a.at, at, n), a.index[:n]); err != nil {
		return err
	}
	var err error
	a.spans, err = parseIndex(a.index[:n], a.size)
	return err
}
