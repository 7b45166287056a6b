package main

import "encoding/binary"

// huffmanStream is a stream of shift errors (spec/coders.md, "Stream of shift errors").
type huffmanStream struct {
	states []uint16
	bytes  []byte
}

func (s huffmanStream) join() []byte {
	var b []byte
	for _, x := range s.states {
		b = binary.LittleEndian.AppendUint16(b, x)
	}
	return append(b, s.bytes...)
}

// word is a code word: its first bit is the highest of its length.
type word struct{ bits, length int }

// canonical are the words of symbols of these lengths.
func canonical(lengths []uint8) []word {
	words, next := make([]word, len(lengths)), 0
	for l := 1; l <= 7; l++ {
		for s, length := range lengths {
			if int(length) == l {
				words[s] = word{next, l}
				next++
			}
		}
		next *= 2
	}
	return words
}

// reversed has the bits of a word in reverse order.
func (w word) reversed() int {
	v := 0
	for i := range w.length {
		v |= w.bits >> i & 1 << (w.length - 1 - i)
	}
	return v
}

// errorsPerSymbol for errors of m bits.
func errorsPerSymbol(m int) int { return [5]int{0, 4, 2, 1, 1}[m] }

// codeErrors codes shift errors of m bits; more errors than a tile has would be those that fill the last symbol. States
// are 256 at the end of reading, start in the last lane: a right writer takes 256 there, too.
func codeErrors(errors []int, m int, lengths []uint8, start uint16) huffmanStream {
	g := errorsPerSymbol(m)
	symbols := make([]int, (len(errors)+g-1)/g)
	for i, e := range errors {
		symbols[i/g] |= e << (i % g * m)
	}
	lanes := huffmanLanes(len(symbols))
	s := huffmanStream{states: make([]uint16, lanes)}
	for i := range s.states {
		s.states[i] = 256
	}
	s.states[lanes-1] = start
	words := canonical(lengths)
	for k := len(symbols) - 1; k >= 0; k-- {
		w, x := words[symbols[k]], int(s.states[k%lanes])
		if x >= 1<<(16-w.length) {
			s.bytes = append([]byte{byte(x)}, s.bytes...)
			x >>= 8
		}
		s.states[k%lanes] = uint16(x<<w.length | w.reversed())
	}
	return s
}

func huffmanLanes(symbols int) int {
	lanes := 1
	for 2*lanes <= 32 && symbols >= 256*2*lanes {
		lanes *= 2
	}
	return lanes
}
