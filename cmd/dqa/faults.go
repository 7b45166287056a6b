package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

//go:generate sh -c "go run . errors --markdown > ../../docs/ERRORS.md"

// faultView is an entry of the catalogue as JSON.
type faultView struct {
	Name    string `json:"name"`
	Code    int    `json:"exit_code"`
	Meaning string `json:"meaning"`
	Hint    string `json:"hint"`
}

func (a *app) errors() *cobra.Command {
	var markdown bool
	cmd := &cobra.Command{
		Use:     "errors",
		Short:   "every error, its exit code and the way out",
		Example: "  dqa errors\n  dqa errors --json",
		Args:    exactArgs(),
		RunE: func(*cobra.Command, []string) error {
			if markdown {
				return writeErrorsPage(a.out)
			}
			var all []faultView
			var rows [][]string
			for _, f := range catalogue() {
				all = append(all, faultView{f.name, f.code, f.meaning, f.hint})
				rows = append(rows, []string{f.name, fmt.Sprint(f.code), f.meaning, f.hint})
			}
			return a.print(a.out, all, func(w io.Writer) error { return tableOf(w, "error\texit\tmeaning\thint", rows) })
		},
	}
	cmd.Flags().BoolVar(&markdown, "markdown", false, "docs/ERRORS.md")
	return cmd
}

func catalogue() []fault {
	return append(append([]fault{faultUsage}, faults...), faultPanic, faultOther)
}

const errorsHead = `# Errors

Made by ` + "`go generate ./cmd/dqa`" + ` from the code. Every error is two lines on standard error,

    dqa: error: what went wrong, with the file, the image, the byte
    dqa: hint: the way out

and an exit code that stays. Nothing is left half-written: a file is written beside its place, synced and renamed, so
that a full disk, an error or a kill leaves the old file or the new one. (A process that is killed while writing may
leave a hidden ` + "`.NAME.tmp-*`" + `; the next write of that file removes it after an hour.)

| error | exit code | meaning | hint |
|---|---|---|---|
`

func writeErrorsPage(w io.Writer) error {
	var b strings.Builder
	b.WriteString(errorsHead)
	for _, f := range catalogue() {
		fmt.Fprintf(&b, "| %s | %d | %s | %s |\n", f.name, f.code, f.meaning, strings.ReplaceAll(f.hint, "|", `\|`))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
