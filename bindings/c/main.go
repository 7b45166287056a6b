//go:build cgo

// Command c is libdqa, the library for C and for what calls C. dqa.h says what it does; here is only what the border needs: handles
// for Go values, errors by the catalogue, panics that end at the border, memory of C's. The work is session's and features'.
package main

// #include "dqa.h"
// #include <stdlib.h>
// #include <string.h>
import "C"

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/cgo"
	"sync/atomic"
	"unsafe"

	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/faults"
	"github.com/dqa-go/dqa/session"
)

func main() {}

var version = C.CString(session.Version)

//export dqa_version
func dqa_version() *C.dqa_text { return version }

var maxMemory atomic.Int64

//export dqa_set_max_memory
func dqa_set_max_memory(n C.int64_t) { maxMemory.Store(int64(n)) }

// errHandle is a handle that is none, or of something else.
var errHandle = errors.New("no such handle")

var handleFault = cli.NewFault("handle", cli.ExitUsage, "a handle is none of this kind",
	"it was freed, never given, or is of something else", errHandle)

// catalogue tells errors as the command line does, and those of handles.
var catalogue = cli.App{Name: "libdqa", Faults: append([]cli.Fault{handleFault}, faults.All...)}

// enter does the work of an exported function: errors and panics become *e and the exit code.
func enter(e *C.dqa_error, work func() error) C.int {
	var err error
	if p := session.Catch(func() { err = work() }); p != nil {
		err = p
	}
	if err == nil {
		return 0
	}
	f := catalogue.Classify(err)
	if e != nil {
		*e = C.dqa_error{name: C.CString(f.Name), message: C.CString(err.Error()), hint: C.CString(f.Hint)}
	}
	return C.int(f.Code)
}

//export dqa_error_free
func dqa_error_free(e *C.dqa_error) {
	if e == nil {
		return
	}
	C.free(unsafe.Pointer(e.name))
	C.free(unsafe.Pointer(e.message))
	C.free(unsafe.Pointer(e.hint))
	*e = C.dqa_error{}
}

// give makes a handle of v.
func give(out *C.dqa_handle, v any) { *out = C.dqa_handle(cgo.NewHandle(v)) }

// of is what a handle is of.
func of[T any](h C.dqa_handle) (v T, err error) {
	defer func() {
		if recover() != nil { // cgo.Handle has no other way to say so
			err = fmt.Errorf("%w: %d", errHandle, h)
		}
	}()
	v, ok := cgo.Handle(h).Value().(T)
	if !ok {
		return v, fmt.Errorf("%w: %d is not %T", errHandle, h, v)
	}
	return v, nil
}

// ofOptional is of, or the zero value for handle 0.
func ofOptional[T any](h C.dqa_handle) (v T, err error) {
	if h == 0 {
		return v, nil
	}
	return of[T](h)
}

// closer is what holds files: its close waits for calls under way.
type closer interface{ close() }

//export dqa_free
func dqa_free(h C.dqa_handle, e *C.dqa_error) C.int {
	return enter(e, func() error {
		v, err := of[any](h)
		if err != nil {
			return err
		}
		cgo.Handle(h).Delete()
		if c, ok := v.(closer); ok {
			go session.Catch(c.close)
		}
		return nil
	})
}

// setBytes copies b and a zero into memory of C's; out may be nil.
func setBytes(out *C.dqa_bytes, b []byte) {
	if out == nil {
		return
	}
	p := C.malloc(C.size_t(len(b) + 1))
	to := unsafe.Slice((*byte)(p), len(b)+1)
	to[copy(to, b)] = 0
	*out = C.dqa_bytes{data: p, size: C.size_t(len(b))}
}

// setJSON is setBytes of what the command line prints with --json.
func setJSON(out *C.dqa_bytes, v any) error {
	if out == nil {
		return nil
	}
	var b bytes.Buffer
	err := cli.PrintJSON(&b, v)
	if err == nil {
		setBytes(out, b.Bytes())
	}
	return err
}

//export dqa_bytes_free
func dqa_bytes_free(b *C.dqa_bytes) {
	if b == nil {
		return
	}
	C.free(b.data)
	*b = C.dqa_bytes{}
}

// setTensors copies tensors into memory of C's; where Data is nil, data is.
func setTensors(out *C.dqa_tensors, list []session.Array) error {
	for _, t := range list {
		if len(t.Shape) > C.DQA_MAX_RANK {
			return fmt.Errorf("%w: %s has %d axes, %d are the most", session.ErrSetting, t.Name, len(t.Shape), C.DQA_MAX_RANK)
		}
	}
	size := C.size_t(max(len(list), 1)) * C.sizeof_dqa_tensor
	items := (*C.dqa_tensor)(C.memset(C.malloc(size), 0, size))
	for i, t := range unsafe.Slice(items, len(list)) {
		t.name, t.rank = C.CString(list[i].Name), C.int(len(list[i].Shape))
		for k, d := range list[i].Shape {
			t.shape[k] = C.int64_t(d)
		}
		if list[i].Data != nil {
			t.data = (*C.float)(C.malloc(C.size_t(max(4*len(list[i].Data), 1))))
			copy(floats(t.data, C.size_t(len(list[i].Data))), list[i].Data)
		}
		unsafe.Slice(items, len(list))[i] = t
	}
	*out = C.dqa_tensors{items: items, count: C.size_t(len(list))}
	return nil
}

//export dqa_tensors_free
func dqa_tensors_free(t *C.dqa_tensors) {
	if t == nil {
		return
	}
	for _, item := range unsafe.Slice(t.items, t.count) {
		C.free(unsafe.Pointer(item.name))
		C.free(unsafe.Pointer(item.data))
	}
	C.free(unsafe.Pointer(t.items))
	*t = C.dqa_tensors{}
}

// floats is C's memory as a slice.
func floats[T ~float32](p *T, n C.size_t) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(p)), n)
}

// memory is C's memory as a slice.
func memory(p C.dqa_memory, n C.size_t) []byte { return unsafe.Slice((*byte)(p), n) }

// text is C's text; NULL is "".
func text(p *C.dqa_text) string { return C.GoString((*C.char)(unsafe.Pointer(p))) }

// shapeOf is a shape of C's; one that is none is nil.
func shapeOf(p *C.dqa_shape, rank C.int) []int {
	if p == nil || rank < 0 || rank > C.DQA_MAX_RANK {
		return nil
	}
	shape := make([]int, rank)
	for i, d := range unsafe.Slice((*int64)(unsafe.Pointer(p)), rank) {
		shape[i] = int(d)
	}
	return shape
}

// options reads JSON into v, whose fields are all that there is.
func options(p *C.dqa_text, v any) error {
	s := text(p)
	if s == "" {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader([]byte(s)))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%w: options: %w", session.ErrSetting, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: options: text behind the object", session.ErrSetting)
	}
	return nil
}
