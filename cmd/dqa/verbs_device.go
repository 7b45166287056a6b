//go:build device

package main

import "github.com/spf13/cobra"

// verbs are those of a device: it loads, runs, encodes and decodes, and neither calibrates nor draws.
func (a *app) verbs() []*cobra.Command {
	return []*cobra.Command{a.inspect(), a.plan(), a.runVerb(), a.encode(), a.decode(), a.Errors(), a.version()}
}

const rootHelp = `dqa stores the activations of a neural network in a few bits per value. This is the build for devices (build tag device):
it runs networks with profiles that the full build has calibrated.

  dqa inspect MODEL.onnx
  dqa plan MODEL.onnx --profile P.dqap --limit 4MiB
  dqa run MODEL.onnx --profile P.dqap --packed --data IMAGES -o OUT.npz
  dqa encode MODEL.onnx --profile P.dqap --data IMAGES -o FRAMES
  dqa decode P.dqap FRAMES -o OUT.npz

` + specHelp + `
Exit codes: 0 done; 1 other failures, or inspect found a problem; 2 wrong use; 3 the model; 4 the data; 5 a profile or a frame;
6 activations that are not finite; 7 writing failed; 8 a fault of dqa itself; 130 interrupted. All errors: dqa errors.
NO_COLOR=1 turns colours off.`
