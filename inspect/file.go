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

// Section is a part of a file.
type Section struct {
	Name  string `json:"name"`
	Bytes int    `json:"bytes"`
}
