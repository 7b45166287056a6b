package dataset

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Palette are the classes of colours, red<<16 | green<<8 | blue.
type Palette map[uint32]int32

// class looks a pixel up. Gray counts as a colour; transparency does not matter.
func (p Palette) class(pixel []float32) (int32, error) {
	r, g, b := pixel[0], pixel[0], pixel[0]
	if len(pixel) > 2 {
		g, b = pixel[1], pixel[2]
	}
	if max(r, g, b) <= 255 {
		if class, ok := p[uint32(r)<<16|uint32(g)<<8|uint32(b)]; ok {
			return class, nil
		}
	}
	return 0, fmt.Errorf("the colour %s is not in the palette of %d colours", colourText([]float32{r, g, b}), len(p))
}

func colourText(pixel []float32) string {
	if max(pixel[0], pixel[1], pixel[2]) > 255 {
		return fmt.Sprintf("(%g, %g, %g)", pixel[0], pixel[1], pixel[2])
	}
	return fmt.Sprintf("#%02x%02x%02x", int(pixel[0]), int(pixel[1]), int(pixel[2]))
}

var (
	hexColour = regexp.MustCompile(`#([0-9a-fA-F]{6})\b`)
	// between words: the digits of a class's name are none
	numbers = regexp.MustCompile(`(?:^|[\s,;()\[\]])(\d+)\b`)
)

// ParsePalette reads the colours of classes in the order of their indices: "#000000,#ff0000", or a file with one a line,
// #rrggbb or three numbers of 0 to 255, with whatever else the line says (the class's name); a line of four numbers
// begins with the class index. A first line without a colour is a heading.
func ParsePalette(text string) (Palette, error) {
	if !strings.HasPrefix(text, "#") {
		var err error
		if text, err = readText(text, 1<<20); err != nil {
			return nil, err
		}
	} else {
		text = strings.ReplaceAll(text, ",", "\n")
	}
	p := Palette{}
	next := int32(0)
	for n, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		colour, class, ok := paletteLine(line)
		switch {
		case !ok && n == 0:
			continue
		case !ok:
			return nil, fmt.Errorf("%w: palette, line %d: %.80q is no colour: #rrggbb or three numbers of 0 to 255", ErrLabel, n+1, line)
		case class < 0:
			class = next
		}
		if other, taken := p[colour]; taken {
			return nil, fmt.Errorf("%w: palette, line %d: the colour #%06x is that of class %d already", ErrLabel, n+1, colour, other)
		}
		p[colour], next = class, class+1
	}
	if len(p) == 0 {
		return nil, fmt.Errorf("%w: a palette without colours", ErrLabel)
	}
	return p, nil
}

// paletteLine gives class -1 where the line does not name one.
func paletteLine(line string) (colour uint32, class int32, ok bool) {
	if m := hexColour.FindStringSubmatch(line); m != nil {
		v, _ := strconv.ParseUint(m[1], 16, 32)
		return uint32(v), -1, true
	}
	var v []uint64
	for rest := line; ; {
		m := numbers.FindStringSubmatchIndex(rest)
		if m == nil {
			break
		}
		n, err := strconv.ParseUint(rest[m[2]:m[3]], 10, 31)
		if err != nil {
			return 0, 0, false
		}
		v, rest = append(v, n), rest[m[3]:]
	}
	class = -1
	if len(v) == 4 && v[0] < maxClasses {
		class, v = int32(v[0]), v[1:]
	}
	if len(v) != 3 || max(v[0], v[1], v[2]) > 255 {
		return 0, 0, false
	}
	return uint32(v[0]<<16 | v[1]<<8 | v[2]), class, true
}
