package profile

import "testing"

// declaring is a profile of a few kilobytes that announces a hundred edges of a million channels, in the coder whose
// models all channels share: work must follow the bytes, not what they announce.
func declaring() *Profile {
	p := neighbourly()
	p.Edges, p.Evidence = p.Edges[:1], nil
	e := &p.Edges[0]
	e.Channels, e.Rows, e.Cols, e.Tile = MaxChannels, 1, 1, Tile{MaxChannels, 1}
	e.ExtraBits, e.Important, e.Bits = 0, nil, 2
	e.Scale, e.Steps = DynamicTensor, nil
	e.Models = make([]uint8, e.NumModels())
	for range 99 {
		p.Edges = append(p.Edges, p.Edges[0])
	}
	return p
}

func BenchmarkParseDeclaring(b *testing.B) {
	src := declaring().Append(nil)
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		if _, err := Parse(src); err != nil {
			b.Fatal(err)
		}
	}
}
