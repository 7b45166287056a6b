package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// NoSuchCommand refuses words that are no command, and names the one that was probably meant.
func NoSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return didYouMean(fmt.Errorf("unknown command %q for %q", args[0], cmd.CommandPath()), cmd, args[0], "")
}

// WrongFlags turns what is wrong with the flags into wrong use, and names the flag that was probably meant.
func WrongFlags(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) || len(unknown.GetSpecifiedName()) < 2 {
		return Usage(cmd, err)
	}
	flags := &cobra.Command{} // cobra knows how near words are, for names of commands only
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		flags.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
	})
	return Usage(cmd, didYouMean(err, flags, unknown.GetSpecifiedName(), "--"))
}

func didYouMean(err error, among *cobra.Command, word, prefix string) error {
	among.SuggestionsMinimumDistance = 2 // letters
	near := among.SuggestionsFor(word)
	if len(near) == 0 {
		return err
	}
	return fmt.Errorf("%w; did you mean %s%s?", err, prefix, strings.Join(near, " or "+prefix))
}
