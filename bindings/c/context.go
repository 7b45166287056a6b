//go:build cgo

package main

// #include "dqa.h"
import "C"

import (
	"context"
	"sync"
	"unsafe"
)

// job is what a context of C's stands for: a call that runs long, which can be cancelled and asked how far it is.
type job struct {
	context.Context
	cancel context.CancelFunc

	mu          sync.Mutex
	phase, unit string
	done, total int
}

func newJob() *job {
	j := &job{}
	j.Context, j.cancel = context.WithCancel(context.Background())
	return j
}

// jobOf is that of a handle; 0 is one that nobody cancels.
func jobOf(h C.dqa_handle) (*job, error) {
	if h == 0 {
		return newJob(), nil
	}
	return of[*job](h)
}

// jobAnd is jobOf, and what another handle stands for.
func jobAnd[T any](context, h C.dqa_handle) (j *job, value T, err error) {
	if j, err = jobOf(context); err == nil {
		value, err = of[T](h)
	}
	return j, value, err
}

// progress keeps what it is told.
func (j *job) progress(phase, unit string, done, total int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.phase, j.unit, j.done, j.total = phase, unit, done, total
}

//export dqa_context_new
func dqa_context_new() (h C.dqa_handle) {
	give(&h, newJob())
	return h
}

//export dqa_cancel
func dqa_cancel(h C.dqa_handle, e *C.dqa_error) C.int {
	return enter(e, func() error {
		j, err := of[*job](h)
		if err == nil {
			j.cancel()
		}
		return err
	})
}

//export dqa_context_progress
func dqa_context_progress(h C.dqa_handle, out *C.dqa_progress, e *C.dqa_error) C.int {
	return enter(e, func() error {
		j, err := of[*job](h)
		if err != nil {
			return err
		}
		j.mu.Lock()
		defer j.mu.Unlock()
		*out = C.dqa_progress{done: C.int64_t(j.done), total: C.int64_t(j.total)}
		setText(out.phase[:], j.phase)
		setText(out.unit[:], j.unit)
		return nil
	})
}

// setText copies as much of s as fits with a zero behind it.
func setText(to []C.char, s string) {
	b := unsafe.Slice((*byte)(unsafe.Pointer(&to[0])), len(to)-1)
	copy(b, s)
}
