package dataset

import (
	"fmt"
	"strconv"
	"strings"
)

// spec is a parsed data spec:
//
//	SPEC  = scheme ":" part { "," part } [ "[" [ from ] ":" [ to ] [ ":" step ] "]" ]
//	part  = any text; a backslash quotes the comma, the opening bracket and the backslash
//
// The scheme ends at the first colon; later colons are part of the path.
type spec struct {
	scheme   string
	parts    []string // at least one, none empty, unquoted
	sliced   bool
	from, to int // to is -1 where it was left out
	step     int // 0 where it was left out: every one
}

// parseSpec reads the text; it looks at no file. Errors wrap ErrSpec.
func parseSpec(text string) (spec, error) {
	scheme, rest, ok := strings.Cut(text, ":")
	if !ok || scheme == "" {
		return spec{}, specError(text, "it starts with no scheme")
	}
	s := spec{scheme: scheme, to: -1}
	parts, slice, err := splitParts(rest)
	if err != nil {
		return spec{}, specError(text, err.Error())
	}
	s.parts = parts
	for _, p := range parts {
		if p == "" {
			return spec{}, specError(text, "a path is empty")
		}
	}
	if slice == "" {
		return s, nil
	}
	if err := s.parseSlice(slice); err != nil {
		return spec{}, specError(text, err.Error())
	}
	return s, nil
}

func specError(text, why string) error { return fmt.Errorf("%w: %q: %s", ErrSpec, text, why) }

// splitParts splits at unquoted commas and ends at the first unquoted bracket, which opens the slice.
func splitParts(rest string) (parts []string, slice string, err error) {
	var part strings.Builder
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; c {
		case '\\':
			i++
			if i == len(rest) || !strings.ContainsRune(`,[\`, rune(rest[i])) {
				return nil, "", fmt.Errorf(`a backslash quotes only a comma, [ or \: write \\ for a backslash, or / between folders`)
			}
			part.WriteByte(rest[i])
		case ',':
			parts = append(parts, part.String())
			part.Reset()
		case '[':
			return append(parts, part.String()), rest[i:], nil
		default:
			part.WriteByte(c)
		}
	}
	return append(parts, part.String()), "", nil
}

// parseSlice reads "[a:b]" or "[a:b:step]" where all numbers may be left out.
func (s *spec) parseSlice(text string) error {
	if !strings.HasSuffix(text, "]") {
		return fmt.Errorf(`%q is no slice [a:b] at the end; in a path write \[`, text)
	}
	from, to, ok := strings.Cut(text[1:len(text)-1], ":")
	if !ok {
		return fmt.Errorf("slice %q has no colon: write [a:b]", text)
	}
	to, step, stepped := strings.Cut(to, ":")
	var err error
	if stepped {
		if s.step, err = index(step, 1); err != nil {
			return err
		}
		if s.step == 0 {
			return fmt.Errorf("slice %q has a step of 0", text)
		}
	}
	if s.from, err = index(from, 0); err != nil {
		return err
	}
	if s.to, err = index(to, -1); err != nil {
		return err
	}
	s.sliced = true
	if s.to >= 0 && s.to < s.from {
		return fmt.Errorf("slice %q ends before it starts", text)
	}
	return nil
}

// index reads a decimal number; missing stands for an empty text.
func index(text string, missing int) (int, error) {
	if text == "" {
		return missing, nil
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("slice bound %q is not a number from 0 on", text)
	}
	return int(n), nil
}

// String is the canonical text: parseSpec gives an equal spec for it.
func (s spec) String() string {
	text := s.whole()
	if !s.sliced {
		return text
	}
	return text + s.slice()
}

// whole is the text without the slice.
func (s spec) whole() string {
	quoted := make([]string, len(s.parts))
	for i, p := range s.parts {
		quoted[i] = quote(p)
	}
	return s.scheme + ":" + strings.Join(quoted, ",")
}

func (s spec) slice() string {
	to := ""
	if s.to >= 0 {
		to = strconv.Itoa(s.to)
	}
	if s.step > 0 {
		to += ":" + strconv.Itoa(s.step)
	}
	return fmt.Sprintf("[%d:%s]", s.from, to)
}

// quote puts a backslash before what has a meaning in a spec.
func quote(path string) string {
	return strings.NewReplacer(`\`, `\\`, `,`, `\,`, `[`, `\[`).Replace(path)
}
