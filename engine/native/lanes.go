package native

import (
	"math"

	"github.com/dqa-go/dqa/engine/native/kernel"
)

// lanes is a 1 x 1 convolution of few positions, as the last layers of a network have: output channels are the lanes of a
// tile and positions its rows. With positions as lanes most of a vector would be padding.
type lanes struct {
	isa             string
	channels, m, at int       // input channels, output channels, positions
	panels, bias    []float32 // padded to whole panels
	off             []int32
	lo, hi          float32
	residual        bool
}

// maxLanePositions is up to where lanes are faster: two vectors of positions are as fast.
const maxLanePositions = 2*kernel.Width - 1

// suitsLanes tells whether a convolution is computed by lanes. It adds up in another order, so that a band must be
// computed as the whole is.
func (s *site) suitsLanes(f *filters) (bool, error) {
	g, err := newWindow(s)
	return g.n == 1 && f.group == 1 && g.kh == 1 && g.kw == 1 && g.sx == 1 && g.sy == 1 && g.h == g.oh && g.w == g.ow &&
		g.top == 0 && g.left == 0 && g.oh*g.ow <= maxLanePositions, err
}

func newLanes(s *site, g window, f filters, m int) *lanes {
	l := &lanes{isa: s.isa, channels: g.c, m: m, at: g.oh * g.ow, lo: s.lo, hi: s.hi, residual: s.residual}
	all := len(f.bias) // of which m are computed
	padded := roundUp(all, panelWidth)
	l.bias, l.off = make([]float32, padded), make([]int32, g.c)
	copy(l.bias, f.bias)
	l.panels = s.share(1, "lanes", func() []float32 {
		w := withoutSubnormals(f.w)
		panels := make([]float32, padded*g.c+slack)
		for o := range all {
			panel := panels[o/panelWidth*panelWidth*g.c+o%panelWidth:]
			for k := range g.c {
				panel[k*panelWidth] = w[o*g.c+k]
			}
		}
		return panels
	})
	for k := range l.off {
		l.off[k] = int32(k * panelWidth)
	}
	s.scratch = int64(roundUp(l.at, kernel.Rows))*int64(g.c) + slack
	return l
}

func (l *lanes) run(t *task) {
	packPositions(t.scratch, t.in[0], l.channels, l.at)
	var add []float32
	if l.residual {
		add = t.in[len(t.in)-1]
	}
	var buf [kernel.Rows * panelWidth]float32
	var none [kernel.Rows]float32
	inf := float32(math.Inf(1))
	k := kernel.Tile{Off: l.off, Bias: none[:], Out: buf[:], OutStep: panelWidth, Rows: kernel.Rows, Lo: -inf, Hi: inf}
	var places [kernel.MaxVectors]kernel.Place
	for i := range places {
		places[i] = kernel.Place{Base: int32(i * kernel.Width), At: int32(i * kernel.Width)}
	}
	u := kernel.Unpack{In: buf[:], Step: panelWidth, OutStep: l.at, Lo: l.lo, Hi: l.hi}
	for o := 0; o < l.m; o += panelWidth {
		n := min(panelWidth, l.m-o)
		k.X, k.Add, k.Places = l.panels[(t.first+o)*l.channels:], l.bias[t.first+o:], places[:ceilDiv(n, kernel.Width)]
		for at := 0; at < l.at; at += kernel.Rows {
			k.W = t.scratch[at*l.channels:][:kernel.Rows*l.channels]
			k.Run(l.isa)
			u.Out = t.out[0][o*l.at+at:]
			if add != nil {
				u.Add = add[o*l.at+at:]
			}
			if q := l.at - at; q >= kernel.Rows {
				u.Run(l.isa, n)
			} else {
				unpackRest(u, n, q)
			}
		}
	}
}

// unpackRest is kernel.Unpack of fewer positions than a tile has.
func unpackRest(u kernel.Unpack, n, positions int) {
	for c := range n {
		for r := range positions {
			v := u.In[r*u.Step+c]
			if u.Add != nil {
				v += u.Add[c*u.OutStep+r]
			}
			u.Out[c*u.OutStep+r] = min(max(v, u.Lo), u.Hi)
		}
	}
}

// packPositions lays planes out as a tile wants its weights: kernel.Rows positions together, channel by channel.
func packPositions(dst, x []float32, channels, positions int) {
	for at := 0; at < positions; at += kernel.Rows {
		block := dst[at*channels:][:kernel.Rows*channels]
		if positions-at >= kernel.Rows {
			for k := range channels {
				*(*[kernel.Rows]float32)(block[k*kernel.Rows:]) = *(*[kernel.Rows]float32)(x[k*positions+at:])
			}
			continue
		}
		for k := range channels {
			clear(block[k*kernel.Rows:][:kernel.Rows])
			copy(block[k*kernel.Rows:], x[k*positions+at:][:positions-at])
		}
	}
}
