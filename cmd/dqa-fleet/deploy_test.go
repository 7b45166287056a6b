package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	// commandLine is what stands behind "command:" or "args:" in files of containers, as far as it speaks of this program.
	commandLine = regexp.MustCompile(`(?:command: \[|args: \[|args:\s+- )([a-z]+)(?s:(.*?))(?:\n\s+(?:depends_on|volumes|env|ports|profiles):|\]\n)`)
	flagUse     = regexp.MustCompile(`--([a-z-]+)`)
)

// Containers start verbs that there are, with flags that these have.
func TestDeployedCommands(t *testing.T) {
	var paths []string
	for _, pattern := range []string{"docker-compose.yaml", "chart/templates/*.yaml"} {
		found, err := filepath.Glob(filepath.Join("..", "..", "deploy", pattern))
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, found...)
	}
	root := newApp(strings.NewReader(""), &bytes.Buffer{}, &bytes.Buffer{}).root()
	commands, flags := 0, 0
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range commandLine.FindAllStringSubmatch(string(b), -1) {
			commands++
			verb, _, err := root.Find([]string{m[1]})
			if err != nil || verb == root {
				t.Errorf("%s: no verb %s", path, m[1])
				continue
			}
			for _, f := range flagUse.FindAllStringSubmatch(m[2], -1) {
				if flags++; verb.Flags().Lookup(f[1]) == nil {
					t.Errorf("%s: %s has no flag --%s", path, m[1], f[1])
				}
			}
		}
	}
	if commands != 7 || flags < 25 {
		t.Errorf("%d commands with %d flags found", commands, flags)
	}
}
