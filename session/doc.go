// Package session does the whole job on one network, for every front end: the command line, bindings, a gateway, a
// report. Options go in, values come out; nothing is printed, and nothing but what a function is named for is read or
// written. What runs long takes a context and tells its progress.
//
// A Network is a model made ready to run, with the way in which images become its inputs. Calibrating it on images gives
// a profile (package profile); bound to a profile it is Quantized and stores its activations as frames:
//
//	net, err := session.Open("model.onnx", session.Options{})
//	images, err := net.Data("dir:calibration")
//	made, err := net.Calibrate(ctx, images, session.Variant{}, session.CalibrateOptions{})
//	q, err := net.Bind(made.Profile)
//	frame, outputs, err := q.NewEncoder(session.EncodeOptions{}).Encode(nil, input)
//	decoded, err := session.Decode(made.Profile, frame, session.DecodeOptions{})
//
// What users write as words (settings, grids, rates) is parsed here; errors name it as the command line's flags do.
//
// A tensor is row-major float32, for a batch of one image.
package session

// Version of the program. It is written into profiles.
const Version = "0.1.0-dev"

// Progress is told how far long work is: done of total, in unit ("images", "passes", "coders"), of a phase whose name is
// for people. It is called from one goroutine at a time and may be nil.
type Progress func(phase, unit string, done, total int)

func (p Progress) report(phase, unit string, done, total int) {
	if p != nil {
		p(phase, unit, done, total)
	}
}

// ofImages is progress that is counted in images.
func (p Progress) ofImages() func(phase string, done, total int) {
	return func(phase string, done, total int) { p.report(phase, "images", done, total) }
}
