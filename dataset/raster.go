package dataset

// raster is a picture whose rows are made when they are asked for: what is resized needs no copy of itself. It is for one
// goroutine.
type raster struct {
	channels, height, width int
	top                     float32 // largest level, 255 or 65535; 0: values are measurements
	// read gives row y, one line of width values per channel, one after the other.
	read func(y int, row []float32)
}

// rasterOf reads from an image.
func rasterOf(img Image) raster {
	r := raster{channels: img.Channels, height: img.Height, width: img.Width, top: img.top()}
	r.read = func(y int, row []float32) {
		for c := range img.Channels {
			copy(row[c*img.Width:(c+1)*img.Width], img.Pix[(c*img.Height+y)*img.Width:])
		}
	}
	return r
}

// image reads the part of the picture that begins at (top, left).
func (r raster) image(top, left, height, width int) Image {
	img := Image{Channels: r.channels, Height: height, Width: width, Pix: make([]float32, r.channels*height*width)}
	img.setTop(r.top)
	row := make([]float32, r.channels*r.width)
	for y := range height {
		r.read(top+y, row)
		for c := range r.channels {
			copy(img.Pix[(c*height+y)*width:][:width], row[c*r.width+left:])
		}
	}
	return img
}

// whole reads all of the picture.
func (r raster) whole() Image { return r.image(0, 0, r.height, r.width) }

// opaque leaves the fourth channel out.
func (r raster) opaque() raster {
	from, row := r.read, make([]float32, r.channels*r.width)
	n := 3 * r.width
	r.channels = 3
	r.read = func(y int, out []float32) {
		from(y, row)
		copy(out[:n], row)
	}
	return r
}

// luma is what imaging libraries do: rounded to a level, exact for measurements.
func (r raster) luma() raster {
	from, row := r.read, make([]float32, r.channels*r.width)
	r.channels = 1
	r.read = func(y int, out []float32) {
		from(y, row)
		red, green, blue := row[:r.width], row[r.width:2*r.width], row[2*r.width:3*r.width]
		for i := range red {
			if r.top == 0 {
				sum := float64(19595*float64(red[i])) + float64(38470*float64(green[i]))
				out[i] = float32((sum + float64(7471*float64(blue[i]))) / 65536)
				continue
			}
			out[i] = float32((19595*int64(red[i]) + 38470*int64(green[i]) + 7471*int64(blue[i]) + 1<<15) >> 16)
		}
	}
	return r
}

// top is the largest level that a pixel can have, 0 for measurements.
func (m *Image) top() float32 {
	switch {
	case m.Float:
		return 0
	case m.Top == 0:
		return 255
	}
	return m.Top
}

func (m *Image) setTop(top float32) {
	if m.Float = top == 0; top > 255 {
		m.Top = top
	}
}
