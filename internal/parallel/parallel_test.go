package parallel

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

func TestOrderedKeepsTheOrder(t *testing.T) {
	for _, workers := range []int{0, 1, 3, 16} {
		var got []int
		err := Ordered(t.Context(), 100, workers, func(w, i int) (int, error) {
			time.Sleep(time.Duration(rand.IntN(50)) * time.Microsecond)
			return i * i, nil
		}, func(i, v int) error { got = append(got, v); return nil })
		want := make([]int, 100)
		for i := range want {
			want[i] = i * i
		}
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("%d workers: %v, %v", workers, got, err)
		}
	}
}

func TestOrderedReturnsTheFirstError(t *testing.T) {
	first, second := errors.New("first"), errors.New("second")
	var started atomic.Int64
	err := Ordered(t.Context(), 10000, 4, func(w, i int) (int, error) {
		started.Add(1)
		switch i {
		case 20:
			time.Sleep(2 * time.Millisecond)
			return 0, first
		case 21:
			return 0, second
		}
		return i, nil
	}, func(i, v int) error { return nil })
	if !errors.Is(err, first) {
		t.Fatalf("got %v", err)
	}
	if started.Load() > 100 {
		t.Errorf("%d items were started after the error", started.Load())
	}
}

func TestOrderedStopsWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	err := Ordered(ctx, 1<<30, 2, func(w, i int) (int, error) { return i, nil }, func(i, v int) error {
		if i == 10 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}

func TestOrderedOfNothing(t *testing.T) {
	if err := Ordered(t.Context(), 0, 4, func(w, i int) (int, error) { return 0, nil }, nil); err != nil {
		t.Fatal(err)
	}
}
