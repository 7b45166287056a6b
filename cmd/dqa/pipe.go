package main

import (
	"fmt"
	"io"

	"github.com/dqa-go/dqa/internal/file"
)

// pipe is the path that stands for standard input or output.
const pipe = "-"

// readInput reads a file or standard input.
func (a *app) readInput(path string) ([]byte, error) {
	if path != pipe {
		return file.ReadLimited(path, int64(a.memory))
	}
	b, err := file.ReadAll(a.in, int64(a.memory))
	if err != nil {
		return nil, fmt.Errorf("standard input: %w: %w", file.ErrRead, err)
	}
	return b, nil
}

// writeOutput writes a whole file, or to standard output. It returns where the summary goes.
func (a *app) writeOutput(path string, fill func(io.Writer) error) (summary io.Writer, err error) {
	if path != pipe {
		return a.out, file.Write(path, fill)
	}
	if isTerminal(a.out) {
		return nil, fmt.Errorf("%w to a terminal: binary data", file.ErrWrite)
	}
	if err := fill(a.out); err != nil {
		return nil, fmt.Errorf("%w to standard output: %w", file.ErrWrite, err)
	}
	if a.quiet {
		return io.Discard, nil
	}
	return a.err, nil
}
