package bench

import (
	"context"
	"runtime"
	"slices"
	"time"

	"github.com/dqa-go/dqa/internal/cpu"
)

// Contender is something whose time is taken in turn with others.
type Contender struct {
	Name string
	Run  func() error
}

// Time is what one call took over all rounds.
type Time struct {
	Median, Best time.Duration // wall clock
	Spread       float64       // from the first to the third quartile, as a share of the median
	CPU          time.Duration // of all threads, median; 0 where that is not known
}

// turnLength is how long a contender's turn lasts at least: many short calls, one long one.
const turnLength = 60 * time.Millisecond

// Alternate lets the contenders run in turn, round by round, so that what else the machine does meets all alike; every
// round begins with another. progress may be nil.
func Alternate(ctx context.Context, contenders []Contender, rounds int, progress func(done, total int)) ([]Time, error) {
	calls := make([]int, len(contenders))
	for i, c := range contenders {
		start := time.Now()
		if err := c.Run(); err != nil { // the first call prepares memory
			return nil, err
		}
		if first := time.Since(start); first < turnLength {
			start = time.Now()
			if err := c.Run(); err != nil {
				return nil, err
			}
		}
		calls[i] = max(1, int(turnLength/max(time.Since(start), time.Microsecond)))
	}
	walls, cpus := make([][]time.Duration, len(contenders)), make([][]time.Duration, len(contenders))
	for r := range rounds {
		for k := range contenders {
			if err := context.Cause(ctx); err != nil {
				return nil, err
			}
			i := (k + r) % len(contenders)
			wall, cpu, err := turn(contenders[i].Run, calls[i])
			if err != nil {
				return nil, err
			}
			walls[i], cpus[i] = append(walls[i], wall), append(cpus[i], cpu)
		}
		if progress != nil {
			progress(r+1, rounds)
		}
	}
	times := make([]Time, len(contenders))
	for i := range times {
		times[i] = newTime(walls[i], cpus[i])
	}
	return times, nil
}

// turn is the mean of some calls.
func turn(run func() error, calls int) (wall, used time.Duration, err error) {
	runtime.GC() // what others left behind is not this one's work
	start, before := time.Now(), cpu.Time()
	for range calls {
		if err := run(); err != nil {
			return 0, 0, err
		}
	}
	return time.Since(start) / time.Duration(calls), (cpu.Time() - before) / time.Duration(calls), nil
}

func newTime(walls, cpus []time.Duration) Time {
	slices.Sort(walls)
	slices.Sort(cpus)
	n := len(walls)
	middle := func(d []time.Duration) time.Duration { return (d[(n-1)/2] + d[n/2]) / 2 }
	t := Time{Median: middle(walls), Best: walls[0], CPU: middle(cpus)}
	t.Spread = float64(walls[n*3/4]-walls[n/4]) / float64(max(t.Median, 1))
	return t
}
