package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dqa-go/dqa/calib"
	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/engine/native"
	"github.com/dqa-go/dqa/method"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/profile"
	"github.com/spf13/cobra"
)

// dialFlags say what a graded profile is to reach.
type dialFlags struct {
	budget, maxKL, minAgreement, maxDrop float64
	tier                                 string
}

// tiers are budgets with names.
var tiers = map[string]float64{"transparent": 3, "default": 2, "compact": 1.5}

func (d *dialFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Float64Var(&d.budget, "budget", method.DefaultBudget, "stored bits per value, headers included (graded)")
	f.Float64Var(&d.maxKL, "max-kl", 0, "fewest bits with at most this KL from the float outputs, nats per image or pixel (graded)")
	f.Float64Var(&d.minAgreement, "min-agreement", 0, "fewest bits with at least this share of equal predictions, percent (graded)")
	f.Float64Var(&d.maxDrop, "max-drop", 0, "fewest bits with at most this loss, points; needs labels (graded)")
	f.StringVar(&d.tier, "tier", "", "a budget by name: transparent (3), default (2) or compact (1.5) (graded)")
	cmd.MarkFlagsMutuallyExclusive("budget", "max-kl", "min-agreement", "max-drop", "tier")
	completeWords(cmd, "tier", []string{"transparent", "default", "compact"})
}

// apply sets the dial; cmd tells which flag was given.
func (d *dialFlags) apply(cmd *cobra.Command, m *profile.Method) error {
	m.Dial, m.Goal = profile.Budget, d.budget
	for dial, v := range map[profile.Dial]float64{profile.MaxKL: d.maxKL, profile.MinAgreement: d.minAgreement, profile.MaxDrop: d.maxDrop} {
		if cmd.Flags().Changed(dial.String()) {
			m.Dial, m.Goal = dial, v
		}
	}
	if d.tier == "" {
		return nil
	}
	budget, ok := tiers[d.tier]
	if !ok {
		return fmt.Errorf("%w: --tier %q: transparent, default or compact", method.ErrSetting, d.tier)
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
	return false, fmt.Errorf("%w: --steps %q: free or pow2", method.ErrSetting, text)
}

// parseMinBits reads EDGE=BITS for edges of the network, which are named or numbered.
func parseMinBits(list []string, edges []onnx.Edge) (map[string]float64, error) {
	all := map[string]float64{}
	for _, text := range list {
		at := strings.LastIndex(text, "=")
		if at < 0 {
			return nil, fmt.Errorf("%w: --min-bits %q: EDGE=BITS", method.ErrSetting, text)
		}
		bits, err := strconv.ParseFloat(text[at+1:], 64)
		if err != nil || !(bits > 0 && bits <= 16) {
			return nil, fmt.Errorf("%w: --min-bits %q: above 0 and at most 16 bits per value", method.ErrSetting, text)
		}
		name, err := findEdge(edges, text[:at])
		if err != nil {
			return nil, fmt.Errorf("--min-bits: %w", err)
		}
		all[name] = bits
	}
	return all, nil
}

// without leaves out edges, which are named or numbered.
func without(edges []onnx.Edge, skip []string) (left []onnx.Edge, names []string, err error) {
	for _, s := range skip {
		name, err := findEdge(edges, s)
		if err != nil {
			return nil, nil, fmt.Errorf("--skip: %w", err)
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, e := range edges {
		if !slices.Contains(names, e.Name) {
			left = append(left, e)
		}
	}
	return left, names, nil
}

// corrector measures on the native engine, whichever runs the network: between its steps values can be altered.
func (n *network) corrector() calib.Corrector {
	observe := func(g *onnx.Graph, edges []onnx.Edge) (engine.Program, error) { return native.Compile(g, edges) }
	return calib.NewCorrector(n.prog, observe, n.compile)
}

// biased is the network with a profile's biases.
func (n *network) biased(bias []profile.Bias) (engine.Program, error) {
	if len(bias) == 0 {
		return n.prog, nil
	}
	return calib.Biased(n.prog, bias, n.compile)
}
