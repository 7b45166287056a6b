//go:build !device

package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
)

// base is what the flags say; method, bits, extra bits and ratio are the caller's.
func (m *methodFlags) base() (session.Variant, error) {
	scale, err := profile.ParseScaleMode(m.scale)
	if err != nil {
		return session.Variant{}, fmt.Errorf("%w: --scale: %w", session.ErrSetting, err)
	}
	if !slices.Contains(session.Rankings(), m.ranking) {
		return session.Variant{}, fmt.Errorf("%w: --ranking %q unknown, one of %q", session.ErrSetting, m.ranking, session.Rankings())
	}
	pow2, err := parseSteps(m.steps)
	if err != nil {
		return session.Variant{}, err
	}
	curves, err := session.ParseCurves(m.curves)
	if err != nil {
		return session.Variant{}, fmt.Errorf("--curves: %w", err)
	}
	return session.Variant{Setting: profile.Setting{
		Ranking: m.ranking, Unsigned: m.unsigned, Global: m.globalRatio, Scale: scale, Pow2: pow2, Channels: m.channels, Refine: m.scalable,
	}, Seed: m.seed, Curves: curves}, nil
}

const variantHelp = `A method may be followed by settings of its own, each after a colon: unsigned or signed, a scale
(static-channel), for dqa a ranking (mse), global or per-edge, m=2, r=0.25, for graded budget=2, max-kl=0.05,
min-agreement=99, max-drop=1, pow2, channel-steps, curves=gradient, for graded and direct scalable=2, and seed=2; for example "direct:unsigned,dqa:greedy:m=2,graded:pow2".`

// gridFlags are a session.Grid, lists as text.
type gridFlags struct{ methods, bits, extraBits, ratios, budgets string }

// textOf is a grid as defaults of the flags.
func textOf(g session.Grid) gridFlags {
	return gridFlags{g.Methods, join(g.Bits), join(g.ExtraBits), join(g.Ratios), join(g.Budgets)}
}

func join[T any](list []T) string {
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = fmt.Sprint(v)
	}
	return strings.Join(texts, ",")
}

// variants lists the grid's.
func (f gridFlags) variants(base session.Variant) ([]session.Variant, error) {
	g := session.Grid{Methods: f.methods}
	var err error
	if g.Bits, err = parseList("--bits", f.bits, strconv.Atoi); err != nil {
		return nil, err
	}
	if g.ExtraBits, err = parseList("--extra-bits", f.extraBits, strconv.Atoi); err != nil {
		return nil, err
	}
	if g.Ratios, err = parseList("--ratio", f.ratios, parseFloat); err != nil {
		return nil, err
	}
	if g.Budgets, err = parseList("--budget", f.budgets, parseFloat); err != nil {
		return nil, err
	}
	return g.Variants(base)
}

func parseFloat(s string) (float64, error) { return strconv.ParseFloat(s, 64) }

func parseList[T any](flag, text string, parse func(string) (T, error)) ([]T, error) {
	var list []T
	for _, s := range strings.Split(text, ",") {
		v, err := parse(strings.TrimSpace(s))
		if err != nil {
			return nil, fmt.Errorf("%w: %s %q: values separated by commas wanted", session.ErrSetting, flag, text)
		}
		list = append(list, v)
	}
	return list, nil
}
