package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/dqa-go/dqa/internal/text"
	"github.com/spf13/cobra"
)

// Errors is the verb that lists the catalogue; --markdown makes docs/ERRORS.md of it.
func (a *App) Errors() *cobra.Command {
	var markdown bool
	cmd := &cobra.Command{
		Use:     "errors",
		Short:   "every error, its exit code and the way out",
		Example: fmt.Sprintf("  %s errors\n  %s errors --json", a.Name, a.Name),
		Args:    ExactArgs(),
		RunE: func(*cobra.Command, []string) error {
			if markdown {
				own := *a
				own.Shared = nil
				return writeErrorsPage(a.Out, a.Name, own.Catalogue(), len(a.Shared) > 0)
			}
			all := a.Catalogue()
			return a.Print(a.Out, all, func(w io.Writer) error {
				var rows [][]string
				for _, f := range all {
					rows = append(rows, []string{f.Name, fmt.Sprint(f.Code), f.Meaning, f.Hint})
				}
				return text.Table(w, "error\texit\tmeaning\thint", rows)
			})
		},
	}
	cmd.Flags().BoolVar(&markdown, "markdown", false, "docs/ERRORS.md")
	return cmd
}

// Catalogue lists all kinds of errors.
func (a *App) Catalogue() []Fault {
	return slices.Concat([]Fault{a.faultUsage()}, a.Faults, a.Shared, []Fault{a.faultPanic(), a.faultOther()})
}

// errorsHead is told the program's name.
const errorsHead = `# Errors

Made by ` + "`go generate ./cmd/%[1]s`" + ` from the code. Every error is two lines on standard error,

    %[1]s: error: what went wrong, with the file, the image, the byte
    %[1]s: hint: the way out

and an exit code that stays. Nothing is left half-written: a file is written beside its place, synced and renamed, so
that a full disk, an error or a kill leaves the old file or the new one. (A process that is killed while writing may
leave a hidden ` + "`.NAME.tmp-*`" + `; the next write of that file removes it after an hour.)

One end is not of this kind: where the system refuses memory, Go's runtime writes "fatal error: runtime: out of memory" and ends
the process at once with exit code 2, which nothing can catch; a system that kills processes instead makes it 137. Files are whole
all the same. What foreign bytes may take is bounded (` + "`--max-memory`" + `); a model that is larger than the machine is not.

| error | exit code | meaning | hint |
|---|---|---|---|
`

// errorsShared follows the table of a program that has those of dqa, too.
const errorsShared = `
What is wrong with models, data, profiles, frames and files is told as dqa tells it: [ERRORS.md](ERRORS.md).
`

func writeErrorsPage(w io.Writer, program string, all []Fault, shared bool) error {
	var b strings.Builder
	fmt.Fprintf(&b, errorsHead, program)
	for _, f := range all {
		fmt.Fprintf(&b, "| %s | %d | %s | %s |\n", f.Name, f.Code, f.Meaning, strings.ReplaceAll(f.Hint, "|", `\|`))
	}
	if shared {
		b.WriteString(errorsShared)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
