package dataset

import (
	"bufio"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/dqa-go/dqa/internal/file"
)

// openList opens a text file with one picture per line: path and, where labelled, class index; what follows is ignored.
// Either all lines have a class index or none has. Blank lines are skipped.
func openList(path string, opt Options) (Source, error) {
	if info, err := needFile(path); err != nil {
		return nil, err
	} else if info.Size() > maxListBytes {
		return nil, fmt.Errorf("%w: %s has %d bytes, at most %d are read", ErrSpec, path, info.Size(), maxListBytes)
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
	var notes []string
	if l.header != "" {
		notes = append(notes, fmt.Sprintf("%s: the first line was taken for a heading: %s", path, l.header))
	}
	return &source{&pictures{filepath.Dir(path), l.names, opt}, labels, spec{scheme: "images", parts: []string{path}}.String(),
		opt, notes}, nil
}

// list is what was read so far.
type list struct {
	names   []string
	classes classList
	seen    map[string]int // line of every name
	header  string
}

func (l *list) add(line string, n int) error {
	if n == 1 {
		line = strings.TrimPrefix(line, "\ufeff")
	}
	if strings.TrimSpace(line) == "" {
		return nil
	}
	name, label, err := fields(line)
	if err != nil {
		return err
	}
	label = strings.Trim(label, `"`)
	if n == 1 && label != "" && !isPicture(name) && !isNumber(label) {
		l.header = line
		return nil
	}
	if first, ok := l.seen[name]; ok {
		return fmt.Errorf("%w: %s is listed twice, first on line %d", ErrSpec, name, first)
	}
	labelled := label != ""
	if len(l.names) > 0 && labelled != (l.classes != nil) {
		return fmt.Errorf("%w: some lines have a class index and some have none", ErrLabel)
	}
	if labelled {
		class, err := strconv.ParseInt(label, 10, 32)
		if err != nil || class >= maxClasses {
			return fmt.Errorf("%w: %q is no class index", ErrLabel, label)
		}
		l.classes = append(l.classes, int32(class))
	}
	l.names, l.seen[name] = append(l.names, name), n
	return nil
}

func isNumber(text string) bool {
	_, err := strconv.ParseInt(text, 10, 32)
	return err == nil
}

// fields takes a line apart: at its tabs, where it has any; quoted as in CSV; at commas, or at the last space, where a
// number follows. Names of files may hold commas and spaces, so that all else is one name.
func fields(line string) (name, label string, err error) {
	if strings.Contains(line, "\t") && !strings.HasPrefix(line, `"`) {
		cells := strings.SplitN(line, "\t", 3)
		return cells[0], strings.TrimSpace(cells[1]), nil
	}
	if strings.HasPrefix(line, `"`) {
		return quotedFields(line)
	}
	if cells := strings.Split(line, ","); len(cells) > 1 {
		for k, cell := range cells[1:] { // the name may hold commas
			head := strings.Join(cells[:k+1], ",")
			if cell = strings.TrimSpace(cell); isNumber(cell) && (isPicture(strings.TrimSpace(head)) || len(cells) == 2) {
				return strings.TrimSpace(head), cell, nil
			}
		}
		if !isPicture(strings.TrimSpace(line)) { // a word where a class index should be, or a heading
			return strings.TrimSpace(cells[0]), strings.TrimSpace(cells[1]), nil
		}
	}
	return spaced(strings.TrimSpace(line))
}

// spaced is a name, or a name and a number.
func spaced(line string) (name, label string, err error) {
	words := strings.Fields(line)
	rest := line
	for k := len(words) - 1; k > 0; k-- {
		rest = strings.TrimSpace(strings.TrimSuffix(rest, words[k]))
		if isPicture(rest) && isNumber(words[k]) {
			return rest, words[k], nil
		}
	}
	if last := words[len(words)-1]; len(words) == 2 && !isPicture(line) {
		return words[0], last, nil
	}
	return line, "", nil
}

// quotedFields reads a line that begins with a quote; in the name, two quotes stand for one. Tab, comma or space follows.
func quotedFields(line string) (name, label string, err error) {
	rest := line[1:]
	for {
		head, tail, closed := strings.Cut(rest, `"`)
		if !closed {
			return "", "", fmt.Errorf("%w: a quote is not closed: %.80q", ErrSpec, line)
		}
		name += head
		if rest = tail; !strings.HasPrefix(rest, `"`) {
			break
		}
		name, rest = name+`"`, rest[1:]
	}
	label = strings.TrimLeft(rest, "\t, ")
	if end := strings.IndexAny(label, "\t, "); end >= 0 {
		label = label[:end]
	}
	return name, label, nil
}
