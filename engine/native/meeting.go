package native

import (
	"runtime"
	"sync/atomic"
	"time"
)

// meeting is where workers wait for each other, again and again. Steps take microseconds: who waits does not sleep
// before it has waited long.
type meeting struct {
	workers int32
	here    atomic.Int32
	turn    atomic.Uint32
}

// How often a worker looks before it lets others run, and before it sleeps.
const (
	looks  = 1 << 8
	yields = 1 << 12
)

// wait returns when all workers have called it.
func (m *meeting) wait() {
	if m.workers == 1 {
		return
	}
	turn := m.turn.Load()
	if m.here.Add(1) == m.workers {
		m.here.Store(0)
		m.turn.Add(1)
		return
	}
	for n := 0; m.turn.Load() == turn; n++ {
		switch {
		case n > looks+yields:
			time.Sleep(20 * time.Microsecond)
		case n > looks:
			runtime.Gosched()
		}
	}
}
