package main

import (
	"context"
	"fmt"
	"io"

	"github.com/dqa-go/dqa/fleet/demo"
	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/ui"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/spf13/cobra"
)

func (a *app) demo() *cobra.Command {
	var (
		opt     demo.Options
		address string
	)
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "a fleet on this machine: two devices, a gateway, a canary, a drift, a return",
		Long: `demo starts a server, a gateway and two devices of different generations in this process, begins to roll a smaller profile out,
to one device first, changes the light, and shows how an alarm of drift ends the roll-out and the device returns to the profile before.
Every frame is answered once, bit for bit as the whole quantized network answers.`,
		Args: cli.ExactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			opt.Say, opt.Hold = func(s string) { a.Note("%s", s) }, address != ""
			if opt.Hold {
				opt.Running = a.demoPage(cmd.Context(), address)
			}
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
	f := cmd.Flags()
	f.Uint64Var(&opt.Seed, "seed", 1, "of all that is random")
	f.StringVar(&address, "ui", "", "HOST:PORT to serve the page at meanwhile, and afterwards until Ctrl-C (dqa-fleet ui)")
	return cmd
}

// demoPage serves the page of the demonstration's server.
func (a *app) demoPage(ctx context.Context, address string) func(url string) {
	return func(url string) {
		a.link = link.Options{URL: url}
		go func() {
			if err := a.runUI(ctx, address, ui.Options{Title: "Demonstration"}); err != nil && ctx.Err() == nil {
				a.Warn(err.Error(), "--ui takes HOST:PORT where nobody listens yet")
			}
		}()
	}
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
