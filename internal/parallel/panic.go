package parallel

import (
	"fmt"
	"path"
	"runtime"
	"runtime/debug"
	"strings"
)

// Panic is a panic that was caught: a goroutine's, brought to the one that waits for it, which panics with it again.
type Panic struct {
	Value any
	At    string // function and line that panicked
	Stack []byte
}

func (p *Panic) Error() string { return fmt.Sprintf("%v (%s)", p.Value, p.At) }

// Catch runs f and returns its panic, or nil.
func Catch(f func()) (p *Panic) {
	defer func() {
		v := recover()
		switch v := v.(type) {
		case nil:
		case *Panic: // from a goroutine that f waited for
			p = v
		default:
			p = &Panic{v, panicked(), debug.Stack()}
		}
	}()
	f()
	return nil
}

// panicked is where the panic began that is being recovered from.
func panicked() string {
	pc := make([]uintptr, 64)
	frames := runtime.CallersFrames(pc[:runtime.Callers(3, pc)])
	for {
		f, more := frames.Next()
		if !strings.HasPrefix(f.Function, "runtime.") || !more {
			return fmt.Sprintf("%s, %s:%d", path.Base(f.Function), path.Base(f.File), f.Line)
		}
	}
}
