package session

import (
	"fmt"
	"slices"

	"github.com/dqa-go/dqa/profile"
)

// OwnCoder is how a method itself stores its codes: the paper plainly, with Huffman-coded shift errors; graded, whose codes
// are not all equally long, in the fewest bits.
func OwnCoder(s profile.Setting) profile.Coder {
	switch {
	case s.Dial != profile.NoDial:
		return profile.Smallest
	case s.ExtraBits > 0:
		return profile.Paper
	}
	return profile.Raw
}

// CheckCoder refuses a coder that cannot store the codes of a setting. The error wraps ErrSetting.
func CheckCoder(s profile.Setting, c profile.Coder) error {
	if s.Dial != profile.NoDial && !slices.Contains([]profile.Coder{profile.Fast, profile.Small, profile.Smallest, profile.Smallest2}, c) {
		return fmt.Errorf("%w: graded codes are stored by fast, small, smallest or smallest2, not by %s", ErrSetting, c)
	}
	return nil
}

// ParseCoder reads the name of a coder that can store the codes of a setting. The error wraps ErrSetting.
func ParseCoder(name string, s profile.Setting) (*profile.Coder, error) {
	c, err := profile.ParseCoder(name)
	if err != nil {
		return nil, fmt.Errorf("%w: --coder: %w", ErrSetting, err)
	}
	return &c, CheckCoder(s, c)
}

// GradedCoder reads the name of the coder for graded codes among variants; "": none is asked for. The error wraps ErrSetting.
func GradedCoder(name string, variants []Variant) (*profile.Coder, error) {
	if name == "" {
		return nil, nil
	}
	for _, v := range variants {
		if v, err := v.Complete(); err == nil && v.Dial != profile.NoDial {
			return ParseCoder(name, v.Setting)
		}
	}
	return nil, fmt.Errorf("%w: --coder is for graded, which is not among the methods", ErrSetting)
}
