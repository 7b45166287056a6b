// Package inspect tells what a model, a profile or a frame holds, as data: structs whose JSON is documented in
// docs/JSON.md's style and printed by `dqa inspect --json`. Nothing is printed here.
package inspect

import "bytes"

// Kind says what a file is.
type Kind uint8

// The kinds of files.
const (
	ModelFile Kind = iota // and whatever is not one of the others
	ProfileFile
	FrameFile
)

// KindOf finds out what a file is by its first bytes.
func KindOf(head []byte) Kind {
	switch {
	case bytes.HasPrefix(head, []byte("DQAP")):
		return ProfileFile
	case bytes.HasPrefix(head, []byte("DQAF")):
		return FrameFile
	}
	return ModelFile
}

// Parse looks at the bytes of a profile or a frame; of anything else it is nil.
func Parse(name string, b []byte) (any, error) {
	switch KindOf(b) {
	case ProfileFile:
		return ParseProfile(name, b)
	case FrameFile:
		return ParseFrame(name, b)
	}
	return nil, nil
}

// Section is a part of a file.
type Section struct {
	Name  string `json:"name"`
	Bytes int    `json:"bytes"`
}

// FindsProblem tells whether what this package returned says so: a model that cannot be run, or outputs unlike the reference.
func FindsProblem(v any) bool {
	switch v := v.(type) {
	case *Model:
		return len(v.Unsupported) > 0
	case *Reference:
		return !v.Within
	}
	return false
}
