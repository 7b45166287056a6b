//go:build !device

package session

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dqa-go/dqa/bench"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/profile"
)

// Tensors are what a network holds at its edges for the first images of data, at most so many: what package bench codes.
// With a profile of this network (else ErrOtherModel) edges have its steps; p may be nil.
func (n *Network) Tensors(ctx context.Context, data *dataset.Inputs, images int, p *profile.Profile) (t bench.Tensors, err error) {
	if t.Edges, err = n.codedEdges(p); err != nil {
		return t, err
	}
	for i := range min(images, data.Len()) {
		if err := context.Cause(ctx); err != nil {
			return t, err
		}
		x, err := data.Input(i)
		if err != nil {
			return t, err
		}
		image := make([][]float32, len(t.Edges))
		if _, err := n.prog.Run(x, func(e int, values []float32) error {
			image[e] = slices.Clone(values)
			return nil
		}); err != nil {
			return t, err
		}
		t.Images = append(t.Images, image)
	}
	return t, nil
}

// codedEdges are the profile's, or the network's without steps.
func (n *Network) codedEdges(p *profile.Profile) ([]profile.Edge, error) {
	if p != nil {
		return slices.Clone(p.Edges), n.matches(p)
	}
	var edges []profile.Edge
	for _, e := range n.Edges() {
		edges = append(edges, profile.Edge{
			Name: e.Name,
			Geometry: profile.Geometry{
				Channels: e.Channels, Rows: e.Rows, Cols: e.Cols, ChannelsLast: e.ChannelsLast,
				Tile: profile.TileFor(e.Channels, e.Rows, e.Cols),
			},
			Quantizer: profile.Quantizer{OneSided: e.OneSided},
		})
	}
	return edges, nil
}

// OnlyEdges keeps the edges with these numbers or names. The error wraps ErrSetting.
func OnlyEdges(t bench.Tensors, wanted []string) (bench.Tensors, error) {
	var numbers []int
	for _, w := range wanted {
		i := slices.IndexFunc(t.Edges, func(e profile.Edge) bool { return e.Name == w })
		if n, err := strconv.Atoi(w); i < 0 && err == nil && n >= 0 && n < len(t.Edges) {
			i = n
		}
		if i < 0 {
			return t, fmt.Errorf("%w: --edge %s: no such edge, there are %d", ErrSetting, w, len(t.Edges))
		}
		numbers = append(numbers, i)
	}
	return t.Only(numbers...), nil
}

// ArrayTensors are the first items, at most images of them, of a float32 array of N x C x H x W in a NumPy file; all is N.
// Errors wrap those of dataset.
func ArrayTensors(path string, images int) (t bench.Tensors, all int, err error) {
	src, err := dataset.Open("npy:" + strings.ReplaceAll(path, ",", `\,`))
	if err != nil {
		return t, 0, err
	}
	oneSided := true
	for i := range min(images, src.Len()) {
		s, err := src.Sample(i)
		if err != nil {
			return t, 0, err
		}
		img := s.Image
		if i == 0 {
			t.Edges = []profile.Edge{{
				Name: path,
				Geometry: profile.Geometry{
					Channels: img.Channels, Rows: img.Height, Cols: img.Width,
					Tile: profile.TileFor(img.Channels, img.Height, img.Width),
				},
			}}
		}
		oneSided = oneSided && slices.Min(img.Pix) >= 0
		t.Images = append(t.Images, [][]float32{img.Pix})
	}
	t.Edges[0].OneSided = oneSided
	return t, src.Len(), nil
}
