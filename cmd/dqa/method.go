//go:build !device

package main

import (
	"fmt"
	"strings"

	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

// methodFlags are the settings that all methods share.
type methodFlags struct {
	ranking, scale, edges string
	unsigned, globalRatio bool
	allowNonFinite        bool
	seed                  uint64
	steps                 string
	channelSteps          string
	gains, means          string
	curves                string
	scalable              int
	skip, minBits         []string
}

func (m *methodFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&m.ranking, "ranking", "energy", "how channels are ranked (dqa): "+strings.Join(session.Rankings(), ", "))
	f.BoolVar(&m.globalRatio, "global-ratio", false, "r is the share of all values of the network, not of every edge's channels (dqa)")
	f.StringVar(&m.scale, "scale", "dynamic-channel", "dynamic-channel, dynamic-tensor, static-channel or static-tensor")
	f.BoolVar(&m.unsigned, "unsigned", false, "unsigned codes where values cannot be negative: one bit more for nothing")
	f.StringVar(&m.steps, "steps", "free", "free, or pow2: steps are powers of two (graded)")
	f.IntVar(&m.scalable, "scalable", 0, "low bits of codes that are stored apart, 0 to 4: a receiver may do without them (graded, direct)")
	f.StringVar(&m.channelSteps, "channel-steps", "auto", "a step per channel, by sensitivity: auto (if networks are better with it), "+
		"always or never (graded)")
	f.Lookup("channel-steps").NoOptDefVal = "always"
	f.StringVar(&m.gains, "gains", "auto", "gains before biases: auto, always or never (graded)")
	f.StringVar(&m.means, "means", "never", "means of large channels, stored with every image: never, auto or always; "+
		"such edges are not packed in memory (graded)")
	f.StringVar(&m.curves, "curves", "gradient", "gradient: curves are predicted by derivatives; or measured, which takes many "+
		"passes (graded)")
	f.StringArrayVar(&m.minBits, "min-bits", nil, "EDGE=BITS: bits per value that the codes of an edge take at least; may be "+
		"repeated (graded)")
	f.StringArrayVar(&m.skip, "skip", nil, "edge that stays float32 and is not stored: a name or a number of inspect; may be repeated")
	edgesFlag(cmd, &m.edges, "stored: what a fused runtime writes to memory; activations: outputs of activation functions "+
		"(the paper); blocks: ends of blocks (the paper's authors)")
	f.Uint64Var(&m.seed, "seed", 1, "of every random choice")
	f.BoolVar(&m.allowNonFinite, "allow-nonfinite", false, "go on when activations are NaN or infinite")
	cli.CompleteWords(cmd, "ranking", session.Rankings()...)
	cli.CompleteWords(cmd, "scale", session.Scales()...)
	cli.CompleteWords(cmd, "curves", "gradient", "measured")
	for _, name := range []string{"channel-steps", "gains", "means"} {
		cli.CompleteWords(cmd, name, "auto", "always", "never")
	}
	cli.CompleteWords(cmd, "steps", "free", "pow2")
}

// options are those of opening a network.
func (m *methodFlags) options() (session.Options, error) {
	set, err := parseEdges(m.edges)
	return session.Options{Edges: set, Skip: m.skip}, err
}

// base is what the flags say; method, bits, extra bits and ratio are the caller's.
func (m *methodFlags) base() (session.Variant, error) {
	v, err := session.SettingText{Ranking: m.ranking, Scale: m.scale, Steps: m.steps, Curves: m.curves,
		ChannelSteps: m.channelSteps, Gains: m.gains, Means: m.means}.Parse()
	v.Unsigned, v.Global, v.Refine, v.Seed = m.unsigned, m.globalRatio, m.scalable, m.seed
	return v, err
}

// checkUsed refuses flags that none of the variants uses.
func checkUsed(cmd *cobra.Command, variants ...session.Variant) error {
	for _, name := range session.SettingNames() {
		if f := cmd.Flags().Lookup(name); f != nil && f.Changed {
			if err := session.CheckUsed(name, variants...); err != nil {
				return err
			}
		}
	}
	return nil
}

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
	f.StringVar(&d.tier, "tier", "", "a budget by name: transparent (3), default (2) or compact (1.5) (graded); "+
		"what each costs on your network: dqa pilot")
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

const variantHelp = `A method may be followed by settings of its own, each after a colon: unsigned or signed, a scale
(static-channel), for dqa a ranking (mse), global or per-edge, m=2, r=0.25, for graded budget=2, max-kl=0.05,
min-agreement=99, max-drop=1, pow2, channel-steps=always, gains=never, means=never,
curves=measured, for graded and direct scalable=2, and seed=2; for example "direct:unsigned,dqa:greedy:m=2,graded:pow2".`
