package tile

import (
	"fmt"

	"github.com/dqa-go/dqa/internal/prefix"
	"github.com/dqa-go/dqa/profile"
)

// fast is the coder of that name: whole codes by a prefix code for vector registers.
type fast struct {
	whole
	oneMode
	*fastMemory
	code *prefix.Code
}

type fastMemory struct{ prefix prefix.Coder }

func newFast(e *profile.Edge, _ *shared) (Factory, error) {
	code, err := prefix.NewCode(*e.Prefix)
	if err != nil {
		return nil, err
	}
	return func(s *Scratch) Coder {
		f := &fast{whole{quantizer: quantizer{e, s}}, oneMode{}, memoryOf[fastMemory](s), code}
		f.stream = f
		return f
	}, nil
}

func (f *fast) appendStream(dst []byte, _ profile.Bounds, c codes) (out []byte, ok bool) {
	b, ok := f.narrow(c)
	if !ok {
		return dst, false
	}
	return f.prefix.Append(dst, b, f.code), true
}

func (f *fast) decodeStream(b profile.Bounds, _ int, src []byte) (codes, error) {
	f.bytes = resize(f.bytes, f.edge.TileSize(b))
	rest, err := f.prefix.Decode(f.bytes, src, f.code)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d bytes left", len(rest))
	}
	if err == nil {
		err = f.checkBits(b, f.bytes)
	}
	return codes{bytes: f.bytes}, err
}
