package file

import (
	"bytes"
	"fmt"
)

// Limits on what people write by hand.
const (
	MaxYAML  = 64 << 10 // bytes
	maxDepth = 64       // of lists and mappings in one another, and columns that a line is indented by
)

// CheckYAML refuses texts that are too long or nested too deep, before a parser sees them: parsers recurse, and keep every
// token's neighbours, so that 64 KB of nested lists take gigabytes. It may count what stands in quotes as nesting.
func CheckYAML(text []byte) error {
	if len(text) > MaxYAML {
		return fmt.Errorf("more than %d bytes", MaxYAML)
	}
	open, number := 0, 0
	for line := range bytes.Lines(text) {
		number++
		if leading(line) > maxDepth {
			return tooDeep(number)
		}
		for _, c := range line {
			switch c {
			case '[', '{':
				if open++; open > maxDepth {
					return tooDeep(number)
				}
			case ']', '}':
				open = max(open-1, 0)
			}
		}
	}
	return nil
}

func tooDeep(line int) error {
	return fmt.Errorf("line %d: nested deeper than %d", line, maxDepth)
}

// leading counts the columns before a line's first word: spaces, and the marks of items, keys and values in one another.
func leading(line []byte) int {
	for i, c := range line {
		switch c {
		case ' ', '\t', '-', '?', ':':
		case '\n', '\r', '#':
			return marks(line[:i])
		default:
			return i
		}
	}
	return marks(line)
}

// marks ignores rulers and blank lines: only marks that something follows nest.
func marks(line []byte) int {
	return bytes.Count(line, []byte("- ")) + bytes.Count(line, []byte("? ")) + bytes.Count(line, []byte(": "))
}
