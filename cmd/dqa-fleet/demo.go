package main

import (
	"fmt"
	"io"

	"github.com/dqa-go/dqa/fleet/demo"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/spf13/cobra"
)

func (a *app) demo() *cobra.Command {
	var opt demo.Options
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "a fleet on this machine: two devices, a gateway, a canary, a drift, a return",
		Long: `demo starts a server, a gateway and two devices of different generations in this process, gives one device a smaller profile,
changes the light, and shows how an alarm of drift makes the device return to the profile before. Every frame is answered once.`,
		Args: cli.ExactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			opt.Say = func(s string) { a.Note("%s", s) }
			r, err := demo.Run(cmd.Context(), opt)
			if err != nil {
				return err
			}
			if err := a.Print(a.Out, r, func(w io.Writer) error { return writeDemo(w, r) }); err != nil {
				return err
			}
			if r.Lost > 0 {
				return fmt.Errorf("%w: %d", errLost, r.Lost)
			}
			return nil
		},
	}
	cmd.Flags().Uint64Var(&opt.Seed, "seed", 1, "of all that is random")
	return cmd
}

func writeDemo(w io.Writer, r *demo.Result) error {
	back := "the canary was stopped, and the device returned to the profile before"
	if !r.RolledBack {
		back = "the canary was not stopped"
	}
	_, err := fmt.Fprintf(w, "%d frames sent, %d answered, %d lost, %d answered more than once; %s\n",
		r.Sent, r.Answered, r.Lost, r.Duplicates, back)
	return err
}
