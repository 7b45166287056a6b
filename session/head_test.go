package session_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/session"
)

// A head is right where the whole network is right: the tail of a cut, on what the head computes, with the images' labels or
// with others.
func TestHead(t *testing.T) {
	net, err := session.Open("demo:classify", session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cut, err := net.Cut("13") // what the last layer reads
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, err := net.SplitTo("13", dir); err != nil {
		t.Fatal(err)
	}
	const n = 6
	images := data(t, net, "demo:classify[20:26]")
	var rows, labels []float32
	want := make([]float64, n)
	for i := range n {
		x, err := images.Input(i)
		if err != nil {
			t.Fatal(err)
		}
		passed, err := cut.RunHead(x, nil)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := net.Program().Run(x, nil)
		if err != nil {
			t.Fatal(err)
		}
		class := 0
		for k, v := range whole[0].Data {
			if v > whole[0].Data[class] {
				class = k
			}
		}
		if i%3 == 2 { // a label that the network does not give
			labels = append(labels, float32((class+1)%5))
		} else {
			labels, want[i] = append(labels, float32(class)), 1
		}
		rows = append(rows, passed[0].Data...)
	}
	shape := []int{n, len(rows) / n}
	tail := filepath.Join(dir, "tail.onnx")
	head, err := session.OpenHead(tail, writeArray(t, dir, labels), shape, dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	order := []int{5, 0, 3, 1, 2, 4} // rows are judged by the labels of their own numbers
	var some []float32
	for _, i := range order {
		some = append(some, rows[i*shape[1]:][:shape[1]]...)
	}
	got, err := head.Score(t.Context(), some, order)
	if err != nil {
		t.Fatal(err)
	}
	for k, i := range order {
		if got[k] != want[i] {
			t.Errorf("row %d: %v, want %v", i, got[k], want[i])
		}
	}
	if _, err := session.OpenHead(tail, writeArray(t, dir, labels[1:]), shape, dataset.Options{}); !errors.Is(err, dataset.ErrFit) {
		t.Errorf("too few labels: %v", err)
	}
	if _, err := session.OpenHead(tail, writeArray(t, dir, []float32{0, 1, 2, 3, 4, 5}), shape, dataset.Options{}); !errors.Is(err, session.ErrLabel) {
		t.Errorf("a class that the head has not: %v", err)
	}
	if _, err := session.OpenHead(tail, writeArray(t, dir, labels), []int{n, 7}, dataset.Options{}); !errors.Is(err, session.ErrOutput) {
		t.Errorf("rows of another size: %v", err)
	}
}

func writeArray(t *testing.T, dir string, values []float32) string {
	t.Helper()
	var b bytes.Buffer
	if err := session.WriteNPY(&b, []int{len(values)}, values); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "labels.npy")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
