package tables

import "github.com/dqa-go/dqa/internal/rans"

// neighbours finds the codes at the taps' places as rans.TapNeighbours does, by looking up how far back they lie: away from a plane's
// borders that is the same everywhere.
type neighbours struct {
	rans.TapNeighbours
	grid, cols int
	back       [bordersUp][bordersAcross][rans.NumTaps]int // 0: nothing is there
	known      [bordersUp][bordersAcross]bool
}

// Rows from bordersUp-1 on are alike, and so are columns but for four on the left and two on the right.
const (
	bordersUp     = 5
	bordersAcross = 7
)

func newNeighbours(grid, cols int) *neighbours {
	n := &neighbours{grid: grid, cols: cols}
	n.Begin(&rans.Taps{Grid: grid}, cols)
	return n
}

// of says how far back the taps of code i lie.
func (n *neighbours) of(i int) *[rans.NumTaps]int {
	up, across := 0, 0
	if n.grid > 0 { // one long row that has only a beginning
		up, across = min(i/n.grid, bordersUp-1), 0
		if up < bordersUp-1 {
			return n.find(i, up, across)
		}
	} else {
		up, across = min(i/n.cols, bordersUp-1), i%n.cols
		if n.cols > bordersAcross && across > 3 {
			across = max(4, across-n.cols+bordersAcross)
		}
	}
	if !n.known[up][across] {
		n.known[up][across] = true
		n.find(i, up, across)
	}
	return &n.back[up][across]
}

func (n *neighbours) find(i, up, across int) *[rans.NumTaps]int {
	back := &n.back[up][across]
	for k, at := range n.Places(i) {
		back[k] = 0
		if at >= 0 {
			back[k] = i - at
		}
	}
	return back
}

// fill makes v the sample of code i of a part, with the features that are taps. Branches that codes decide would be guessed wrong.
func (n *neighbours) fill(v *sample, p tapSample, i int) {
	v.code = float64(p.codes[i])
	some := uint(0)
	for k, back := range n.of(i) {
		code := int32(0)
		if back > 0 {
			code = int32(rans.Bounded(p.codes[i-back]))
		}
		v.memory[some] = uint8(k)
		v.x[k], v.s[k] = float64(max(code, -code)), float64(code)
		if code != 0 {
			some++
		}
	}
	v.some = v.memory[:some]
}
