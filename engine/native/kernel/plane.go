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
