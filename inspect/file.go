// Package inspect tells what a model, a profile or a frame holds, as data: structs whose JSON is documented in
// docs/JSON.md's style and printed by `dqa inspect --json`. Nothing is printed here.
package inspect

import (
	"bytes"
	"errors"
	"io"

	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/session"
)

// Kind says what a file is.
type Kind uint8

// The kinds of files.
const (
	ModelFile Kind = iota // and whatever is not one of the others
	ProfileFile
	FrameFile
)

// KindOf finds out what a file is by its first bytes. Names of built-in networks are models.
func KindOf(path string) (Kind, error) {
	if session.BuiltIn(path) {
		return ModelFile, nil
	}
	f, err := file.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var head [4]byte
	if _, err := io.ReadFull(f, head[:]); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return 0, err
	}
	switch {
	case bytes.Equal(head[:], []byte("DQAP")):
		return ProfileFile, nil
	case bytes.Equal(head[:], []byte("DQAF")):
		return FrameFile, nil
	}
	return ModelFile, nil
}

// Section is a part of a file.
type Section struct {
	Name  string `json:"name"`
	Bytes int    `json:"bytes"`
}
