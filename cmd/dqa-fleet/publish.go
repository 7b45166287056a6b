package main

import (
	"fmt"

	"github.com/dqa-go/dqa/fleet/registry"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

const publishLong = `publish releases models, profiles or programs: signed, with what a device must know before it loads them. Without
enough signatures they wait (dqa-fleet sign). --kind root publishes a root that was signed elsewhere. --withdraw takes
releases back, by the names that dqa-fleet status prints: devices load them no more once they hear of it.`

func (a *app) publish() *cobra.Command {
	o := owner{a: a}
	var kind, site string
	var replace, withdraw bool
	cmd := &cobra.Command{
		Use:   "publish FILE...",
		Short: "sign files and release them to devices",
		Long:  publishLong,
		Example: "  dqa-fleet publish net.dqap --kind profile\n  dqa-fleet publish net.dqap --kind profile --site plant-2\n" +
			"  dqa-fleet publish profile/net.dqap --withdraw",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			defer o.close()
			switch {
			case withdraw:
				return a.withdraw(cmd, &o, args)
			case kind == "root":
				return a.publishRoot(cmd, &o, args)
			}
			k, err := registry.ParseKind(kind)
			if err != nil {
				return cli.Usage(cmd, err)
			}
			r, err := o.repository(cmd.Context(), true)
			if err != nil {
				return err
			}
			targets, out, err := r.Publish(cmd.Context(), args, k, site, session.Version, replace)
			if err != nil {
				return err
			}
			return a.printOutcome(outcome{Outcome: out, Targets: targets})
		},
	}
	o.register(cmd, true)
	f := cmd.Flags()
	f.StringVar(&kind, "kind", "", "model, profile, binary, or root")
	f.StringVar(&site, "site", "", "release to this site's devices alone, by its keys")
	f.BoolVar(&replace, "replace", false, "replace what has the same name")
	f.BoolVar(&withdraw, "withdraw", false, "take back what has these names")
	cmd.MarkFlagsOneRequired("kind", "withdraw")
	cli.CompleteWords(cmd, "kind", "model", "profile", "binary", "root")
	return cmd
}

func (a *app) withdraw(cmd *cobra.Command, o *owner, names []string) error {
	r, err := o.repository(cmd.Context(), true)
	if err != nil {
		return err
	}
	out, err := r.Withdraw(cmd.Context(), names...)
	if err != nil {
		return err
	}
	return a.printOutcome(outcome{Outcome: out})
}

func (a *app) publishRoot(cmd *cobra.Command, o *owner, args []string) error {
	if len(args) != 1 {
		return cli.Usage(cmd, fmt.Errorf("one root at a time"))
	}
	b, err := file.Read(args[0])
	if err != nil {
		return err
	}
	opt, err := o.options(cmd.Context(), 1, true)
	if err != nil {
		return err
	}
	out, err := registry.PublishRoot(cmd.Context(), opt, b)
	if err != nil {
		return err
	}
	return a.printOutcome(outcome{Outcome: out})
}
