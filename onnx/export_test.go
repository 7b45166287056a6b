package onnx

import (
	"maps"
	"slices"

	"github.com/dqa-go/dqa/onnx/internal/modelgen"
)

// Operators are those that a file may hold, for tests outside the package.
func Operators() []modelgen.Operator {
	var list []modelgen.Operator
	for _, name := range slices.Sorted(maps.Keys(registry)) {
		if op := registry[name]; op.lower != nil {
			list = append(list, modelgen.Operator{
				Name: name, Since: op.since, MinInputs: op.inputs[0], MaxInputs: op.inputs[1], Attributes: string(op.attrs),
			})
		}
	}
	return list
}
