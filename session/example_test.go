package session_test

import (
	"context"
	"fmt"
	"log"

	"github.com/dqa-go/dqa/session"
)

// The whole job on a built-in network: a profile from a few unlabelled images, a frame of one image's activations, what a
// receiver restores of it, and what storing activations so costs on other images.
func Example() {
	ctx := context.Background()
	net, err := session.Open("demo:classify", session.Options{})
	check(err)
	calibration, err := net.Data("demo:classify[0:4]")
	check(err)
	fmt.Printf("%s: %d edges, %d values per image\n", net.Name(), len(net.Edges()), net.Values())

	// Graded with a budget of 2 stored bits per value, for every setting is zero.
	made, err := net.Calibrate(ctx, calibration, session.Variant{}, session.CalibrateOptions{Workers: 2})
	check(err)
	fmt.Println(session.Describe(made.Profile.Setting))

	q, err := net.Bind(made.Profile)
	check(err)
	input, err := calibration.Input(0)
	check(err)
	frame, outputs, err := q.NewEncoder(session.EncodeOptions{}).Encode(nil, input)
	check(err)
	fmt.Printf("%d outputs; fewer bytes than an eighth of float32: %v\n", len(outputs[0].Data), 8*int64(len(frame)) < 4*net.Values())

	decoded, err := session.Decode(made.Profile, frame, session.DecodeOptions{})
	check(err)
	first := decoded.Edges[0]
	fmt.Println(first.Name, first.Shape, len(first.Data), "values")

	test, err := net.Data("demo:classify[64:72]")
	check(err)
	res, err := net.Evaluate(ctx, test, []session.Candidate{q.Candidate()}, session.EvaluateOptions{Workers: 2})
	check(err)
	score := res.Measured[0].Score.Summary()
	fmt.Printf("%d images, at least 7 predicted as by the float network: %v\n", res.Images, score.Agreement >= 87.5)
	// Output:
	// demo:classify: 14 edges, 82992 values per image
	// graded, budget 2 bits, a step per channel
	// 5 outputs; fewer bytes than an eighth of float32: true
	// /Relu_output_0 [12 32 32] 12288 values
	// 8 images, at least 7 predicted as by the float network: true
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
