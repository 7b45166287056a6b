package method

import (
	"errors"

	"github.com/dqa-go/dqa/profile"
)

// Direct is uniform quantization to n bits (METHOD section 3).
type Direct struct{}

// Name is "direct".
func (Direct) Name() string { return "direct" }

// Complete drops what only other methods use.
func (Direct) Complete(s profile.Setting) (profile.Setting, error) {
	refine := s.Refine
	s, err := completePlain("direct", s)
	s.Refine = refine
	return s, errors.Join(err, checkRefine(s))
}

// Plan gives every channel n bits.
func (Direct) Plan(env Env, s profile.Setting) (*Plan, error) {
	edges, err := plain(env, s)
	return &Plan{Edges: edges}, err
}
