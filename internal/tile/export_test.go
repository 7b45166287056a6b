package tile

import "github.com/dqa-go/dqa/profile"

// EncodeWide is Encode over 16-bit codes, which any value can have.
func EncodeWide(c Coder, v *Values, b profile.Bounds) []byte {
	var q *quantizer
	switch c := c.(type) {
	case *planes:
		q = &c.quantizer
	case *fast:
		q = &c.quantizer
	case *modelled:
		q = &c.quantizer
	case *taps:
		q = &c.quantizer
	}
	codes, _ := q.quantizeWide(v, b)
	q.restore(v, b, codes)
	return c.(codesCoder).appendCodes(nil, b, codes)
}

// NumCoders is the length of the table.
func NumCoders() int { return len(coders) }
