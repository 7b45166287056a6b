package dataset

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/dqa-go/dqa/internal/file"
)

// maxDepth bounds how deep folders lie in folders.
const maxDepth = 32

// listing is what lies in a folder and those below it.
type listing struct {
	names   []string // pictures, slash-separated, relative; by folder, then by name
	skipped skipped
}

// skipped counts what is left out, by what it is.
type skipped map[string]int

func (s skipped) add(more skipped) {
	for what, n := range more {
		s[what] += n
	}
}

// note is one line, or none.
func (s skipped) note(where string) []string {
	total, parts := 0, []string{}
	for what, n := range s {
		total += n
		parts = append(parts, fmt.Sprintf("%s (%d)", what, n))
	}
	if total == 0 {
		return nil
	}
	slices.Sort(parts)
	const most = 6
	if len(parts) > most {
		parts = append(parts[:most], "...")
	}
	return []string{fmt.Sprintf("%s: %d files were left out: %s", where, total, strings.Join(parts, ", "))}
}

// listPictures looks into a folder and all below it, without following links to folders.
func listPictures(dir string) (*listing, error) {
	l := &listing{skipped: skipped{}}
	if err := l.walk(dir, "", 0); err != nil {
		return nil, err
	}
	slices.SortFunc(l.names, func(a, b string) int {
		return cmp.Or(cmp.Compare(path.Dir(a), path.Dir(b)), cmp.Compare(a, b))
	})
	return l, nil
}

func (l *listing) walk(dir, below string, depth int) error {
	entries, err := file.ReadDir(filepath.Join(dir, filepath.FromSlash(below)))
	if err != nil {
		return missing(err)
	}
	for _, e := range entries {
		name := path.Join(below, e.Name())
		switch ext := strings.ToLower(path.Ext(name)); {
		case strings.HasPrefix(e.Name(), "."):
			l.skipped["hidden"]++
		case e.IsDir() && depth == maxDepth:
			l.skipped["folders too deep"]++
		case e.IsDir():
			if err := l.walk(dir, name, depth+1); err != nil {
				return err
			}
		case e.Type()&fs.ModeSymlink != 0 && isFolder(filepath.Join(dir, filepath.FromSlash(name))):
			l.skipped["links to folders"]++
		case isPicture(name):
			l.names = append(l.names, name)
		case ext == "":
			l.skipped["without extension"]++
		default:
			l.skipped[ext]++
		}
	}
	return nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// openDir opens the pictures of a folder and those below it.
func openDir(dir string, opt Options) (Source, error) {
	p, notes, err := listFolder(dir, opt)
	if err != nil {
		return nil, err
	}
	return &source{p, unlabelled{}, spec{scheme: "dir", parts: []string{dir}}.String(), opt, notes}, nil
}

// listFolder needs at least one picture.
func listFolder(dir string, opt Options) (*pictures, []string, error) {
	if err := needFolder(dir); err != nil {
		return nil, nil, err
	}
	l, err := listPictures(dir)
	if err != nil {
		return nil, nil, err
	}
	notes := l.skipped.note(dir)
	if len(l.names) == 0 {
		return nil, nil, fmt.Errorf("%w: no %s file in %s%s", ErrEmpty, pictureNames, dir, after("; ", notes))
	}
	return &pictures{dir, l.names, opt}, notes, nil
}

func after(sep string, notes []string) string {
	if len(notes) == 0 {
		return ""
	}
	return sep + strings.Join(notes, sep)
}

// openImageFolder opens one sub-folder per class. Empty sub-folders count, so that indices stay what they were when
// the network was trained; hidden ones do not.
func openImageFolder(dir string, opt Options) (Source, error) {
	if err := needFolder(dir); err != nil {
		return nil, err
	}
	folders, left, err := classFolders(dir)
	if err != nil {
		return nil, err
	}
	if len(folders) == 0 {
		return nil, fmt.Errorf("%w: no class folders in %s; did you mean dir:%s?", ErrEmpty, dir, quote(dir))
	}
	order, from, err := classOrder(dir, folders, opt)
	if err != nil {
		return nil, err
	}
	opt.Classes = order
	p, classes := &pictures{root: dir, opt: opt}, classList{}
	var empty []string
	for class, name := range order {
		if !slices.Contains(folders, name) {
			continue
		}
		l, err := listPictures(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		left.add(l.skipped)
		if len(l.names) == 0 {
			empty = append(empty, name)
		}
		for _, n := range l.names {
			p.names = append(p.names, name+"/"+n)
			classes = append(classes, int32(class))
		}
	}
	notes := append([]string{classNote(order, from)}, left.note(dir)...)
	if len(empty) > 0 {
		notes = append(notes, fmt.Sprintf("%s: no pictures in the class folders %s", dir, shorten(empty, 8)))
	}
	if p.Len() == 0 {
		return nil, fmt.Errorf("%w: no %s file in the sub-folders of %s%s", ErrEmpty, pictureNames, dir, after("; ", left.note(dir)))
	}
	return &source{p, classes, spec{scheme: "imagefolder", parts: []string{dir}}.String(), opt, notes}, nil
}

// classFolders lists the sub-folders, and counts what else lies there. Links to folders are classes as well.
func classFolders(dir string) (folders []string, left skipped, err error) {
	entries, err := file.ReadDir(dir)
	if err != nil {
		return nil, nil, missing(err)
	}
	left = skipped{}
	for _, e := range entries {
		switch name := e.Name(); {
		case name == classesFile:
		case strings.HasPrefix(name, "."):
			left["hidden"]++
		case isFolder(filepath.Join(dir, name)):
			folders = append(folders, name)
		default:
			left["files beside the class folders"]++
		}
	}
	return folders, left, nil
}

// classesFile names the classes of an imagefolder, one a line.
const classesFile = "classes.txt"

// classOrder says which class every folder is: as the options say, else the file, else numbers that the names begin
// with, else sorted. from tells which.
func classOrder(dir string, folders []string, opt Options) (order []string, from string, err error) {
	order, from = opt.Classes, "as given"
	if order == nil {
		from = filepath.Join(dir, classesFile)
		order, err = LoadClasses(from)
		if errors.Is(err, fs.ErrNotExist) {
			order, from, err = nil, "", nil
		}
		if err != nil {
			return nil, "", err
		}
	}
	if order != nil {
		for _, f := range folders {
			if !slices.Contains(order, f) {
				return nil, "", fmt.Errorf("%w: the folder %s is none of the %d classes (%s)", ErrLabel, f, len(order), from)
			}
		}
		return order, from, nil
	}
	if numbered := byNumber(folders); numbered != nil {
		return numbered, "numbered by their names", nil
	}
	return folders, "sorted; a class without a folder would shift all later ones: name all with --classes or " + classesFile, nil
}

// byNumber places folders such as "0", "7_dog" or "003.cat" at their numbers; nil unless every name begins with one, all
// differ, and sorting by text would tell otherwise. Where no folder is 0, numbers begin at 1.
func byNumber(folders []string) []string {
	at := map[int]string{}
	low, high := maxClasses, 0
	for _, f := range folders {
		digits := f[:len(f)-len(strings.TrimLeft(f, "0123456789"))]
		n, err := strconv.Atoi(digits)
		if rest := f[len(digits):]; err != nil || n >= maxClasses || rest != "" && !strings.ContainsAny(rest[:1], "_.- ") {
			return nil
		}
		if _, taken := at[n]; taken {
			return nil
		}
		at[n], low, high = f, min(low, n), max(high, n)
	}
	low = min(low, 1)
	if high-low+1 > 2*len(folders)+8 { // WordNet-like numbers are no indices
		return nil
	}
	order := make([]string, high-low+1)
	for n := range order {
		order[n] = at[n+low]
	}
	return order
}

// classNote shows the mapping.
func classNote(order []string, from string) string {
	named := make([]string, len(order))
	for i, name := range order {
		if name == "" {
			name = "(no folder)"
		}
		named[i] = fmt.Sprintf("%d %s", i, name)
	}
	return fmt.Sprintf("classes (%s): %s", from, shorten(named, 12))
}

// shorten lists the first of many, and the last.
func shorten(list []string, most int) string {
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return strings.Join(list[:most-1], ", ") + ", ..., " + list[len(list)-1]
}

// LoadClasses reads the names of classes, one a line, in the order of their indices.
func LoadClasses(path string) ([]string, error) {
	text, err := readText(path, maxListBytes)
	if err != nil {
		return nil, err
	}
	var names []string
	scanner := bufio.NewScanner(strings.NewReader(text))
	for scanner.Scan() {
		name := strings.TrimSpace(scanner.Text())
		if name == "" {
			continue
		}
		if slices.Contains(names, name) {
			return nil, fmt.Errorf("%w: %s: the class %s is listed twice", ErrLabel, path, name)
		}
		if names = append(names, name); len(names) > maxClasses {
			return nil, fmt.Errorf("%w: %s: more than %d classes", ErrLabel, path, maxClasses)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%w: %s names no class", ErrLabel, path)
	}
	return names, scanner.Err()
}

// ParseClasses reads names separated by commas, or the file that has them.
func ParseClasses(text string) ([]string, error) {
	if strings.Contains(text, ",") {
		var names []string
		for name := range strings.SplitSeq(text, ",") {
			names = append(names, strings.TrimSpace(name))
		}
		return names, nil
	}
	return LoadClasses(text)
}

// maxListBytes bounds text files: a million lines of usual length.
const maxListBytes = 256 << 20

// readText reads a text file of at most so many bytes.
func readText(path string, most int64) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", missing(err)
	}
	if err := regular(path, info); err != nil {
		return "", err
	}
	if info.Size() > most {
		return "", fmt.Errorf("%w: %s has %d bytes, at most %d are read", ErrSpec, path, info.Size(), most)
	}
	f, err := file.Open(path)
	if err != nil {
		return "", missing(err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if int64(len(b)) > most {
		return "", fmt.Errorf("%w: %s has more than %d bytes", ErrSpec, path, most)
	}
	return strings.TrimPrefix(string(b), "\ufeff"), err
}
