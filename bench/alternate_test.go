package bench

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"
)

// TestAlternate: all have their turns, in rounds that begin with another each; errors and cancelling end it.
func TestAlternate(t *testing.T) {
	var order []string
	contender := func(name string, d time.Duration) Contender {
		return Contender{name, func() error {
			if len(order) == 0 || order[len(order)-1] != name {
				order = append(order, name)
			}
			time.Sleep(d)
			return nil
		}}
	}
	times, err := Alternate(context.Background(), []Contender{contender("a", 2*turnLength), contender("b", turnLength)}, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"a", "b", "a", "b", "a"}; !slices.Equal(order, want) { // two first calls, then a b, b a
		t.Errorf("order %v, want %v", order, want)
	}
	if a, b := times[0], times[1]; a.Median < 2*turnLength || b.Median < turnLength || a.Best > a.Median || a.Median < b.Median {
		t.Errorf("times %v", times)
	}
	broken := errors.New("broken")
	if _, err := Alternate(context.Background(), []Contender{{"c", func() error { return broken }}}, 2, nil); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(broken)
	if _, err := Alternate(ctx, []Contender{contender("d", 0)}, 2, nil); !errors.Is(err, broken) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestTimeOfRounds(t *testing.T) {
	ms := func(v ...int) (d []time.Duration) {
		for _, v := range v {
			d = append(d, time.Duration(v)*time.Millisecond)
		}
		return d
	}
	got := newTime(ms(9, 1, 3, 5), ms(2, 2, 4, 4))
	if got.Median != 4*time.Millisecond || got.Best != time.Millisecond || got.CPU != 3*time.Millisecond || got.Spread != 1.5 {
		t.Errorf("%+v", got)
	}
}
