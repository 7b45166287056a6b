package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/dqa-go/dqa/internal/file"
)

// Pipe is the path that stands for standard input or output.
const Pipe = "-"

// Magic numbers of what is read.
const (
	ProfileMagic = "DQAP"
	FrameMagic   = "DQAF"
	EitherMagic  = "DQA"
	ArchiveMagic = "PK"
)

// ReadInput reads a file, a pipe or standard input, of a quarter of --max-memory: that much again is spent on what it says.
// Of what begins otherwise than with magic it reads no more: it may be without end.
func (a *App) ReadInput(path, magic string) ([]byte, error) {
	in, name := a.In, "standard input"
	if path != Pipe {
		f, err := file.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in, name = f, path
	}
	head := make([]byte, len(FrameMagic))
	n, err := io.ReadFull(in, head)
	if err == nil && strings.HasPrefix(string(head), magic) {
		head, err = file.ReadAll(io.MultiReader(bytes.NewReader(head), in), int64(a.MaxMemory)/4)
	} else {
		head = head[:n]
	}
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		if !errors.Is(err, file.ErrRead) && !errors.Is(err, file.ErrTooLong) {
			err = fmt.Errorf("%w: %w", file.ErrRead, err)
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return head, nil
}

// WriteOutput writes a whole file, or to standard output. It returns where the summary goes.
func (a *App) WriteOutput(path string, fill func(io.Writer) error) (summary io.Writer, err error) {
	a.bar.Finish()
	if path != Pipe {
		summary := a.Out
		if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
			summary = a.Err // path may be what standard output is
		}
		return summary, file.Write(path, fill)
	}
	if IsTerminal(a.Out) {
		return nil, fmt.Errorf("%w to a terminal: binary data", file.ErrWrite)
	}
	if err := fill(a.Out); err != nil {
		return nil, fmt.Errorf("%w to standard output: %w", file.ErrWrite, err)
	}
	if a.Quiet {
		return io.Discard, nil
	}
	return a.Err, nil
}
