//go:build !device

package main

import "github.com/spf13/cobra"

func (a *app) verbs() []*cobra.Command {
	return []*cobra.Command{
		a.demo(), a.pilot(), a.doctor(), a.inspect(), a.calibrate(), a.eval(), a.sweep(), a.plan(), a.runVerb(), a.split(), a.export(),
		a.encode(), a.decode(), a.drift(), a.recalibrate(), a.diff(), a.fit(), a.packVerb(), a.unpack(), a.verify(), a.bench(), a.Errors(),
		a.version(),
	}
}

const rootHelp = `dqa stores the activations of a neural network in a few bits per value, without retraining, and tells
honestly what that costs: accuracy, and bits really stored.

Start here:
  dqa demo                                   the whole job on two built-in networks
  dqa inspect MODEL.onnx                     is my network supported, and what would be quantized?
  dqa doctor MODEL.onnx --data TEST          are preprocessing, labels and data what the network wants?
  dqa eval MODEL.onnx --data TEST --calib CALIBRATION
                                             accuracy against stored bits, on my network and data
  dqa sweep MODEL.onnx --data TEST --calib CALIBRATION -o OUT
                                             the same over bits, extra bits and ratios, with a plot
  dqa pilot MODEL.onnx --data TEST --calib CALIBRATION -o OUT
                                             should we deploy it, where, at what cost: a report for a meeting
  dqa calibrate MODEL.onnx --data CALIBRATION -o P.dqap
  dqa run MODEL.onnx --data IMAGES -o OUT.npz
  dqa split MODEL.onnx --at EDGE -o DIR      head.onnx and tail.onnx, for a device and a gateway
  dqa export MODEL.onnx --profile P.dqap -o Q.onnx   quantized by standard operators, for any runtime
  dqa encode MODEL.onnx --profile P.dqap --data IMAGES -o FRAMES
  dqa drift P.dqap --frames FRAMES           has what the network sees changed?
  dqa recalibrate MODEL.onnx --profile P.dqap --data NEW -o P2.dqap
                                             a profile for images as they are now; dqa diff tells what is new

Features, embeddings, hidden states in arrays, without a network:
  dqa fit X.npy --max-error 0.01 -o P.dqap   a profile
  dqa pack X.npy --profile P.dqap -o X.zarr  stored, with a certificate
  dqa verify X.zarr --against X.npy
  dqa unpack X.zarr -o Y.npy

` + specHelp + `
"-" in place of a profile, a frame or an output is standard input or output:
  dqa calibrate M.onnx --data C -o - | dqa eval M.onnx --data T --profile -

Exit codes: 0 done; 1 other failures, or inspect or doctor found a problem; 2 wrong use; 3 the model; 4 the data;
5 a profile or a frame; 6 activations that are not finite; 7 writing failed; 8 a fault of dqa itself;
10 drift has raised an alarm; 130 interrupted. All errors: dqa errors.
NO_COLOR=1 turns colours off.`
