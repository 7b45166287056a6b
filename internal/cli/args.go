package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// ExactArgs demands one argument per name.
func ExactArgs(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return &usageError{cmd, fmt.Errorf("%s is missing", strings.Join(names[len(args):], " and "))}
		case len(args) > len(names):
			return &usageError{cmd, fmt.Errorf("%q is one argument too many", args[len(names)])}
		}
		return nil
	}
}

// CompleteWords makes the shell offer the values of a flag.
func CompleteWords(cmd *cobra.Command, flag string, words ...string) {
	Must(cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)))
}

// Required marks flags without which cmd does not run.
func Required(cmd *cobra.Command, flags ...string) {
	for _, f := range flags {
		Must(cmd.MarkFlagRequired(f))
	}
}

// Must is for errors that only a bug in a program can cause.
func Must(err error) {
	if err != nil {
		panic(err)
	}
}
