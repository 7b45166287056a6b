package lint

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	// methodReference is as code and pages write it: "METHOD section 4.1", "METHOD sections 2 and 4.2".
	methodReference = regexp.MustCompile(`METHOD(?:\.md)? sections? ([0-9.]*[0-9](?:(?:, | and )[0-9.]*[0-9])*)`)
	number          = regexp.MustCompile(`[0-9.]*[0-9]`)
	// heading is "## 1. Terms" or "### 4.1 Curves".
	heading = regexp.MustCompile(`(?m)^##+ ([0-9]+(?:\.[0-9]+)*)\.? `)
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	paths   = regexp.MustCompile("`([a-z]+/[A-Za-z0-9_./-]+)`")
)

func TestReferencesToMethodLeadToSections(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "METHOD.md"))
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(string(page), -1) {
		sections[m[1]] = true
	}
	references := 0
	eachText(t, func(file, text string) {
		for _, m := range methodReference.FindAllStringSubmatch(text, -1) {
			for _, section := range number.FindAllString(m[1], -1) {
				references++
				if !sections[section] {
					t.Errorf("%s: docs/METHOD.md has no section %s", file, section)
				}
			}
		}
	})
	if references < 20 {
		t.Errorf("only %d references found", references)
	}
}

func TestLinksLeadToFiles(t *testing.T) {
	links := 0
	eachText(t, func(file, text string) {
		if filepath.Ext(file) != ".md" {
			return
		}
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			target, _, _ := strings.Cut(m[1], "#")
			if target == "" || strings.Contains(target, ":") {
				continue
			}
			links++
			if _, err := os.Stat(filepath.Join(filepath.Dir(file), target)); err != nil {
				t.Errorf("%s links to %s, which is not there", file, m[1])
			}
		}
	})
	if links < 50 {
		t.Errorf("only %d links found", links)
	}
}

// Files and folders that pages name by their path from the root are there, if their first part is a folder of the root.
func TestPathsInPagesAreThere(t *testing.T) {
	root := filepath.Join("..", "..")
	n := 0
	eachText(t, func(file, text string) {
		if filepath.Ext(file) != ".md" {
			return
		}
		for _, m := range paths.FindAllStringSubmatch(text, -1) {
			first, _, _ := strings.Cut(m[1], "/")
			if _, err := os.Stat(filepath.Join(root, first)); err != nil || first == "bin" {
				continue // not of this repository, or built
			}
			n++
			if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
				t.Errorf("%s names %s, which is not there", file, m[1])
			}
		}
	})
	if n < 20 {
		t.Errorf("only %d paths found", n)
	}
}

// eachText visits what people write in the repository: code, pages, scripts.
func eachText(t *testing.T, visit func(file, text string)) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join("..", ".."), func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && strings.HasPrefix(d.Name(), ".") && d.Name() != ".." {
			return skip(d, err)
		}
		switch filepath.Ext(file) {
		case ".go", ".md", ".py", ".s", ".sh", ".txtar", ".json":
			b, err := os.ReadFile(file)
			if err == nil {
				visit(file, string(b))
			}
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
