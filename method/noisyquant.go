package method

import "github.com/dqa-go/dqa/profile"

// NoisyQuant adds a fixed uniform noisy bias before direct quantization and takes it off afterwards (Liu, Yang, Dong,
// Keutzer, Du, Zhang, CVPR 2023), which can lower the error of values that lie far from their levels. The amplitude is
// searched per edge for the least squared error on the calibration images, 0 included.
//
// The paper's scales are static, and so is its bias. Here the bias is a fixed number of steps, which is the same where
// scales are static and lets it follow the scale of each image where they are not.
type NoisyQuant struct{}

// Name is "noisyquant".
func (NoisyQuant) Name() string { return "noisyquant" }

// Complete drops what only other methods use.
func (NoisyQuant) Complete(s profile.Setting) (profile.Setting, error) {
	return completePlain("noisyquant", s)
}

// noiseAmplitudes, in steps, are tried in this order; of equal ones the first, smallest one wins.
var noiseAmplitudes = []float32{0, .125, .25, .375, .5, .625, .75, .875, 1}

// Plan searches the amplitudes in one pass over the calibration images.
func (NoisyQuant) Plan(env Env, s profile.Setting) (*Plan, error) {
	edges, err := plain(env, s)
	if err != nil {
		return nil, err
	}
	variants := make([][]profile.Edge, len(edges))
	for i, e := range edges {
		for _, a := range noiseAmplitudes {
			// Neighbouring seeds give unrelated sequences: the generator hashes them.
			variants[i] = append(variants[i], withNoise(e, profile.Noise{Amplitude: a, Seed: env.Seed() + uint64(i)<<32}))
		}
	}
	errors, err := env.SquaredErrors("noise amplitudes", variants)
	if err != nil {
		return nil, err
	}
	for i := range edges {
		best, least := 0, -1.0
		for v := range variants[i] {
			sum := 0.0
			for _, err := range errors[i][v] {
				sum += err
			}
			if least < 0 || sum < least {
				best, least = v, sum
			}
		}
		edges[i] = variants[i][best]
	}
	return &Plan{Edges: edges}, nil
}

// withNoise leaves an edge without noise as direct has it.
func withNoise(e profile.Edge, n profile.Noise) profile.Edge {
	if n.Amplitude > 0 {
		e.Map, e.Noise = profile.Noisy, n
	}
	return e
}
