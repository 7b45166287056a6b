// Package onnx turns the bytes of an ONNX file into a graph.Graph that an engine can run without knowing of opsets.
//
// Load and Parse read the file, fix the batch to one image, infer every shape, fold what is constant and rewrite every
// node to the one canonical form of its operator, listed in package graph. What cannot be brought to that form is refused
// with a graph.UnsupportedError, which names all such nodes at once. Marshal writes a graph as a model again.
//
// Integers and truth values that are computed at run time are floats, too: the reader follows their types and ranges,
// writes what ONNX's integer arithmetic gives, and refuses what floats cannot hold.
//
// Constant, ConstantOfShape, Shape, Size, Range, Cast, Dropout, If and functions of the model never reach the engine: they
// are folded, removed or put in line, or the model is refused.
package onnx
