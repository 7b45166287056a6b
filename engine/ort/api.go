//go:build ort

package ort

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

// Places of the functions in OrtApi, a table that only grows at its end (onnxruntime_c_api.h).
const (
	fnGetErrorMessage           = 2
	fnCreateEnv                 = 3
	fnCreateSessionFromArray    = 8
	fnRun                       = 9
	fnCreateSessionOptions      = 10
	fnSetSessionLogSeverity     = 22
	fnSetGraphOptimizationLevel = 23
	fnSetIntraOpNumThreads      = 24
	fnSetInterOpNumThreads      = 25
	fnCreateTensorWithData      = 49
	fnCreateCPUMemoryInfo       = 69
	fnReleaseStatus             = 93
	fnReleaseSession            = 95
	fnReleaseValue              = 96
	fnReleaseSessionOptions     = 100
	functions                   = 101
)

// apiVersion is that of ONNX Runtime 1.17; later releases give it as well.
const apiVersion = 17

// Values of enumerations in the C header.
const (
	logFatal        = 4
	optimizeNothing = 0
	optimizeBasic   = 1 // constant folding and fusions that stay inside a chain
	optimizeAll     = 99
	elementFloat    = 1
	allocatorDevice = 0
	memoryDefault   = 0
)

// library is a loaded ONNX Runtime.
type library struct {
	table   [functions]uintptr
	version string
	env     uintptr
	memory  uintptr // where tensors lie: the CPU's
}

var (
	loaded   = map[string]*library{}
	loadLock sync.Mutex
)

// load opens the library once.
func load(path string) (*library, error) {
	loadLock.Lock()
	defer loadLock.Unlock()
	if l := loaded[path]; l != nil {
		return l, nil
	}
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrUnavailable, path, err)
	}
	entry, err := purego.Dlsym(handle, "OrtGetApiBase")
	if err != nil {
		return nil, fmt.Errorf("%w: %s is not ONNX Runtime: %w", ErrUnavailable, path, err)
	}
	base, _, _ := purego.SyscallN(entry)
	getAPI, getVersion := word(base, 0), word(base, 1)
	text, _, _ := purego.SyscallN(getVersion)
	l := &library{version: goString(text)}
	table, _, _ := purego.SyscallN(getAPI, apiVersion)
	if table == 0 {
		return nil, fmt.Errorf("%w: %s is release %s, 1.17 or later is needed", ErrUnavailable, path, l.version)
	}
	for i := range l.table {
		l.table[i] = word(table, i)
	}
	if err := l.start(); err != nil {
		return nil, err
	}
	loaded[path] = l
	return l, nil
}

func (l *library) start() error {
	if err := l.call(fnCreateEnv, logFatal, cString("dqa"), out(&l.env)); err != nil {
		return err
	}
	return l.call(fnCreateCPUMemoryInfo, allocatorDevice, memoryDefault, out(&l.memory))
}

// argument is what a C function takes: a number, or memory that must stay alive during the call.
type argument any

// call calls a function of the table that returns a status.
func (l *library) call(function int, args ...argument) error {
	words := make([]uintptr, len(args))
	for i, a := range args {
		switch v := a.(type) {
		case int:
			words[i] = uintptr(v)
		case uintptr:
			words[i] = v
		case unsafe.Pointer:
			words[i] = uintptr(v)
		default:
			panic(fmt.Sprintf("ort: argument of type %T", a))
		}
	}
	status, _, _ := purego.SyscallN(l.table[function], words...)
	runtime.KeepAlive(args)
	if status == 0 {
		return nil
	}
	text, _, _ := purego.SyscallN(l.table[fnGetErrorMessage], status)
	err := errors.New("ONNX Runtime: " + goString(text))
	l.release(fnReleaseStatus, status)
	return err
}

func (l *library) release(function int, handle uintptr) {
	if handle != 0 {
		purego.SyscallN(l.table[function], handle)
	}
}

// word reads pointer number i of a table in C memory.
func word(table uintptr, i int) uintptr {
	return *(*uintptr)(unsafe.Add(cPointer(table), i*int(unsafe.Sizeof(table))))
}

// cPointer turns an address of C memory, which the garbage collector does not move, into a pointer.
func cPointer(address uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&address)) }

func goString(text uintptr) string {
	if text == 0 {
		return ""
	}
	p := (*byte)(cPointer(text))
	n := 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(p), n)) != 0 {
		n++
	}
	return string(unsafe.Slice(p, n))
}

func cString(s string) unsafe.Pointer {
	b := append([]byte(s), 0)
	return unsafe.Pointer(&b[0])
}

func out(handle *uintptr) unsafe.Pointer { return unsafe.Pointer(handle) }

// session is a model made ready. Its methods may be called from many goroutines at once.
type session struct {
	lib     *library
	handle  uintptr
	inputs  []unsafe.Pointer // names
	outputs []unsafe.Pointer
}

// sessionOptions are what differs between sessions.
type sessionOptions struct{ optimize, threads int }

func (l *library) newSession(model []byte, opt sessionOptions, inputs, outputs []string) (*session, error) {
	var options uintptr
	if err := l.call(fnCreateSessionOptions, out(&options)); err != nil {
		return nil, err
	}
	defer l.release(fnReleaseSessionOptions, options)
	for function, value := range map[int]int{
		fnSetSessionLogSeverity: logFatal, fnSetGraphOptimizationLevel: opt.optimize, fnSetIntraOpNumThreads: opt.threads,
		fnSetInterOpNumThreads: 1,
	} {
		if err := l.call(function, options, value); err != nil {
			return nil, err
		}
	}
	s := &session{lib: l}
	if err := l.call(fnCreateSessionFromArray, l.env, unsafe.Pointer(&model[0]), len(model), options, out(&s.handle)); err != nil {
		return nil, err
	}
	for _, name := range inputs {
		s.inputs = append(s.inputs, cString(name))
	}
	for _, name := range outputs {
		s.outputs = append(s.outputs, cString(name))
	}
	runtime.AddCleanup(s, func(handle uintptr) { l.release(fnReleaseSession, handle) }, s.handle)
	return s, nil
}

// buffer is a tensor's memory.
type buffer struct {
	data  []float32
	shape []int64
}

// run computes out from in, in the order of the names. All memory is the caller's.
func (s *session) run(in, out []buffer) error {
	values := make([]uintptr, len(in)+len(out))
	defer func() {
		for _, v := range values {
			s.lib.release(fnReleaseValue, v)
		}
	}()
	for i, b := range append(append([]buffer(nil), in...), out...) {
		if err := s.wrap(b, &values[i]); err != nil {
			return err
		}
	}
	err := s.lib.call(fnRun, s.handle, 0, unsafe.Pointer(&s.inputs[0]), unsafe.Pointer(&values[0]), len(in),
		unsafe.Pointer(&s.outputs[0]), len(out), unsafe.Pointer(&values[len(in)]))
	runtime.KeepAlive(in)
	runtime.KeepAlive(out)
	runtime.KeepAlive(s)
	return err
}

// wrap makes an OrtValue of Go memory.
func (s *session) wrap(b buffer, value *uintptr) error {
	return s.lib.call(fnCreateTensorWithData, s.lib.memory, unsafe.Pointer(unsafe.SliceData(b.data)), 4*len(b.data),
		unsafe.Pointer(unsafe.SliceData(b.shape)), len(b.shape), elementFloat, out(value))
}
