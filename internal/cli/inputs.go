package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

// Files says where a program's files are named.
type Files struct {
	Inputs  []string // flags that name what is read
	Outputs []string // flags that name what is written: files and folders
	Names   []string // of the files of a folder that is written
}

// KeepInputs refuses an output that is one of the files that are read, by flags or args: a model or a data set would be lost.
func (f Files) KeepInputs(cmd *cobra.Command, args []string) error {
	outputs := flagTexts(cmd, f.Outputs)
	for _, o := range outputs {
		for _, name := range f.Names {
			outputs = append(outputs, filepath.Join(o, name))
		}
	}
	var read []os.FileInfo
	for _, text := range append(flagTexts(cmd, f.Inputs), args...) {
		for _, path := range pathsOf(text) {
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				read = append(read, info)
			}
		}
	}
	for _, o := range outputs {
		info, err := os.Stat(o)
		if err != nil {
			continue
		}
		for _, r := range read {
			if os.SameFile(info, r) {
				return Usage(cmd, fmt.Errorf("%s is an input: it would be overwritten", o))
			}
		}
	}
	return nil
}

// flagTexts are the values of those flags that the command has and that are set.
func flagTexts(cmd *cobra.Command, names []string) (texts []string) {
	for _, name := range names {
		if f := cmd.Flags().Lookup(name); f != nil && f.Changed {
			text := f.Value.String()
			if strings.HasPrefix(text, "[") { // a list
				text = strings.Trim(text, "[]")
			}
			texts = append(texts, text)
		}
	}
	return texts
}

var sliceOfSpec = regexp.MustCompile(`\[[0-9]*:[0-9]*\]$`)

// pathsOf are what a path, a SPEC or NAME=FILE may mean by files.
func pathsOf(text string) []string {
	all := []string{text}
	text = sliceOfSpec.ReplaceAllString(text, "")
	for _, mark := range []string{":", "="} {
		if _, rest, ok := strings.Cut(text, mark); ok {
			all = append(all, strings.Split(rest, ",")...)
		}
	}
	return append(all, strings.Split(text, ",")...)
}
