//go:build !device

package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

// dialFlags say what a graded profile is to reach.
type dialFlags struct {
	budget, maxKL, minAgreement, maxDrop float64
	tier                                 string
}

func (d *dialFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Float64Var(&d.budget, "budget", session.DefaultBudget, "stored bits per value, headers included (graded)")
	f.Float64Var(&d.maxKL, "max-kl", 0, "fewest bits with at most this KL from the float outputs, nats per image or pixel (graded)")
	f.Float64Var(&d.minAgreement, "min-agreement", 0, "fewest bits with at least this share of equal predictions, percent (graded)")
	f.Float64Var(&d.maxDrop, "max-drop", 0, "fewest bits with at most this loss, points; needs labels (graded)")
	f.StringVar(&d.tier, "tier", "", "a budget by name: transparent (3), default (2) or compact (1.5) (graded)")
	cmd.MarkFlagsMutuallyExclusive("budget", "max-kl", "min-agreement", "max-drop", "tier")
	cli.CompleteWords(cmd, "tier", "transparent", "default", "compact")
}

// apply sets the dial; cmd tells which flag was given.
func (d *dialFlags) apply(cmd *cobra.Command, m *profile.Setting) error {
	m.Dial, m.Goal = profile.Budget, d.budget
	for dial, v := range map[profile.Dial]float64{profile.MaxKL: d.maxKL, profile.MinAgreement: d.minAgreement, profile.MaxDrop: d.maxDrop} {
		if cmd.Flags().Changed(dial.String()) {
			m.Dial, m.Goal = dial, v
		}
	}
	if d.tier == "" {
		return nil
	}
	budget, err := session.ParseTier(d.tier)
	if err != nil {
		return fmt.Errorf("%w: --tier %q: transparent, default or compact", session.ErrSetting, d.tier)
	}
	m.Goal = budget
	return nil
}

// parseSteps reads --steps.
func parseSteps(text string) (pow2 bool, err error) {
	switch text {
	case "free":
		return false, nil
	case "pow2":
		return true, nil
	}
	return false, fmt.Errorf("%w: --steps %q: free or pow2", session.ErrSetting, text)
}

// parseMinBits reads EDGE=BITS for edges of the network, which are named or numbered.
func parseMinBits(list []string, net *session.Network) (map[string]float64, error) {
	all := map[string]float64{}
	for _, text := range list {
		at := strings.LastIndex(text, "=")
		if at < 0 {
			return nil, fmt.Errorf("%w: --min-bits %q: EDGE=BITS", session.ErrSetting, text)
		}
		bits, err := strconv.ParseFloat(text[at+1:], 64)
		if err != nil || !(bits > 0 && bits <= 16) {
			return nil, fmt.Errorf("%w: --min-bits %q: above 0 and at most 16 bits per value", session.ErrSetting, text)
		}
		edge, err := net.FindEdge(text[:at])
		if err != nil {
			return nil, fmt.Errorf("--min-bits: %w", err)
		}
		all[edge.Name] = bits
	}
	return all, nil
}
