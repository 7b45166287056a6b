// Package native runs networks in plain Go, with assembly for the inner loops where the processor allows.
//
// Compile turns a graph in the canonical form of package onnx into a Program: a list of steps, one per node or per
// fused chain of nodes, and a plan that gives every intermediate tensor a place in one buffer, the arena. A run takes an
// arena from a small free list, walks the steps and puts the arena back, so that any number of goroutines can run the
// same Program and none allocates anything but its outputs.
//
// What an edge holds is never fused away: a chain such as Conv, Add, Relu becomes one step only where nothing between
// its nodes is an edge or has another reader. Reshape and its kin share their input's storage; the hook of an edge
// has run before any reader sees that storage.
//
// Program.Pack makes a Packed of it: edges lie in memory packed, and steps run in bands (docs/ARCHITECTURE.md).
//
// The result of a step does not depend on which goroutine computes it nor on what its arena held before, so that
// results are identical for any number of goroutines. They differ in the last bits between instruction sets, because
// assembly uses fused multiply-add.
package native
