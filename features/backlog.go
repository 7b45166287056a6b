package features

import "sync"

// backlog is files that are written, and waited for until the disk has them, while the next ones are made.
type backlog struct {
	room chan struct{}
	wg   sync.WaitGroup
	mu   sync.Mutex
	err  error // the first
}

// maxBacklog bounds memory: so many objects wait for the disk.
const maxBacklog = 4

func newBacklog() *backlog { return &backlog{room: make(chan struct{}, maxBacklog)} }

// add has write called soon. It waits for room, and returns the error of an earlier one.
func (b *backlog) add(write func() error) error {
	if err := b.note(nil); err != nil {
		return err
	}
	b.room <- struct{}{}
	b.wg.Go(func() {
		_ = b.note(write())
		<-b.room
	})
	return nil
}

// note keeps the first error, and returns it.
func (b *backlog) note(err error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err = err
	}
	return b.err
}

// wait waits until all is written.
func (b *backlog) wait() error {
	b.wg.Wait()
	return b.note(nil)
}
