package session

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/profile"
)

// CutFiles are the files of a network that is cut in two.
type CutFiles struct {
	Edge  string         `json:"edge"`
	Head  string         `json:"head"`
	Tail  string         `json:"tail"`
	Cut   []CutTensor    `json:"cut"` // what passes from head to tail
	Bytes map[string]int `json:"bytes"`
	// Profiles are those of "head", "tail" and "cut", the edges that pass; of QuantizedParts only.
	Profiles map[string]string `json:"profiles,omitempty"`
}

// CutTensor is a tensor that passes.
type CutTensor struct {
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
	// Stored tells whether frames of the cut's profile hold it; nil without profiles.
	Stored *bool `json:"stored,omitempty"`
}

// Save writes head.onnx and tail.onnx to dir, which is made if needed.
func (p *Parts) Save(dir string) (*CutFiles, error) {
	head, err := onnx.Marshal(p.Head)
	if err != nil {
		return nil, err
	}
	tail, err := onnx.Marshal(p.Tail)
	if err != nil {
		return nil, err
	}
	return p.save(dir, head, tail)
}

func (p *Parts) save(dir string, head, tail []byte) (*CutFiles, error) {
	f := &CutFiles{
		Edge: p.Edge, Head: filepath.Join(dir, "head.onnx"), Tail: filepath.Join(dir, "tail.onnx"),
		Bytes: map[string]int{"head.onnx": len(head), "tail.onnx": len(tail)},
	}
	for _, t := range p.Tail.Inputs() {
		f.Cut = append(f.Cut, CutTensor{Name: t.Name, Shape: t.Shape})
	}
	if err := file.MkdirAll(dir); err != nil {
		return nil, err
	}
	if err := file.WriteBytes(f.Head, head); err != nil {
		return nil, err
	}
	return f, file.WriteBytes(f.Tail, tail)
}

// Save writes the models as Parts.Save does, and head.dqap, tail.dqap and cut.dqap, the profile of what passes.
func (p *QuantizedParts) Save(dir string) (*CutFiles, error) {
	f, err := p.save(dir, p.HeadModel, p.TailModel)
	if err != nil {
		return nil, err
	}
	f.Profiles = map[string]string{}
	for part, prof := range map[string]*profile.Profile{"head": p.HeadProfile, "cut": p.Passing, "tail": p.TailProfile} {
		f.Profiles[part] = filepath.Join(dir, part+".dqap")
		if err := file.WriteBytes(f.Profiles[part], prof.Append(nil)); err != nil {
			return nil, err
		}
	}
	for i := range f.Cut {
		stored := slices.ContainsFunc(p.Passing.Edges, func(e profile.Edge) bool { return e.Name == f.Cut[i].Name })
		f.Cut[i].Stored = &stored
	}
	return f, nil
}

// WriteText writes what there is now as people read it.
func (f *CutFiles) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "%s (%d bytes) and %s (%d bytes), cut at %s; from head to tail pass\n",
		f.Head, f.Bytes["head.onnx"], f.Tail, f.Bytes["tail.onnx"], f.Edge)
	for _, t := range f.Cut {
		note := ""
		if t.Stored != nil {
			note = "  in frames of " + f.Profiles["cut"]
			if !*t.Stored {
				note = "  as float32, which dqa run of the head writes"
			}
		}
		fmt.Fprintf(w, "  %s %v%s\n", t.Name, t.Shape, note)
	}
	return nil
}

// SplitTo is Split and Save.
func (n *Network) SplitTo(at, dir string) (*CutFiles, error) {
	p, err := n.Split(at)
	if err != nil {
		return nil, err
	}
	return p.Save(dir)
}

// SplitTo is Split and Save.
func (q *Quantized) SplitTo(at, dir string) (*CutFiles, error) {
	p, err := q.Split(at)
	if err != nil {
		return nil, err
	}
	return p.Save(dir)
}
