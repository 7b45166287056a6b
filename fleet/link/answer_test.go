package link_test

import (
	"bytes"
	"testing"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/tensor"
	"github.com/google/go-cmp/cmp"
)

func answer() link.Answer {
	return link.Answer{Complete: true, Outputs: []link.Output{
		{Name: "scores", Tensor: &tensor.Tensor{Shape: []int{1, 3}, Data: []float32{1, -2, 3}}},
		{Name: "", Tensor: &tensor.Tensor{Data: []float32{7}}},
		{Name: "none", Tensor: &tensor.Tensor{Shape: []int{0, 5}, Data: []float32{}}},
	}}
}

func TestAnswerThereAndBack(t *testing.T) {
	b := link.AppendAnswer(nil, answer())
	got, err := link.ParseAnswer(b)
	if err != nil || !cmp.Equal(got, answer()) {
		t.Fatalf("%v, %s", err, cmp.Diff(got, answer()))
	}
	for i := range b {
		bad := bytes.Clone(b)
		bad[i] ^= 0x10
		if _, err := link.ParseAnswer(bad); err == nil {
			t.Errorf("byte %d changed: accepted", i)
		}
		if _, err := link.ParseAnswer(b[:i]); err == nil {
			t.Errorf("cut off at %d: accepted", i)
		}
	}
}

func FuzzParseAnswer(f *testing.F) {
	f.Add(link.AppendAnswer(nil, answer()))
	f.Add([]byte("DQAA\x01\x00\x01\x00\x02\xff\xff\xff\x7f\xff\xff\xff\x7f"))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := link.ParseAnswer(b)
		if err == nil && !bytes.Equal(link.AppendAnswer(nil, a), b) {
			t.Error("another way to write the same answer was accepted")
		}
	})
}
