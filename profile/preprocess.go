package profile

// Preprocess turns a decoded image into the network's input: resize, crop, then x = (pixel/Divisor - Mean) / Std
// channel by channel (METHOD section 1). The zero value means: size as it is, divisor 255, no mean, RGB, NCHW.
type Preprocess struct {
	Resize   Size      // zero: none. Height 0: the shorter side becomes Width and the aspect ratio is kept
	Crop     Size      // zero: none; centre crop
	Divisor  float32   // 0 means 255
	Mean     []float32 // per channel in the order of Channels, in units of pixel/Divisor; nil: 0
	Std      []float32 // nil: 1
	Channels string    // "rgb" (default), "bgr", "gray"; data with other channel counts passes as it is
	Layout   string    // "nchw" (default) or "nhwc": what the network wants
	Shape    []int     // input shape for networks with dynamic axes, batch first; nil: as the model says
	Ignore   []int     // labels to leave out of scores, as they are in the data; nil: none
	// LabelShift is added to the labels of the data, ignored ones excepted: -1 where they count from 1, 1 where the
	// network's class 0 is a background that the data does not have.
	LabelShift int
}

// Size is height by width in pixels.
type Size struct{ Height, Width int }
