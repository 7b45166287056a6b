// Package dqa stores the activations of a neural network in few bits per value and restores them.
//
// A profile (package profile) says how every edge of a network is quantized; calibration makes it. A Codec is a
// profile made ready; from it come Encoders and Decoders, one per goroutine. One frame holds all edges of one image:
//
//	codec, err := dqa.NewCodec(p)
//	enc := codec.NewEncoder(dqa.WithWorkers(4))
//	frame, err := enc.Append(nil, edges) // edges[i] is the float32 tensor of edge i, row-major
//	dec := codec.NewDecoder()
//	values, err := dec.Decode(frame)     // what the network sees instead, bit for bit
//
// An engine's hook gives edges one by one instead (Encoder.Hook), and goes on with what a decoder will restore. What an
// encoder or a decoder does is said when it is made, by options.
//
// Decoded values are identical on every architecture (METHOD section 7). Formats are version 1: every later version of
// this package decodes them.
package dqa
