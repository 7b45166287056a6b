package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/internal/cli"
)

// call runs the program in this process.
func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(args, strings.NewReader(""), &out, &err)
	return code, out.String(), err.String()
}

func TestErrorsPageIsCurrent(t *testing.T) {
	want, err := os.ReadFile("../../docs/FLEET_ERRORS.md")
	if err != nil {
		t.Fatal(err)
	}
	if _, page, _ := call(t, "errors", "--markdown"); page != string(want) {
		t.Error("docs/FLEET_ERRORS.md is not what `go generate ./cmd/dqa-fleet` makes")
	}
}

// Names in the catalogue are unique, and its codes those that the help lists.
func TestCatalogue(t *testing.T) {
	names := map[string]bool{}
	for _, f := range newApp(nil, nil, nil).Catalogue() {
		if names[f.Name] {
			t.Errorf("two faults %q", f.Name)
		}
		names[f.Name] = true
		if f.Hint == "" || f.Meaning == "" || f.Code < cli.ExitFailure {
			t.Errorf("%+v is not complete", f)
		}
	}
}

func TestWrongUse(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"nonsense"}, cli.ExitUsage, "unknown command"},
		{[]string{"serve"}, cli.ExitUsage, "the folder is missing"},
		{[]string{"serve", t.TempDir(), "--listen", "here"}, cli.ExitUsage, "HOST:PORT"},
		{[]string{"serve", "/proc/nowhere"}, exitLink, "the server cannot start"},
	} {
		code, _, stderr := call(t, c.args...)
		if code != c.code || !strings.Contains(stderr, "dqa-fleet: error:") || !strings.Contains(stderr, c.says) ||
			!strings.Contains(stderr, "dqa-fleet: hint:") {
			t.Errorf("%v: exit code %d, %s", c.args, code, stderr)
		}
	}
}
