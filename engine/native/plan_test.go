package native

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestPlaceKeepsLiveBuffersApart(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		buffers := make([]*buffer, 1+r.IntN(30))
		sum := int64(0)
		for i := range buffers {
			first := r.IntN(20)
			buffers[i] = &buffer{size: r.IntN(300), first: first, last: first + r.IntN(6)}
			sum += int64(roundUp(buffers[i].size+slack, alignment))
		}
		total := place(buffers)
		if total > sum {
			t.Fatalf("arena of %d values for buffers of %d", total, sum)
		}
		for i, a := range buffers {
			if a.offset < 0 || a.offset%alignment != 0 || a.offset+int64(a.size)+slack > total {
				t.Fatalf("buffer %+v lies outside the arena of %d", *a, total)
			}
			for _, b := range buffers[:i] {
				together := a.first <= b.last && b.first <= a.last
				if together && a.offset < b.offset+int64(b.size)+slack && b.offset < a.offset+int64(a.size)+slack {
					t.Fatalf("%+v and %+v overlap", *a, *b)
				}
			}
		}
	}
}

// The largest buffers first often leave gaps that another order does not.
func TestPlaceTriesOtherOrders(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	gaps, closed := 0, 0
	for range 200 {
		var buffers []*buffer
		for range 20 {
			first := r.IntN(20)
			buffers = append(buffers, &buffer{size: 1 + r.IntN(3000), first: first, last: first + r.IntN(4)})
		}
		bySize := slices.Clone(buffers)
		slices.SortStableFunc(bySize, func(a, b *buffer) int { return b.size - a.size })
		once, least := placeInOrder(bySize), leastArena(buffers)
		total := place(buffers)
		if total > once || total < least {
			t.Fatalf("arena of %d values, largest first %d, in use at a time %d", total, once, least)
		}
		if once > least {
			gaps++
		}
		if once > least && total == least {
			closed++
		}
	}
	if gaps < 20 || closed < gaps/2 {
		t.Errorf("%d of %d gaps closed", closed, gaps)
	}
}

func TestPlaceNothing(t *testing.T) {
	if total := place(nil); total != 0 {
		t.Errorf("an arena of %d values for no buffers", total)
	}
}

// A chain of equal buffers needs two places, however long it is.
func TestPlaceReusesMemory(t *testing.T) {
	var buffers []*buffer
	for i := range 50 {
		buffers = append(buffers, &buffer{size: 1000, first: i, last: i + 1})
	}
	if total := place(buffers); total > 2*(1000+slack+alignment) {
		t.Errorf("arena of %d values", total)
	}
}
