package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/dqa-go/dqa/internal/cli"
	"github.com/spf13/cobra"
)

// Flags that name what is read and what is written, and the files of a folder that is written.
var (
	inputFlags  = []string{"data", "calib", "profile", "preprocess", "store", "reference", "npy", "input"}
	outputFlags = []string{"output", "write-to", "report"}
	folderFiles = []string{"head.onnx", "tail.onnx", "head.dqap", "tail.dqap", "cut.dqap", "report.json", "report.html", "sweep.svg"}
)

// keepInputs refuses an output that is one of the files that are read: a model or a data set would be lost.
func keepInputs(cmd *cobra.Command, args []string) error {
	outputs := flagTexts(cmd, outputFlags)
	for _, o := range outputs {
		for _, name := range folderFiles {
			outputs = append(outputs, filepath.Join(o, name))
		}
	}
	var read []os.FileInfo
	for _, text := range append(flagTexts(cmd, inputFlags), args...) {
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
				return cli.Usage(cmd, fmt.Errorf("%s is an input: it would be overwritten", o))
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
