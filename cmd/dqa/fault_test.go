package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/onnx"
	"github.com/rogpeppe/go-internal/testscript"
)

func checkFaultText(ts *testscript.TestScript, text, want string) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "dqa: error: ") || !strings.HasPrefix(lines[1], "dqa: hint: ") {
		ts.Fatalf("one error and one hint wanted, got\n%s", text)
	}
	if !strings.Contains(lines[0], want) {
		ts.Fatalf("%q does not mention %q", lines[0], want)
	}
}

// Every kind of error has its exit code, and every message is one line.
func TestExplain(t *testing.T) {
	for err, code := range map[error]int{
		errors.New("two\nlines"):                               exitFailure,
		fmt.Errorf("work: %w", context.Canceled):               exitInterrupted,
		&onnx.UnsupportedError{}:                               exitModel,
		&hinted{errors.New("x"), exitFormat, "do that"}:        exitFormat,
		fmt.Errorf("file: %w", fs.ErrNotExist):                 exitFailure,
		&usageError{(&app{}).root(), errors.New("bad flag")}:   exitUsage,
		errors.New(`required flag(s) "data" not set`):          exitUsage,
		fmt.Errorf("p: %w", faults[len(faults)-1].is):          faults[len(faults)-1].code,
		errors.New(`unknown command "x" for "dqa"`):            exitUsage,
		fmt.Errorf("deep: %w", fmt.Errorf("%w", faults[1].is)): faults[1].code,
	} {
		var b bytes.Buffer
		if got := (&app{err: &b}).explain(err); got != code {
			t.Errorf("%v: exit code %d, want %d", err, got, code)
		}
		if lines := strings.Count(b.String(), "\n"); lines > 2 || !strings.HasPrefix(b.String(), "dqa: error: ") {
			t.Errorf("%v: %q", err, b.String())
		}
	}
}

func TestEveryFaultHasAHint(t *testing.T) {
	for _, f := range faults {
		if f.hint == "" || f.code == 0 || f.is == nil {
			t.Errorf("%v", f)
		}
	}
}
