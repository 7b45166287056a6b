package session

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/graph"
)

// ParseInputs reads many values as ParseInput does; nil where there are none.
func ParseInputs(texts []string, opt dataset.Options) (map[string]*graph.Tensor, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	all := map[string]*graph.Tensor{}
	for _, text := range texts {
		name, value, err := ParseInput(text, opt)
		if err != nil {
			return nil, err
		}
		all[name] = value
	}
	return all, nil
}

// ParseInput reads NAME=FILE.npy or NAME=NUMBER, the value of an input that is no image. Errors wrap ErrSetting and those
// of dataset.Open.
func ParseInput(text string, opt dataset.Options) (name string, value *graph.Tensor, err error) {
	at := strings.LastIndex(text, "=")
	if at < 1 || at == len(text)-1 {
		return "", nil, fmt.Errorf("%w: %q, want NAME=FILE.npy or NAME=NUMBER", ErrSetting, text)
	}
	name, text = text[:at], text[at+1:]
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return name, &graph.Tensor{Type: graph.Int64, Ints: []int64{i}}, nil
	}
	if f, err := strconv.ParseFloat(text, 32); err == nil {
		return name, &graph.Tensor{Type: graph.Float32, Floats: []float32{float32(f)}}, nil
	}
	c, err := dataset.ReadConstant(text, opt)
	if err != nil {
		return "", nil, err
	}
	if c.Floats != nil {
		return name, &graph.Tensor{Type: graph.Float32, Shape: c.Shape, Floats: c.Floats}, nil
	}
	return name, &graph.Tensor{Type: graph.Int64, Shape: c.Shape, Ints: c.Ints}, nil
}
