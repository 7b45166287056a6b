package method

import (
	"github.com/dqa-go/dqa/profile"
)

// Direct is uniform quantization to n bits (METHOD section 3).
type Direct struct{}

// Name is "direct".
func (Direct) Name() string { return "direct" }

// Complete drops what only dqa uses.
func (Direct) Complete(s profile.Method) (profile.Method, error) {
	return profile.Method{Name: "direct", Bits: s.Bits, Unsigned: s.Unsigned, Scale: s.Scale}, checkBits(s.Bits)
}

// Plan gives every channel n bits.
func (Direct) Plan(env Env, s profile.Method) ([]profile.Edge, error) {
	edges, err := plain(env, s)
	if err != nil {
		return nil, err
	}
	return edges, addSteps(env, edges)
}
