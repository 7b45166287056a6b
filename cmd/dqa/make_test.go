package main

import (
	"fmt"
	"math"
	"os"
	"strings"

	"github.com/dqa-go/dqa/session"
	"github.com/rogpeppe/go-internal/testscript"
	"google.golang.org/protobuf/encoding/protowire"
)

// A message of protocol buffers, field by field. The numbers are those of onnx.proto.
type message []byte

func (m message) text(field protowire.Number, s string) message {
	return protowire.AppendString(protowire.AppendTag(m, field, protowire.BytesType), s)
}

func (m message) number(field protowire.Number, v int) message {
	return protowire.AppendVarint(protowire.AppendTag(m, field, protowire.VarintType), uint64(v))
}

func (m message) sub(field protowire.Number, s message) message {
	return protowire.AppendBytes(protowire.AppendTag(m, field, protowire.BytesType), s)
}

// valueInfo is a float32 tensor; a dimension of 0 is open.
func valueInfo(name string, shape ...int) message {
	var dims message
	for _, d := range shape {
		var dim message
		if d > 0 {
			dim = dim.number(1, d)
		} else {
			dim = dim.text(2, "open")
		}
		dims = dims.sub(1, dim)
	}
	var tensor message
	tensor = tensor.number(1, 1).sub(2, dims)
	return message(nil).text(1, name).sub(2, message(nil).sub(1, tensor))
}

// mkonnx FILE OP[+OP...] DIMS...: a model of one operator after the other from x to y, all of the shape.
func makeONNX(ts *testscript.TestScript, _ bool, args []string) {
	var shape []int
	for _, d := range args[2:] {
		n := 0
		for _, c := range d {
			n = 10*n + int(c-'0')
		}
		shape = append(shape, n)
	}
	var graph message
	ops, from := strings.Split(args[1], "+"), "x"
	for i, op := range ops {
		to := fmt.Sprint("v", i)
		if i == len(ops)-1 {
			to = "y"
		}
		graph = graph.sub(1, message(nil).text(1, from).text(2, to).text(3, fmt.Sprint(strings.ToLower(op), "_", i)).text(4, op))
		from = to
	}
	graph = graph.text(2, "test").sub(11, valueInfo("x", shape...)).sub(12, valueInfo("y", shape...))
	model := message(nil).number(1, 8).sub(7, graph).sub(8, message(nil).number(2, 13))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), model, 0o644))
}

// mknpy FILE VALUE: one float32 image of 1x64x64 with this value throughout: a number, inf or nan.
func makeNPY(ts *testscript.TestScript, _ bool, args []string) {
	value := map[string]float32{"inf": float32(math.Inf(1)), "nan": float32(math.NaN()), "1": 1}[args[1]]
	var b strings.Builder
	values := make([]float32, 64*64)
	for i := range values {
		values[i] = value
	}
	ts.Check(session.WriteNPY(&b, []int{1, 1, 64, 64}, values))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(b.String()), 0o644))
}
