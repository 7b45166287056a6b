package onnx_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/engine/native"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/onnx/internal/onnxpb"
	"github.com/dqa-go/dqa/tensor"
	"google.golang.org/protobuf/proto"
)

// backendData finds the ONNX project's own node tests, which the Python package onnx carried until release 1.18 (1.16 has the newest opset that is read here): in
// the folder DQA_ONNX_TESTS, or where python3 has the package. In CI there must be some.
func backendData(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("DQA_ONNX_TESTS")
	if dir == "" {
		out, _ := exec.Command("python3", "-c", "import onnx, os; print(os.path.dirname(onnx.__file__))").Output()
		dir = filepath.Join(strings.TrimSpace(string(out)), "backend", "test", "data", "node")
	}
	if _, err := os.Stat(filepath.Join(dir, "test_relu")); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the ONNX project's node tests are required in CI: %v", err)
		}
		t.Skipf("the ONNX project's node tests are absent (set DQA_ONNX_TESTS, see .ci/run): %v", err)
	}
	return dir
}

// backendCase is one of these tests made fit for this project, whose networks have one float input with batch 1: all
// other inputs become constants.
type backendCase struct {
	model []byte
	input *tensor.Tensor
	want  []*onnxpb.TensorProto
}

// errUnfit: the test is about something that no network here can have.
var errUnfit = errors.New("not a network of one float input")

// reshaped puts a Reshape before the graph, so that inputs of any rank and batch come from one of 1 x n.
func reshaped(m *onnxpb.ModelProto, in *onnxpb.ValueInfoProto, dims []int64) *onnxpb.ValueInfoProto {
	n := int64(1)
	for _, d := range dims {
		n *= d
	}
	m.Graph.Initializer = append(m.Graph.Initializer, &onnxpb.TensorProto{
		Name: proto.String("backend_shape"), Dims: []int64{int64(len(dims))}, DataType: proto.Int32(int32(onnxpb.TensorProto_INT64)), Int64Data: dims,
	})
	reshape := &onnxpb.NodeProto{OpType: proto.String("Reshape"), Input: []string{"backend_input", "backend_shape"}, Output: []string{in.GetName()}}
	m.Graph.Node = append([]*onnxpb.NodeProto{reshape}, m.Graph.Node...)
	flat := proto.Clone(in).(*onnxpb.ValueInfoProto)
	flat.Name = proto.String("backend_input")
	flat.Type.GetTensorType().Shape.Dim = []*onnxpb.TensorShapeProto_Dimension{
		{Value: &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: 1}}, {Value: &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: n}},
	}
	return flat
}

func loadBackendCase(dir string) (*backendCase, error) {
	data, err := os.ReadFile(filepath.Join(dir, "model.onnx"))
	if err != nil {
		return nil, err
	}
	var m onnxpb.ModelProto
	if err := proto.Unmarshal(data, &m); err != nil {
		return nil, err
	}
	c := &backendCase{}
	var inputs []*onnxpb.ValueInfoProto
	for i, in := range m.Graph.Input {
		v, err := loadTensor(filepath.Join(dir, "test_data_set_0", fmt.Sprintf("input_%d.pb", i)))
		if err != nil {
			return nil, errUnfit // sequences and optionals
		}
		floats, ok := floatsOf(v)
		if c.input == nil && ok && len(floats) > 0 {
			c.input = &tensor.Tensor{Data: floats, Shape: []int{1, len(floats)}}
			inputs = append(inputs, reshaped(&m, in, v.Dims))
			continue
		}
		v.Name = in.Name
		m.Graph.Initializer = append(m.Graph.Initializer, v)
	}
	if c.input == nil {
		return nil, errUnfit
	}
	m.Graph.Input = inputs
	m.Graph.Output = m.Graph.Output[:1] // networks read no others: indices, masks, means
	for _, o := range m.OpsetImport {
		o.Version = proto.Int64(max(o.GetVersion(), onnx.MinOpset)) // the operators here mean the same in 6 and 7
	}
	for i := range m.Graph.Output {
		v, err := loadTensor(filepath.Join(dir, "test_data_set_0", fmt.Sprintf("output_%d.pb", i)))
		if err != nil {
			return nil, errUnfit
		}
		c.want = append(c.want, v)
	}
	c.model, err = proto.Marshal(&m)
	return c, err
}

func loadTensor(path string) (*onnxpb.TensorProto, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	v := &onnxpb.TensorProto{}
	return v, proto.Unmarshal(data, v)
}

// floatsOf reads a float32 tensor.
func floatsOf(v *onnxpb.TensorProto) ([]float32, bool) {
	if v.GetDataType() != int32(onnxpb.TensorProto_FLOAT) {
		return nil, false
	}
	if len(v.RawData) == 0 {
		return v.FloatData, true
	}
	out := make([]float32, len(v.RawData)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(v.RawData[4*i:]))
	}
	return out, true
}

// backendTolerance is that of the ONNX project's own runner.
const backendTolerance = 1e-3

func (c *backendCase) run() error {
	g, err := onnx.Parse(c.model, onnx.Options{})
	if err != nil {
		return err
	}
	p, err := native.Compile(g, nil)
	if err != nil {
		return err
	}
	outputs, err := p.Run(c.input, nil)
	if err != nil {
		return err
	}
	for i, out := range outputs {
		want, ok := floatsOf(c.want[i])
		if !ok || len(want) != len(out.Data) {
			return fmt.Errorf("output %d has %d values, want %d", i, len(out.Data), len(want))
		}
		for k, v := range out.Data {
			w := float64(want[k])
			if d := math.Abs(float64(v) - w); !(d <= 1e-7+backendTolerance*math.Abs(w)) && !(v != v && w != w) && float64(v) != w {
				return fmt.Errorf("output %d differs at %d: %v, want %v", i, k, v, w)
			}
		}
	}
	return nil
}

// backendOperators are those that the node tests must not be refused for, save the tests in backendRefused.
var backendOperators = []string{
	"abs", "add", "averagepool", "basic_conv", "batchnorm", "ceil", "celu", "clip", "concat", "conv", "convtranspose", "cos",
	"depthtospace", "div", "elu", "erf", "exp", "expand", "flatten", "floor", "gather", "gelu", "gemm", "globalaveragepool",
	"globalmaxpool", "group_normalization", "hardsigmoid", "hardswish", "identity", "instancenorm", "layer_normalization",
	"leakyrelu", "log", "logsoftmax", "lrn", "l1normalization", "l2normalization", "lpnormalization", "matmul", "max", "maxpool", "mean", "min", "mish", "mul",
	"mvn", "neg", "pow", "prelu", "reciprocal", "reduce", "relu", "reshape", "resize", "round", "selu", "sigmoid", "sign", "sin", "slice",
	"softmax", "softplus", "softsign", "spacetodepth", "split", "sqrt", "squeeze", "sub", "sum", "tanh", "thresholdedrelu",
	"tile", "transpose", "unsqueeze", "upsample", "where", "pad", "edge_pad", "reflect_pad", "constant_pad", "dropout",
}

// backendRefused are node tests of these operators that are refused, by the beginning of their names, and why.
var backendRefused = map[string]string{
	"convtranspose_3d":          "three spatial axes",
	"slice_start_out_of_bounds": "an empty result",
	"split_to_sequence":         "sequences",
	"pow_types_int":             "computes with integers at run time",
}

// backendDiffers are node tests on which ONNX Runtime, whose results count here, differs from the reference, too: with
// align_corners it takes the size of the result, which is rounded, where the reference takes scale * size; what a window
// beyond the padded input counts, it counts otherwise. And in training form the statistics are those of the batch, which
// has one image here and two in the reference.
var backendDiffers = []string{
	"resize_downsample_scales_cubic_align_corners", "resize_downsample_scales_linear_align_corners",
	"averagepool_3d_dilations_large_count_include_pad_is_1_ceil_mode_is_True",
	"batchnorm_epsilon_training_mode", "batchnorm_example_training_mode",
}

func TestBackendNodeTests(t *testing.T) {
	root := backendData(t)
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	passed, refused := map[string]bool{}, map[string]int{}
	for _, e := range entries {
		name := strings.TrimPrefix(e.Name(), "test_")
		if operatorOf(name) == "" || slices.Contains(backendDiffers, name) {
			continue
		}
		c, err := loadBackendCase(filepath.Join(root, e.Name()))
		if errors.Is(err, errUnfit) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		err = c.run()
		reason := refusalOf(name)
		switch {
		case err == nil && reason == "":
			passed[name] = true
		case err == nil:
			t.Errorf("%s passes, though it is listed as refused: %s", name, reason)
		case reason != "" && errors.Is(err, graph.ErrUnsupported):
			refused[reason]++
		default:
			t.Errorf("%s: %v", name, err)
		}
	}
	t.Logf("%d node tests pass; refused: %v", len(passed), refused)
	if len(passed) < 150 {
		t.Errorf("only %d node tests were run", len(passed))
	}
}

// operatorOf is the operator that a test is named after, "" for others.
func operatorOf(name string) string {
	for _, op := range backendOperators {
		if name == op || strings.HasPrefix(name, op+"_") {
			return op
		}
	}
	return ""
}

func refusalOf(name string) string {
	var prefixes []string
	for p := range backendRefused {
		if strings.HasPrefix(name, p) {
			prefixes = append(prefixes, p)
		}
	}
	if len(prefixes) == 0 {
		return ""
	}
	return backendRefused[slices.MaxFunc(prefixes, func(a, b string) int { return len(a) - len(b) })]
}
