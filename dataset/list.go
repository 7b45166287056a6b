package dataset

import (
	"bufio"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/dqa-go/dqa/internal/file"
)

// openList opens a text file with one image per line: path, tab, class index, tab, ignored. Either all lines have a
// class index or none has. Blank lines are skipped.
func openList(path string) (Source, error) {
	if _, err := needFile(path); err != nil {
		return nil, err
	}
	f, err := file.Open(path)
	if err != nil {
		return nil, missing(err)
	}
	defer f.Close()
	l := list{seen: map[string]int{}}
	scanner := bufio.NewScanner(f)
	for n := 1; scanner.Scan(); n++ {
		if err := l.add(strings.TrimSuffix(scanner.Text(), "\r"), n); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, n, err)
		}
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrSpec, path, err)
	}
	if len(l.names) == 0 {
		return nil, fmt.Errorf("%w: the list %s has no lines", ErrEmpty, path)
	}
	var labels labeller = unlabelled{}
	if l.classes != nil {
		labels = l.classes
	}
	return &source{&pictures{filepath.Dir(path), l.names}, labels, spec{scheme: "images", parts: []string{path}}.String()}, nil
}

// list is what was read so far.
type list struct {
	names   []string
	classes classList
	seen    map[string]int // line of every name
}

func (l *list) add(line string, n int) error {
	if n == 1 {
		line = strings.TrimPrefix(line, "\ufeff")
	}
	if strings.TrimSpace(line) == "" {
		return nil
	}
	fields := strings.SplitN(line, "\t", 3)
	if first, ok := l.seen[fields[0]]; ok {
		return fmt.Errorf("%w: %s is listed twice, first on line %d", ErrSpec, fields[0], first)
	}
	labelled := len(fields) > 1 && fields[1] != ""
	if len(l.names) > 0 && labelled != (l.classes != nil) {
		return fmt.Errorf("%w: some lines have a class index and some have none", ErrLabel)
	}
	if labelled {
		class, err := strconv.ParseUint(strings.TrimSpace(fields[1]), 10, 31)
		if err != nil || class >= maxClasses {
			return fmt.Errorf("%w: %q is no class index", ErrLabel, fields[1])
		}
		l.classes = append(l.classes, int32(class))
	}
	l.names, l.seen[fields[0]] = append(l.names, fields[0]), n
	return nil
}
