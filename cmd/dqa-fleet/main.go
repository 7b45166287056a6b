// Command dqa-fleet runs networks that are cut between devices and gateways, over NATS JetStream, and rolls out what they run.
package main

import (
	"io"
	"os"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/site"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/faults"
	"github.com/spf13/cobra"
)

//go:generate sh -c "go run . errors --markdown > ../../docs/FLEET_ERRORS.md"

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is main without the process, for tests. It returns the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := newApp(stdin, stdout, stderr)
	return a.Run(a.root(), args)
}

func newApp(stdin io.Reader, stdout, stderr io.Writer) *app {
	return &app{App: cli.App{
		Name: "dqa-fleet", In: stdin, Out: stdout, Err: stderr, MaxMemory: dqa.DefaultMaxMemory,
		Faults: catalogue, Shared: faults.All,
	}}
}

// app is what all verbs share.
type app struct {
	cli.App
	link   link.Options // of verbs with linkFlags
	folder string       // --member
	member site.Member  // whose folder it is
	follow follow       // of devices and gateways
}

// verbs are those of the program, in the order of the help; each has a file.
func (a *app) verbs() []*cobra.Command {
	return []*cobra.Command{
		a.init(),
		a.demo(),
		a.serve(),
		a.gateway(),
		a.device(),
		a.ui(),
		a.sweep(),
		a.worker(),
		a.keys(),
		a.publish(),
		a.addSignature(),
		a.fetch(),
		a.status(),
		a.rollout(),
		a.Errors(),
		a.version(),
	}
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "dqa-fleet",
		Short: "networks cut between devices and gateways, and what they run",
		Long:  rootHelp,
		Args:  cli.NoSuchCommand,
		PersistentPreRunE: func(cmd *cobra.Command, args []string) error {
			if err := a.ApplyConfig(cmd); err != nil {
				return err
			}
			return files.KeepInputs(cmd, args)
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	a.Register(root, "what a profile, a frame or a picture may take when it is read: 512MiB, 4GiB")
	root.AddCommand(a.verbs()...)
	return root
}

// files are named by these flags.
var files = cli.Files{
	Inputs: []string{
		"data", "profile", "creds", "nkey", "tls-ca",
		"tls-cert", "tls-key", "sign-key", "device-keys", "gateway-keys", "root", "passphrase-file",
	},
	Outputs: []string{"output"},
}

const rootHelp = `dqa-fleet runs the head of a network on devices and its tail on gateways. What passes between them are frames of
a few bits per value, over NATS JetStream: a server inside this program, or a cluster by its URL. What a device has accepted is
answered exactly once, or reported lost by name.

  dqa-fleet demo                                                  all of it on this machine, in a minute
  dqa-fleet serve streams                                         a server on this machine
  dqa-fleet gateway M.onnx --at EDGE --profile P.dqap             the tail
  dqa-fleet device M.onnx --at EDGE --profile P.dqap --data IMAGES -o answers.jsonl

Exit codes are those of dqa (dqa errors), and: 9 the server cannot be reached, started or used; 11 frames were reported lost;
12 something signed was refused. All errors: dqa-fleet errors.
NO_COLOR=1 turns colours off.`
