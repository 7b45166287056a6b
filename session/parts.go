package session

import (
	"fmt"
	"slices"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/profile"
)

// QuantizedParts are a quantized network that is cut in two, as files hold it. The head with its profile, then the tail with
// its own, is the whole, bit for bit.
type QuantizedParts struct {
	Parts
	HeadModel, TailModel     []byte           // ONNX
	HeadProfile, TailProfile *profile.Profile // of all edges that a part writes
	// Passing is a profile of the head, too, of those edges alone that pass to the tail: what frames on the link need.
	Passing *profile.Profile
}

// Split cuts the network behind an edge, by name or number, and its profile with it. What passes are edges, as far as the
// profile has them: views of them are computed by the tail. The parts' profiles keep what is known of their edges (profile.Evidence.Of).
// Errors are those of Network.Split.
func (q *Quantized) Split(at string) (*QuantizedParts, error) {
	edge, err := q.net.FindEdge(at)
	if err != nil {
		return nil, err
	}
	graphs, err := q.net.graph.SplitStored(edge.Name)
	if err != nil {
		return nil, err
	}
	p := &QuantizedParts{Parts: Parts{edge.Name, graphs[0], graphs[1]}}
	if p.HeadModel, err = onnx.Marshal(p.Head); err != nil {
		return nil, fmt.Errorf("head: %w", err)
	}
	if p.TailModel, err = onnx.Marshal(p.Tail); err != nil {
		return nil, fmt.Errorf("tail: %w", err)
	}
	head, err := q.part(p.Head, "head.onnx", p.HeadModel)
	if err != nil {
		return nil, err
	}
	tail, err := q.part(p.Tail, "tail.onnx", p.TailModel)
	if err != nil {
		return nil, err
	}
	passes := p.Tail.Inputs()
	passing := func(name string) bool {
		return slices.ContainsFunc(passes, func(v graph.Value) bool { return v.Name == name })
	}
	if p.HeadProfile, err = head.profile(nil); err != nil {
		return nil, err
	}
	if p.Passing, err = head.profile(passing); err != nil {
		return nil, err
	}
	if p.TailProfile, err = tail.profile(nil); err != nil {
		return nil, err
	}
	p.TailProfile.Preprocess = profile.Preprocess{} // its inputs are tensors
	return p, nil
}

// part is one side of a cut with what it comes from.
type part struct {
	whole  *profile.Profile
	name   string
	graph  *graph.Graph   // as it is read from the file
	writes map[string]int // by value: the number of the node that writes it
	biases []profile.Bias // of the whole, under the names that nodes have in the file
	gains  []profile.Gain // the same
}

func (q *Quantized) part(g *graph.Graph, name string, model []byte) (*part, error) {
	p := &part{whole: q.profile, name: name, writes: map[string]int{}}
	var err error
	if p.graph, err = onnx.Parse(model, onnx.Options{Part: true}); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for i, n := range p.graph.Nodes {
		for _, o := range n.Outputs {
			p.writes[o] = i
		}
	}
	for _, b := range q.profile.Bias {
		node, err := p.counterpart(g, b.Node)
		if err != nil {
			return nil, err
		}
		if b.Node = node; node != "" {
			p.biases = append(p.biases, b)
		}
	}
	for _, k := range q.profile.Gain {
		node, err := p.counterpart(g, k.Node)
		if err != nil {
			return nil, err
		}
		if k.Node = node; node != "" {
			p.gains = append(p.gains, k)
		}
	}
	return p, nil
}

// counterpart is the name that a node of the graph g has in the part's file; "" if it is another part's.
func (p *part) counterpart(g *graph.Graph, node string) (string, error) {
	at := slices.IndexFunc(g.Nodes, func(n *graph.Node) bool { return n.Name == node })
	if at < 0 {
		return "", nil
	}
	i, ok := p.writes[g.Nodes[at].Outputs[0]]
	if !ok {
		return "", fmt.Errorf("%s: %w: node %q has no counterpart", p.name, graph.ErrBias, node)
	}
	return p.graph.Nodes[i].Name, nil
}

// profile is that of the edges that keep chooses, of all that the part writes where it is nil. The others stay float32, and
// biases and gains, which make up for what all edges lose, are left out then.
func (p *part) profile(keep func(name string) bool) (*profile.Profile, error) {
	out := *p.whole
	out.Network = profile.Network{Name: p.name, Digest: p.graph.Digest}
	out.Skip, out.Bias, out.Gain = nil, p.biases, p.gains
	if keep != nil {
		out.Bias, out.Gain = nil, nil
	}
	var names []string
	var kept []int
	for i, e := range p.whole.Edges {
		if _, ok := p.writes[e.Name]; ok && (keep == nil || keep(e.Name)) {
			names, kept = append(names, e.Name), append(kept, i)
		}
	}
	out.Edges = profile.Select(p.whole.Edges, kept)
	out.Evidence = p.whole.Evidence.Of(kept)
	edges, err := p.graph.FindEdgesPassing(graph.EdgeSet(out.EdgeSet), names)
	if err != nil {
		return nil, err
	}
	for _, e := range edges {
		if !slices.Contains(names, e.Name) {
			out.Skip = append(out.Skip, e.Name)
		}
	}
	keepFrequencies(&out)
	return &out, nil
}

// keepFrequencies leaves out the models that no edge uses.
func keepFrequencies(p *profile.Profile) {
	number := map[uint8]uint8{}
	all := p.Frequencies
	p.Frequencies = nil
	renumber := func(models *[]uint8) {
		*models = slices.Clone(*models)
		for k, m := range *models {
			if _, ok := number[m]; !ok {
				number[m] = uint8(len(p.Frequencies))
				p.Frequencies = append(p.Frequencies, all[m])
			}
			(*models)[k] = number[m]
		}
	}
	for i := range p.Edges { // they are this profile's own, as their earlier edges are
		renumber(&p.Edges[i].Models)
		if e := p.Edges[i].Earlier; e != nil {
			renumber(&e.Models)
		}
	}
}
