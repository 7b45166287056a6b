package session

import (
	"fmt"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/calib"
	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/profile"
)

// Quantized is a network bound to a profile: it computes with stored activations. It is immutable; Encoders are made of
// it, one per goroutine.
type Quantized struct {
	net     *Network
	profile *profile.Profile
	codec   *dqa.Codec     // of frames
	inFrame []int          // Storing: by edge, its number in frames, -1: none; nil: all edges are
	prog    engine.Program // with the profile's corrections
}

// Bind makes the network compute as p says. A profile of another network, or of other edges of this one, is
// ErrOtherModel; OptionsOf opens a network so that its edges are those of p.
func (n *Network) Bind(p *profile.Profile) (*Quantized, error) {
	if err := n.matches(p); err != nil {
		return nil, err
	}
	codec, err := dqa.NewCodec(p)
	if err != nil {
		return nil, err
	}
	prog, err := n.corrected(p.Corrections())
	if err != nil {
		return nil, err
	}
	return &Quantized{n, p, codec, nil, prog}, nil
}

// Storing is q whose frames hold the edges of p alone, as p says; the other edges are quantized all the same. A profile of
// another network or with edges that are none of q's is ErrOtherModel.
func (q *Quantized) Storing(p *profile.Profile) (*Quantized, error) {
	if err := q.net.sameModel(p); err != nil {
		return nil, err
	}
	codec, err := dqa.NewCodec(p)
	if err != nil {
		return nil, err
	}
	s, next := *q, 0
	s.codec, s.inFrame = codec, make([]int, len(q.profile.Edges))
	for i := range q.profile.Edges {
		s.inFrame[i] = -1
		if next < len(p.Edges) && p.Edges[next].Name == q.profile.Edges[i].Name && p.Edges[next].Elements() == q.profile.Edges[i].Elements() {
			s.inFrame[i] = next
			next++
		}
	}
	if next < len(p.Edges) {
		return nil, fmt.Errorf("%w: edge %q is none of those that are quantized", ErrOtherModel, p.Edges[next].Name)
	}
	return &s, nil
}

// Network is what was bound.
func (q *Quantized) Network() *Network { return q.net }

// Codec is the profile of the frames made ready: it codes and decodes tensors that come from elsewhere.
func (q *Quantized) Codec() *dqa.Codec { return q.codec }

// Program is the network with the profile's corrections. It stores nothing by itself: an Encoder's hook does.
func (q *Quantized) Program() engine.Program { return q.prog }

// matches refuses a profile of another network.
func (n *Network) matches(p *profile.Profile) error {
	if err := n.sameModel(p); err != nil {
		return err
	}
	edges := n.Edges()
	if len(edges) != len(p.Edges) {
		return fmt.Errorf("%w: %d edges, the network has %d", ErrOtherModel, len(p.Edges), len(edges))
	}
	for i, e := range edges {
		q := &p.Edges[i]
		same := q.Channels == e.Channels && q.Rows == e.Rows && q.Cols == e.Cols && q.ChannelsLast == e.ChannelsLast
		if q.Name != e.Name || !same {
			return fmt.Errorf("%w: edge %d is %q, the network has %q", ErrOtherModel, i, q.Name, e.Name)
		}
	}
	return nil
}

func (n *Network) sameModel(p *profile.Profile) error {
	if p.Network.Digest != n.graph.Digest {
		return fmt.Errorf("%w: it was made for %s (SHA-256 %x...), not for %s", ErrOtherModel, p.Network.Name, p.Network.Digest[:6], n.name)
	}
	return nil
}

// corrected is the network with a profile's corrections.
func (n *Network) corrected(by profile.Corrections) (engine.Program, error) {
	if len(by.Gain)+len(by.Bias) == 0 {
		return n.prog, nil
	}
	return calib.Corrected(n.prog, by, n.compile)
}
