package profile

// Tile is the unit that can be decoded alone: a block of channels times a band of rows.
type Tile struct{ Channels, Rows int }

// Target and limit of a tile's number of values. 16 Ki values are 64 KiB of float32: they stay in a core's second
// level cache together with their codes.
const (
	tileTarget = 16 << 10
	tileLimit  = 64 << 10
	// A band lower than this makes a 3x3 convolution, which keeps two rows of the band above, hold mostly halo.
	tileMinRows = 4
)

// TileFor chooses the tile of an edge: the whole edge where it is small, else all channels of as many rows as the
// target allows, so that a convolution decodes one band after the other; channels are cut only where a band of
// tileMinRows rows would exceed the target.
func TileFor(channels, rows, cols int) Tile {
	if channels*rows*cols <= 2*tileTarget {
		return Tile{channels, rows}
	}
	if r := tileTarget / (channels * cols); r >= tileMinRows {
		return Tile{channels, min(r, rows)}
	}
	r := min(rows, max(1, min(tileMinRows, tileLimit/cols)))
	return Tile{min(channels, max(1, tileTarget/(r*cols))), r}
}

// Bounds is the part of an edge that a tile covers: channels [C0, C1) of rows [R0, R1).
type Bounds struct{ C0, C1, R0, R1 int }

// NumTiles is the number of tiles of the edge.
func (e *Edge) NumTiles() int { return e.bands() * e.blocks() }

func (e *Edge) bands() int  { return ceilDiv(e.Rows, e.Tile.Rows) }
func (e *Edge) blocks() int { return ceilDiv(e.Channels, e.Tile.Channels) }

// All is the part that covers the edge.
func (e *Edge) All() Bounds { return Bounds{C1: e.Channels, R1: e.Rows} }

// TileBounds gives tile t; tiles go through all channel blocks of a band of rows before the next band.
func (e *Edge) TileBounds(t int) Bounds {
	band, block := t/e.blocks(), t%e.blocks()
	return Bounds{
		C0: block * e.Tile.Channels, C1: min((block+1)*e.Tile.Channels, e.Channels),
		R0: band * e.Tile.Rows, R1: min((band+1)*e.Tile.Rows, e.Rows),
	}
}

// BandSize is the number of values of one channel of the part.
func (e *Edge) BandSize(b Bounds) int { return (b.R1 - b.R0) * e.Cols }

// BandStart is the place of the part's first value of channel c, channel by channel, row by row.
func (e *Edge) BandStart(b Bounds, c int) int { return (c*e.Rows + b.R0) * e.Cols }

// NumExtra is the number of values of the part that lie in important channels.
func (e *Edge) NumExtra(b Bounds) int {
	n := 0
	for c := b.C0; c < b.C1; c++ {
		if e.IsImportant(c) {
			n += e.BandSize(b)
		}
	}
	return n
}

// TileSize is the number of values of the part.
func (e *Edge) TileSize(b Bounds) int { return (b.C1 - b.C0) * e.BandSize(b) }

func ceilDiv(a, b int) int { return (a + b - 1) / b }
