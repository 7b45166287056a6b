package native

import (
	"math/rand/v2"
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
