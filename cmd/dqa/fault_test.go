package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/session"
	"github.com/rogpeppe/go-internal/testscript"
)

// fails NAME TEXT ARGUMENTS...: dqa with the arguments fails as the catalogue's entry NAME says: its exit code and hint,
// TEXT in the one error line, nothing on standard output.
func checkFailure(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: fails NAME TEXT ARGUMENTS...")
	}
	all := testApp(io.Discard).Catalogue()
	i := slices.IndexFunc(all, func(f cli.Fault) bool { return f.Name == args[0] })
	if i < 0 {
		ts.Fatalf("no error is called %q", args[0])
	}
	want := all[i]
	var exit *exec.ExitError
	if err := ts.Exec("dqa", args[2:]...); !errors.As(err, &exit) || exit.ExitCode() != want.Code {
		ts.Fatalf("%v, want exit code %d", err, want.Code)
	}
	lines := strings.Split(strings.TrimSpace(ts.ReadFile("stderr")), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "dqa: error: ") || !strings.HasPrefix(lines[1], "dqa: hint: ") {
		ts.Fatalf("one error and one hint wanted, got %q", lines)
	}
	if !strings.Contains(lines[0], args[1]) {
		ts.Fatalf("%q does not mention %q", lines[0], args[1])
	}
	if hint := strings.TrimPrefix(lines[1], "dqa: hint: "); hint != want.Hint && want.Name != "usage" {
		ts.Fatalf("hint %q, want %q", hint, want.Hint)
	}
	if out := ts.ReadFile("stdout"); out != "" {
		ts.Fatalf("standard output: %q", out)
	}
}

// injectFault reads OP:COUNT:ERROR: operation number COUNT (from 0) of the kind fails with ERROR, or ends the process
// if that is KILL or INT, or panics.
func injectFault(spec string) {
	parts := strings.Split(spec, ":")
	if len(parts) != 3 {
		return
	}
	count, err := strconv.Atoi(parts[1])
	cli.Must(err)
	causes := map[string]error{"ENOSPC": syscall.ENOSPC, "EROFS": syscall.EROFS, "EACCES": fs.ErrPermission, "EIO": syscall.EIO}
	signals := map[string]os.Signal{"KILL": os.Kill, "INT": os.Interrupt}
	var n atomic.Int64
	file.InjectFaults("", func(op file.Op, _ string) error {
		if string(op) != parts[0] || n.Add(1)-1 != int64(count) {
			return nil
		}
		if parts[2] == "PANIC" {
			panic("as the test wants it")
		}
		if signal, ok := signals[parts[2]]; ok {
			self, err := os.FindProcess(os.Getpid())
			cli.Must(err)
			cli.Must(self.Signal(signal))
			if signal == os.Kill {
				select {} // until it comes
			}
		}
		return causes[parts[2]]
	})
}

// testApp writes to w.
func testApp(w io.Writer) *app { return newApp(nil, w, w) }

// Every kind of error has its exit code, and every message is one line with one hint.
func TestExplain(t *testing.T) {
	for err, code := range map[error]int{
		errors.New("two\nlines"):                                      cli.ExitFailure,
		fmt.Errorf("x: %w", &session.Panic{}):                         cli.ExitFault,
		fmt.Errorf("work: %w", context.Canceled):                      cli.ExitInterrupted,
		&graph.UnsupportedError{}:                                     cli.ExitModel,
		fmt.Errorf("p: %w: q", session.ErrOtherModel):                 cli.ExitFormat,
		fmt.Errorf("file: %w", fs.ErrNotExist):                        cli.ExitFailure,
		fmt.Errorf("%w x: %w", file.ErrWrite, syscall.ENOSPC):         cli.ExitWrite,
		cli.Usage(testApp(io.Discard).root(), errors.New("bad flag")): cli.ExitUsage,
		errors.New(`required flag(s) "data" not set`):                 cli.ExitUsage,
		errors.New(`unknown command "x" for "dqa"`):                   cli.ExitUsage,
	} {
		var b bytes.Buffer
		if got := testApp(&b).Explain(err); got != code {
			t.Errorf("%v: exit code %d, want %d", err, got, code)
		}
		lines := strings.Split(strings.TrimSpace(b.String()), "\n")
		if len(lines) != 2 || !strings.HasPrefix(lines[0], "dqa: error: ") || !strings.HasPrefix(lines[1], "dqa: hint: ") {
			t.Errorf("%v: %q", err, b.String())
		}
	}
}

// Every entry of the catalogue is complete, has a name of its own and can be reached: none before it takes its errors.
func TestCatalogue(t *testing.T) {
	names := map[string]bool{}
	for _, f := range testApp(io.Discard).Catalogue() {
		if f.Name == "" || f.Meaning == "" || f.Hint == "" || f.Code == 0 || names[f.Name] {
			t.Errorf("%+v", f)
		}
		names[f.Name] = true
		if len(f.Is) > 0 {
			if got := testApp(io.Discard).Classify(fmt.Errorf("work: %w", errors.Join(f.Is...))); got.Name != f.Name {
				t.Errorf("%s is taken for %s", f.Name, got.Name)
			}
		}
	}
}

func TestErrorsPageIsCurrent(t *testing.T) {
	want, err := os.ReadFile("../../docs/ERRORS.md")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if code := run([]string{"errors", "--markdown"}, nil, &b, io.Discard); code != 0 {
		t.Fatal(code)
	}
	if b.String() != string(want) {
		t.Error("docs/ERRORS.md is not what `go generate ./cmd/dqa` makes")
	}
}

// Every entry of the catalogue is met by a script, but for those that the named test covers.
func TestEveryFaultIsMetByAScript(t *testing.T) {
	elsewhere := map[string]string{
		"format-limit":    "wire's and profile's tests of damaged files",
		"format-trailing": "frame's tests",
		"other":           "TestExplain",
		"model-inputs":    "onnx.TestGivenInputs, session's tests of inputs",
	}
	scripts, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatal(err)
	}
	met := map[string]bool{}
	for _, path := range scripts {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			if words := strings.Fields(line); len(words) > 2 && words[0] == "fails" {
				met[words[1]] = true
			}
		}
	}
	for _, f := range testApp(io.Discard).Catalogue() {
		if met[f.Name] == (elsewhere[f.Name] != "") {
			t.Errorf("%s: met by a script: %v, listed as covered elsewhere: %v", f.Name, met[f.Name], elsewhere[f.Name] != "")
		}
	}
}
