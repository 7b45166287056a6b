package kernel

// Plane3 computes one channel of a depthwise convolution of 3 x 3 taps from a padded plane that lies in the first-level
// cache:
//
//	out[y*Cols+i] = clamp(Bias + sum over r, c of W[3*r+c] * X[(y*Stride+r)*Pitch + i*Stride + c], Lo, Hi)
//
// for y in 0..Rows-1 and i in 0..Cols-1; Stride is 1 or 2. X must go on for 2*Width values behind the last one that
// matters.
type Plane3 struct {
	X, W, Out    []float32
	Bias, Lo, Hi float32

	Rows, Cols, Pitch, Stride int
}

func plane3Generic(p *Plane3) {
	w := p.W[:9]
	for y := range p.Rows {
		out := p.Out[y*p.Cols:][:p.Cols]
		for i := range out {
			out[i] = p.Bias
		}
		for r := range 3 {
			x := p.X[(y*p.Stride+r)*p.Pitch:]
			a, b, c := w[3*r], w[3*r+1], w[3*r+2]
			for i := range out {
				v := x[i*p.Stride:][:3]
				out[i] += float32(a*v[0]) + float32(b*v[1]) + float32(c*v[2])
			}
		}
		for i, v := range out {
			out[i] = clamp(v, p.Lo, p.Hi)
		}
	}
}

// reach is how much of X the widest kernel may read.
func (p *Plane3) reach() int {
	vectors := (p.Cols + Width - 1) / Width
	return ((p.Rows-1)*p.Stride+2)*p.Pitch + vectors*Width*p.Stride + Width
}

// Planes3 computes a depthwise convolution of 3 x 3 taps from the planes as they are: what lies beside them is zero.
//
//	out[c][y][i] = clamp(Bias[c] + sum over r, k of W[c][r][k] * X[c][y*Stride+r-Top][i*Stride+k-1], Lo, Hi)
//
// for Cols columns of output: as many as InCols at stride 1, half as many at stride 2. Kernels read up to two vectors
// behind a plane. Plane3 adds in the same order.
type Planes3 struct {
	X, W, Bias, Out []float32
	Zeros           []float32 // InCols + 3*Width of them

	Channels, InRows, InCols, Rows, Cols, Top, Stride int

	Lo, Hi float32
}

func planes3Generic(p *Planes3) {
	for c := range p.Channels {
		x, w, out := p.X[c*p.InRows*p.InCols:], p.W[9*c:][:9], p.Out[c*p.Rows*p.Cols:][:p.Rows*p.Cols]
		for y := range p.Rows {
			for i := range p.Cols {
				sum := p.Bias[c]
				for r := range 3 {
					for k := range 3 {
						sum += float32(w[3*r+k] * p.at(x, y*p.Stride+r-p.Top, i*p.Stride+k-1))
					}
				}
				out[y*p.Cols+i] = clamp(sum, p.Lo, p.Hi)
			}
		}
	}
}

// at is a value of a plane, zero beside it: times an infinite weight that is not a number.
func (p *Planes3) at(plane []float32, row, col int) float32 {
	if row < 0 || row >= p.InRows || col < 0 || col >= p.InCols {
		return 0
	}
	return plane[row*p.InCols+col]
}

// Unpack is what makes channels of lanes: it turns a block of In, whose four rows of Step values hold four positions of n
// channels, into n pieces of four values, OutStep apart, adds what lies at the same places of Add (nil: nothing) and clamps.
type Unpack struct {
	In, Out, Add []float32
	Step         int
	OutStep      int
	Lo, Hi       float32
}

func unpackGeneric(u *Unpack, n int) {
	for c := range n {
		for r := range Rows {
			v := u.In[r*u.Step+c]
			if u.Add != nil {
				v += u.Add[c*u.OutStep+r]
			}
			u.Out[c*u.OutStep+r] = clamp(v, u.Lo, u.Hi)
		}
	}
}
