package main

import (
	"math"
	"slices"
	"strings"

	"github.com/dqa-go/dqa/profile"
)

// profileVectors are profiles that a reader must accept: everything at its limits.
func profileVectors(s *set) {
	s.parsed("profile-rich", "all optional parts: skipped edges, preprocessing, biases, evidence", richProfile())
	s.parsed("profile-minimal", "no edges, no models, no evidence, empty texts",
		&profile.Profile{Setting: profile.Setting{Bits: 2}})
	for _, c := range slices.Concat(oddTexts(), oddModels()) {
		p := richProfile()
		c.change(p)
		s.parsed("profile-"+c.name, c.what, p)
	}
}

// variation makes a profile that a reader must accept of the rich one.
type variation struct {
	name, what string
	change     func(p *profile.Profile)
}

// oddTexts are changes of texts, numbers and evidence.
func oddTexts() []variation {
	return []variation{
		{"words", "edge set, method, ranking, channels and layout are words that these pages do not name",
			func(p *profile.Profile) {
				p.EdgeSet, p.Setting.Name, p.Setting.Ranking, p.Preprocess.Channels, p.Preprocess.Layout = "some", "best", "luck",
					"yuv", "chwn"
			}},
		{"long-text", "an edge's name of 4,096 bytes", func(p *profile.Profile) {
			p.Edges[0].Name = strings.Repeat("n",
				4096)
		}},
		{"bytes-of-text", "texts that are not UTF-8, or contain zeros",
			func(p *profile.Profile) { p.Tool, p.Edges[1].Name = "\xff\xfe", "a\x00b" }},
		{"same-names", "two edges of one name", func(p *profile.Profile) { p.Edges[1].Name = p.Edges[0].Name }},
		{"long-list", "1,024 means", func(p *profile.Profile) { p.Preprocess.Mean = make([]float32, 1024) }},
		{"greatest-numbers", "the greatest seed, number of images, r and numbers of the method", func(p *profile.Profile) {
			p.Seed, p.Data.Images, p.Preprocess.LabelShift = math.MaxUint64, math.MaxInt32, 1
			p.Setting = profile.Setting{
				Name: "graded", Bits: 8, ExtraBits: 4, Ratio: 1, Unsigned: true, Global: true, Pow2: true, Channels: true,
				Scale: profile.StaticTensor, Refine: 4, Dial: profile.MaxDrop, Goal: math.MaxFloat64,
			}
			p.Coder = profile.Smallest
		}},
		{"evidence-64", "curves of 64 points", func(p *profile.Profile) {
			p.Edges, p.Frequencies = p.Edges[:1], nil
			p.Evidence = evidence(1, 64)
		}},
		{"evidence-no-points", "evidence with curves without points",
			func(p *profile.Profile) { p.Evidence = evidence(len(p.Edges), 0) }},
		{"evidence-odd-numbers", "what is measured is not a number, infinite or negative: it is for people",
			func(p *profile.Profile) {
				p.Evidence.MeasuredKL, p.Evidence.PredictedBits = float32(math.NaN()), float32(math.Inf(1))
				p.Evidence.Chosen[0].Bits = -1
			}},
		{"bias-no-channels", "a node without biases", func(p *profile.Profile) { p.Bias[1].Codes = nil }},
	}
}

// oddModels are changes of models and edges.
func oddModels() []variation {
	return []variation{
		{"models-256", "256 models, most of them unused", func(p *profile.Profile) {
			for len(p.Frequencies) < 256 {
				p.Frequencies = append(p.Frequencies, []uint16{0, 1, 4095})
			}
		}},
		{"model-256-frequencies", "a model of 4,096 symbols in which 256 frequencies are not 0, the escape's among them",
			func(p *profile.Profile) {
				p.Frequencies = append(p.Frequencies, distinct(255, 4096))
			}},
		{"model-frequencies", "a model has one frequency but the escape's, or none", func(p *profile.Profile) {
			p.Frequencies = append(p.Frequencies, []uint16{4095, 0, 0, 0, 1}, []uint16{0, 0, 0, 1, 4095}, []uint16{1, 0, 0, 4094, 1},
				[]uint16{0, 0, 0, 0, 4096})
		}},
		{"unused-models", "models of contexts that no channel uses are of other alphabets", func(p *profile.Profile) {
			e := &p.Edges[3]
			e.Coder, e.Important = profile.Smallest, []bool{false, false, false}
			few, other := e.Models[0], e.Models[1]
			e.Models = append(slices.Repeat([]uint8{few}, 16), slices.Repeat([]uint8{other, 0}, 8)...)
		}},
		{"extreme-edges", "2^20 channels and 2^28 values; 2^28 columns", func(p *profile.Profile) {
			p.Evidence, p.Frequencies = nil, nil
			p.Edges = []profile.Edge{
				{
					Name: "most channels",
					Geometry: profile.Geometry{
						Channels: 1 << 20, Rows: 16, Cols: 16, Tile: profile.Tile{Channels: 1 << 20, Rows: 16},
					},
					Quantizer: profile.Quantizer{Bits: 2},
				},
				{
					Name:      "most columns",
					Geometry:  profile.Geometry{Channels: 1, Rows: 1, Cols: 1 << 28, Tile: profile.Tile{Channels: 1, Rows: 1}},
					Quantizer: profile.Quantizer{Bits: 8},
				},
			}
		}},
		{"extreme-levels", "the least and the greatest step, ratio and amplitude", func(p *profile.Profile) {
			p.Edges[4].Steps = []float32{0, 0x1p-126, math.MaxFloat32}
			p.Edges[3].Clip = []float32{1, 0x1p-149, 0x1p-126}
			p.Edges[5].Noise = profile.Noise{Amplitude: 1, Seed: math.MaxUint64}
		}},
		{"no-noise", "noise of amplitude 0", func(p *profile.Profile) { p.Edges[5].Noise = profile.Noise{} }},
		{"row-sums", "every edge has the flag row sums", func(p *profile.Profile) {
			for i := range p.Edges {
				p.Edges[i].RowSums = true
			}
		}},
		{"negative-std", "a negative mean and standard deviation, and no divisor", func(p *profile.Profile) {
			p.Preprocess.Mean, p.Preprocess.Std, p.Preprocess.Divisor = []float32{-1}, []float32{-2}, 0
		}},
	}
}
