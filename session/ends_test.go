package session_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/frame"
	"github.com/dqa-go/dqa/internal/testdata"
	"github.com/dqa-go/dqa/session"
)

// Wherever a network is cut, what a receiver computes from a sender's message is what the whole quantized network computes.
func TestEnds(t *testing.T) {
	for _, name := range []string{"demo:classify", "demo:segment"} {
		checkEnds(t, name, name+"[0:2]", name+"[7:9]", 3, session.Variant{})
	}
}

func TestEndsOfShared(t *testing.T) {
	cifar := "cifar10:" + testdata.Shared(t, "datasets", "cifar10", "calib.bin")
	for _, name := range []string{"resnet8_mlperftiny_cifar10", "lmfrnet_cifar10", "vit_tiny_cifar10"} {
		t.Run(name, func(t *testing.T) {
			if name != "resnet8_mlperftiny_cifar10" {
				testdata.Long(t)
			}
			checkEnds(t, testdata.Shared(t, "models", name+".onnx"), cifar+"[0:2]", cifar+"[7:8]", 9, session.Variant{})
		})
	}
}

func checkEnds(t *testing.T, model, calib, images string, every int, v session.Variant) {
	t.Helper()
	net, err := session.Open(model, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	made, err := net.Calibrate(t.Context(), data(t, net, calib), v, session.CalibrateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	q, err := net.Bind(made.Profile)
	if err != nil {
		t.Fatal(err)
	}
	input := data(t, net, images)
	want := q.NewEncoder(session.EncodeOptions{})
	for at := 0; at < len(net.Edges()); at += every {
		edge := net.Edges()[at].Name
		ends, err := q.Ends(edge)
		if err != nil {
			t.Fatalf("%s: %v", edge, err)
		}
		sender, receiver := ends.NewSender(session.EncodeOptions{}), ends.NewReceiver()
		for i := range input.Len() {
			_, inputs, err := input.Feed(i)
			if err != nil {
				t.Fatal(err)
			}
			_, outputs, err := want.EncodeInputs(nil, inputs)
			if err != nil {
				t.Fatal(err)
			}
			message, err := sender.Send(nil, inputs)
			if err != nil {
				t.Fatal(err)
			}
			got, err := receiver.Receive(message)
			if err != nil || len(got) != len(outputs) || !receiver.Complete {
				t.Fatalf("%s: %d outputs, complete %v, %v", edge, len(got), receiver.Complete, err)
			}
			for k := range outputs {
				if !slices.Equal(got[k].Data, outputs[k].Data) || !slices.Equal(got[k].Shape, outputs[k].Shape) {
					t.Errorf("%s: output %s differs", edge, ends.Outputs()[k])
				}
			}
			if _, err := receiver.Receive(message[:frame.HeaderSize-1]); !errors.Is(err, dqa.ErrTruncated) {
				t.Errorf("a message that is cut off: %v", err)
			}
		}
	}
}

// Messages come from anywhere: what is not a sender's is refused, and what is answered once is answered again in the same way.
func FuzzReceive(f *testing.F) {
	net, err := session.Open("demo:classify", session.Options{})
	if err != nil {
		f.Fatal(err)
	}
	input, err := net.Data("demo:classify[0:2]")
	if err != nil {
		f.Fatal(err)
	}
	made, err := net.Calibrate(f.Context(), input, direct(3), session.CalibrateOptions{})
	if err != nil {
		f.Fatal(err)
	}
	q, err := net.Bind(made.Profile)
	if err != nil {
		f.Fatal(err)
	}
	ends, err := q.Ends("3")
	if err != nil {
		f.Fatal(err)
	}
	_, inputs, err := input.Feed(0)
	if err != nil {
		f.Fatal(err)
	}
	message, err := ends.NewSender(session.EncodeOptions{}).Send(nil, inputs)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(message)
	f.Add(message[:frame.HeaderSize])
	r := ends.NewReceiver()
	f.Fuzz(func(t *testing.T, b []byte) {
		first, err := r.Receive(b)
		if err != nil {
			return
		}
		again, err := r.Receive(b)
		same := func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }
		if err != nil || !slices.EqualFunc(first[0].Data, again[0].Data, same) {
			t.Errorf("answered once, then otherwise: %v", err)
		}
	})
}
