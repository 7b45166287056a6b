package main

import "github.com/dqa-go/dqa/profile"

// rawCoder stores codes and shift errors as bit planes.
type rawCoder struct{ untaught }

func (rawCoder) payload(_ writer, e *profile.Edge, channels []channelCodes) []byte {
	codes, errors := split(e, channels)
	return append(planes(codes, e.Bits-e.Refine), planes(errors, e.ExtraBits)...)
}

func (rawCoder) refinement(_ writer, e *profile.Edge, channels []channelCodes) []byte {
	return planes(joined(channels), e.Refine)
}

// split gives n-bit codes and the shift errors of important channels.
func split(e *profile.Edge, channels []channelCodes) (codes, errors []int) {
	for _, c := range channels {
		for _, wide := range c.codes {
			if !e.IsImportant(c.channel) {
				codes = append(codes, wide)
				continue
			}
			codes = append(codes, wide>>e.ExtraBits)
			errors = append(errors, wide&(1<<e.ExtraBits-1))
		}
	}
	return codes, errors
}
