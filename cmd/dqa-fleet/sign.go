package main

import (
	"errors"
	"io/fs"
	"os"

	"github.com/dqa-go/dqa/fleet/registry"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/spf13/cobra"
)

const signLong = `sign adds signatures to metadata that waits, and tells what it signs: look first, for a file with --show, for a name
with dqa-fleet status, since anybody who may write to the registry can lay something there. Given a file, it signs
that and needs no network and no registry: so roots are signed on a machine that has neither. Given a name (dqa-fleet
status lists what waits), it signs in the registry, and publishes what has all its signatures. --renew signs a new
timestamp, and what has less than half of its time left: a job does it once a day.`

func (a *app) addSignature() *cobra.Command {
	o := owner{a: a}
	var renew, discard bool
	cmd := &cobra.Command{
		Use:     "sign [FILE|NAME]",
		Short:   "add signatures to what waits for them, or renew what expires",
		Long:    signLong,
		Example: "  dqa-fleet sign 2.root.json --key ann\n  dqa-fleet sign staged/7.targets.json --key bob\n  dqa-fleet sign --renew",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			defer o.close()
			if renew == (len(args) == 1) || discard && renew {
				return cli.Usage(cmd, errors.New("give a file, a name, or --renew"))
			}
			if len(args) == 1 && !discard {
				if _, err := os.Stat(args[0]); err == nil || !errors.Is(err, fs.ErrNotExist) {
					return a.signFile(&o, args[0])
				}
			}
			if o.show {
				return cli.Usage(cmd, errors.New("--show takes a file; dqa-fleet status shows what waits in the registry"))
			}
			r, err := o.repository(cmd.Context(), !discard)
			if err != nil {
				return err
			}
			var out registry.Outcome
			switch {
			case renew:
				out, err = r.Advance(cmd.Context(), true)
			case discard:
				err = r.Discard(cmd.Context(), args[0])
			default:
				out, err = r.Sign(cmd.Context(), args[0])
			}
			if err != nil {
				return err
			}
			return a.printOutcome(outcome{Outcome: out})
		},
	}
	o.register(cmd, true)
	cmd.Flags().BoolVar(&renew, "renew", false, "sign what expires anew, as far as keys are here")
	cmd.Flags().BoolVar(&o.show, "show", false, "only tell what a file would sign")
	cmd.Flags().BoolVar(&discard, "discard", false, "forget what waits under this name")
	return cmd
}

// signFile signs a file where it lies.
func (a *app) signFile(o *owner, path string) error {
	b, err := file.Read(path)
	if err != nil {
		return err
	}
	if o.show {
		what, err := registry.Look(b)
		if err != nil {
			return err
		}
		what.Name, what.Why = path, "not signed: --show"
		return a.printOutcome(outcome{Outcome: registry.Outcome{Waiting: []registry.Waiting{what}}})
	}
	keys, err := o.unlocked()
	if err != nil {
		return err
	}
	b, what, err := registry.AddSignature(b, keys)
	if err != nil {
		return err
	}
	if err := file.WriteBytes(path, b); err != nil {
		return err
	}
	what.Name, what.Why = path, "signed; bring it to the others, or publish it"
	return a.printOutcome(outcome{Outcome: registry.Outcome{Waiting: []registry.Waiting{what}}})
}
