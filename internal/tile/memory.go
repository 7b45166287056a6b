package tile

import (
	"reflect"

	"github.com/dqa-go/dqa/internal/huffman"
	"github.com/dqa-go/dqa/internal/prefix"
	"github.com/dqa-go/dqa/internal/rans"
	"github.com/dqa-go/dqa/profile"
)

var (
	modelBytes  = sizeOf[rans.Model]()
	shiftBytes  = sizeOf[huffman.Code]()
	prefixBytes = sizeOf[prefix.Code]()
)

func sizeOf[T any]() int64 { return int64(reflect.TypeFor[T]().Size()) }

// TableBytes is what the tables of a valid profile's coders take, about: what Factories will need.
func TableBytes(p *profile.Profile) int64 {
	n := modelBytes * int64(len(p.Frequencies))
	for i := range p.Edges {
		e := &p.Edges[i]
		n += 8 * int64(len(e.Models)) // pointers
		if len(e.Table) > 0 {
			n += shiftBytes
		}
		if e.Transform != nil {
			n += 4 * int64(len(e.Transform.Matrix)) // laid out
		}
		if e.Prefix != nil {
			n += prefixBytes
		}
	}
	return n
}
