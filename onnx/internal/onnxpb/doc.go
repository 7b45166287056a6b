// Package onnxpb holds the protobuf messages of the ONNX format, generated from onnx.proto (Apache License 2.0,
// Copyright (c) ONNX Project Contributors).
package onnxpb

//go:generate protoc --go_out=. --go_opt=paths=source_relative onnx.proto
