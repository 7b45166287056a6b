package parallel

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// A worker's panic reaches the goroutine that waits, after all workers have ended.
func TestPanicOfAWorker(t *testing.T) {
	p := Catch(func() {
		_ = Ordered(context.Background(), 100, 4, func(_, i int) (int, error) {
			var none []int
			if i == 17 {
				return none[i], nil
			}
			return i, nil
		}, func(i, _ int) error {
			if i >= 17 {
				return errors.New("consumed what was never made")
			}
			return nil
		})
	})
	if p == nil || !strings.Contains(p.Error(), "index out of range") || !strings.Contains(p.At, "panic_test.go:") || len(p.Stack) == 0 {
		t.Errorf("%v", p)
	}
}

func TestCatch(t *testing.T) {
	if p := Catch(func() {}); p != nil {
		t.Error(p)
	}
	inner := Catch(func() { panic("one") })
	if p := Catch(func() { panic(inner) }); p != inner || p.Value != "one" {
		t.Errorf("%v", p)
	}
}
