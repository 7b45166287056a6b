package dqa

import "github.com/dqa-go/dqa/profile"

// Count counts the samples of one image, for the benchmark.
func (k *EdgeCounts) Count(e *profile.Edge, data, steps []float32) { k.count(e, data, steps) }
