package session

import (
	"fmt"
	"strings"

	"github.com/dqa-go/dqa/profile"
)

// Describe names a setting as people do: "dqa 3+3 bits, r 0.5, energy, dynamic-channel".
func Describe(m profile.Setting) string {
	if m.Dial != profile.NoDial {
		return describeGraded(m)
	}
	s := fmt.Sprintf("%s %d bits", m.Name, m.Bits)
	if m.ExtraBits > 0 {
		s = fmt.Sprintf("%s %d+%d bits, r %g, %s", m.Name, m.Bits, m.ExtraBits, m.Ratio, m.Ranking)
	}
	if m.Global {
		s += ", r of all values"
	}
	if m.Unsigned {
		s += ", unsigned"
	}
	return s + ", " + m.Scale.String() + describeScalable(m)
}

func describeGraded(m profile.Setting) string {
	unit := map[profile.Dial]string{profile.Budget: " bits", profile.MinAgreement: " %", profile.MaxDrop: " points"}
	s := fmt.Sprintf("%s, %s %g%s", m.Name, m.Dial, m.Goal, unit[m.Dial])
	if m.Pow2 {
		s += ", steps powers of two"
	}
	if m.Channels {
		s += ", a step per channel"
	}
	return s + describeScalable(m)
}

func describeScalable(m profile.Setting) string {
	if m.Refine == 0 {
		return ""
	}
	return fmt.Sprintf(", %d low bits apart", m.Refine)
}

// DescribeCoders names a profile's coder, or where edges have different ones how many have which: "small (3) and
// smallest (11)".
func DescribeCoders(p *profile.Profile) string {
	edges := map[profile.Coder]int{}
	for i := range p.Edges {
		edges[p.Edges[i].Coder]++
	}
	if len(edges) <= 1 {
		return p.Coder.String()
	}
	var all []string
	for c := profile.Raw; c <= profile.Smallest2; c++ {
		if edges[c] > 0 {
			all = append(all, fmt.Sprintf("%s (%d)", c, edges[c]))
		}
	}
	return strings.Join(all, " and ")
}

// Resize says how pictures become the network's size: "256 (bilinear, as Pillow)"; "" where they are not resized.
func (n *Network) Resize() string {
	size := n.pre.Resize
	if size.Width == 0 {
		return ""
	}
	how := map[profile.Resample]string{
		profile.Bilinear: "bilinear, as Pillow", profile.Bicubic: "bicubic, as Pillow", profile.Letterbox: "letterbox, as ultralytics",
	}[n.pre.Resample]
	if size.Height == 0 { // the shorter side
		return fmt.Sprintf("%d (%s)", size.Width, how)
	}
	return fmt.Sprintf("%dx%d (%s)", size.Height, size.Width, how)
}
