package features

import (
	"fmt"
	"strings"

	"github.com/dqa-go/dqa/profile"
)

// Axes says what the axes of an array are, a letter each: N the rows, C the channels, all others positions ("NC", "NTC",
// "NCHW"). Channels have probability models of their own.
type Axes string

// DefaultAxes are those of an array of so many axes that nobody described.
func DefaultAxes(rank int) Axes {
	return map[int]Axes{1: "N", 2: "NC", 3: "NTC", 4: "NCHW"}[rank]
}

// chunkValues is about how many values are coded at a time: what is read to have one row, in some 50 us.
const chunkValues = 1 << 15

// fewestChunks of a small array keep the last one, which zeros fill up, from weighing much.
const fewestChunks = 16

// geometry is how a chunk of rows lies in memory, and how many rows that are.
func (a Axes) geometry(shape []int) (g profile.Geometry, rows int, err error) {
	if err := a.check(shape); err != nil {
		return g, 0, err
	}
	g.Channels, g.Rows, g.Cols = 1, 1, 1
	at, values := strings.IndexByte(string(a), 'C'), 1
	for _, d := range shape[1:] {
		values *= d
	}
	if at > 0 {
		g.Channels = shape[at]
	}
	g.ChannelsLast = at == len(a)-1 || values == g.Channels
	if rows = 1; g.ChannelsLast { // rows are put one below the other
		rows = max(1, min(chunkValues/values, shape[0]/fewestChunks))
	}
	switch positions := values / g.Channels; {
	case positions == 1:
		g.Rows = rows
	case g.ChannelsLast && at == 3: // NHWC
		g.Rows, g.Cols = rows*shape[1], shape[2]
	case len(a) == 4 && at == 1: // NCHW
		g.Rows, g.Cols = shape[2], shape[3]
	case g.ChannelsLast:
		g.Rows = rows * positions
	default:
		g.Cols = positions
	}
	g.Tile = profile.TileFor(g.Channels, g.Rows, g.Cols)
	return g, rows, nil
}

// check tells whether the axes are those of an array of this shape.
func (a Axes) check(shape []int) error {
	seen := map[rune]bool{}
	for _, r := range a {
		if r < 'A' || r > 'Z' || seen[r] {
			return fmt.Errorf("%w: %q: every axis is a capital letter of its own", ErrAxes, a)
		}
		seen[r] = true
	}
	at := strings.IndexByte(string(a), 'C')
	switch {
	case len(a) != len(shape):
		return fmt.Errorf("%w: %q are %d axes, the array has %d: %v", ErrAxes, a, len(a), len(shape), shape)
	case len(a) == 0 || a[0] != 'N':
		return fmt.Errorf("%w: %q: the first axis is the rows, N", ErrAxes, a)
	case len(a) > 1 && at < 0:
		return fmt.Errorf("%w: %q: no axis is the channels, C", ErrAxes, a)
	case at > 1 && at < len(a)-1:
		return fmt.Errorf("%w: %q: channels are the second axis or the last", ErrAxes, a)
	}
	for _, d := range shape[1:] {
		if d < 1 {
			return fmt.Errorf("%w: rows of shape %v hold nothing", ErrAxes, shape[1:])
		}
	}
	return nil
}
