//go:build !device

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/report"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

const authorsProtocol = "authors"

const protocolHelp = `With --protocol authors the table begins with what the public code of the paper's authors does, simulated: edges
"blocks", scales of batches of 128 images, m = 3, r = 0.4, rankings of five seeds from --seed on (greedy, on flipped and shifted calibration
images; --ranking says otherwise), n from --bits (3,4,5), bits counted as they count them (coder "authors", and with deflate,
lzma and zstd in place of Huffman's codes), beside direct, powers of two, EasyQuant and their NoisyQuant. Behind it stand, as
they are stored, the same settings and graded on the same edges.`

// authorsFlags are what the protocol presets, unless they are given.
var authorsFlags = map[string]string{
	"edges": "blocks", "methods": "dqa,graded", "bits": "3,4,5", "extra-bits": "3", "ratio": "0.4", "budget": "1,1.5,2,3",
}

// settings are the sweep's variants, by its protocol.
func (f *sweepFlags) settings(cmd *cobra.Command) ([]session.Variant, error) {
	switch f.protocol {
	case "":
		return f.variants(cmd)
	case authorsProtocol:
	default:
		return nil, fmt.Errorf("%w: --protocol %q: there is %q", session.ErrSetting, f.protocol, authorsProtocol)
	}
	for name, value := range authorsFlags {
		if flag := cmd.Flags().Lookup(name); !flag.Changed {
			if err := flag.Value.Set(value); err != nil {
				return nil, err
			}
		}
	}
	base, err := f.set.base()
	if err != nil {
		return nil, err
	}
	grid, err := f.grid.Parse()
	if err != nil {
		return nil, err
	}
	return grid.Variants(base)
}

// addAuthors puts the protocol's rows behind that of the float network. What there is without them, when the context ends, is
// marked as partial.
func (f *sweepFlags) addAuthors(
	cmd *cobra.Command, k *session.Calibrator, data *dataset.Inputs, opt session.EvaluateOptions, result *report.Result,
) error {
	grid, err := f.grid.Parse()
	if err != nil {
		return err
	}
	authors := session.AuthorsOptions{EvaluateOptions: opt, Bits: grid.Bits}
	if cmd.Flags().Changed("ranking") {
		authors.Ranking = f.set.ranking
	}
	rows, err := k.Authors(cmd.Context(), data, authors)
	if errors.Is(err, context.Canceled) {
		result.Partial = "all settings but those of the authors' protocol"
	}
	if err == nil {
		result.Rows = slices.Insert(result.Rows, 1, rows...)
	}
	return err
}
