package session

import "github.com/dqa-go/dqa/graph"

// Parts are a network that is cut in two.
type Parts struct {
	Edge       string       // behind which it is cut
	Head, Tail *graph.Graph // Tail.Inputs are what passes: the edge, and what else is alive there (shortcuts)
}

// Split cuts the network behind an edge, by name or number. On one engine head and tail give what the whole gives, bit
// for bit. An edge that is none is ErrNoEdge.
func (n *Network) Split(at string) (*Parts, error) {
	edge, err := n.FindEdge(at)
	if err != nil {
		return nil, err
	}
	parts, err := n.graph.Split(edge.Name)
	if err != nil {
		return nil, err
	}
	return &Parts{edge.Name, parts[0], parts[1]}, nil
}
