// Package gradient differentiates networks: reverse mode over graph.Graph, for one image. A Program runs the network and
// keeps the values that derivatives need, then goes back from derivatives of a number by the outputs to those of the same
// number by the values of edges. Clarity before speed: what is a product is left to the engine's kernels as small networks of
// their own, the rest are plain loops.
//
// Operators without a derivative (ArgMax, TopK, comparisons, rounding, quantized forms, recurrent ones) are obstacles: an edge that
// reaches an output through one of them has no derivative, even if it reaches others without, because part of what it does would
// be missing.
package gradient
