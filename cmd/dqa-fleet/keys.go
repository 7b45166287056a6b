package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/registry"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/internal/text"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// owner is what verbs share that read or change the registry.
type owner struct {
	a        *app
	store    string   // folder; "": the server
	dir      string   // of keys, and of what is trusted
	root     string   // file of the first root
	use      []string // names of keys; none: all whose private halves are at hand
	password string   // file
	show     bool     // sign nothing
	link     *link.Link
	words    []byte
}

// register adds the flags of verbs that read the registry; change: and of those that sign.
func (o *owner) register(cmd *cobra.Command, change bool) {
	o.a.linkFlags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.store, "store", "", "folder of the registry, instead of the server's")
	f.StringVar(&o.dir, "keys", "keys", "folder of keys, and of what was verified of the registry")
	f.StringVar(&o.root, "root", "", "file of the first root, where this folder has verified nothing yet")
	if change {
		o.secrets(cmd)
	}
}

// secrets adds the flags of verbs that sign.
func (o *owner) secrets(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringSliceVar(&o.use, "key", nil, "names of keys to sign with (default: all in --keys)")
	f.StringVar(&o.password, "passphrase-file", "", "file whose first line opens encrypted keys (default: it is asked for)")
}

// close ends the connection, if there is one.
func (o *owner) close() {
	if o.link != nil {
		o.link.Close()
	}
}

// open finds the registry; replicas above 0 make it where it is not there.
func (o *owner) open(ctx context.Context, replicas int) (registry.Store, error) {
	if o.store != "" {
		return registry.Dir(o.store), nil
	}
	var err error
	if o.link, err = o.a.join(ctx); err != nil {
		return nil, err
	}
	return registry.Objects(ctx, o.link.JS, replicas)
}

// join connects as the member whose folder was given.
func (a *app) join(ctx context.Context) (*link.Link, error) {
	opt := a.link
	if opt.Name = a.member.Name; opt.Name == "" {
		opt.Name = a.Name
	}
	return link.Connect(ctx, opt)
}

// options are those of a repository with the keys at hand; sign: their private halves are read.
func (o *owner) options(ctx context.Context, replicas int, sign bool) (opt registry.RepositoryOptions, err error) {
	if sign {
		if opt.Keys, err = o.unlocked(); err != nil {
			return opt, err
		}
	}
	if o.root != "" {
		if opt.Root, err = file.Read(o.root); err != nil {
			return opt, err
		}
	}
	opt.Dir = filepath.Join(o.dir, "trusted")
	opt.Store, err = o.open(ctx, replicas)
	return opt, err
}

// repository opens the registry.
func (o *owner) repository(ctx context.Context, sign bool) (*registry.Repository, error) {
	opt, err := o.options(ctx, 0, sign)
	if err != nil {
		return nil, err
	}
	return registry.OpenRepository(ctx, opt)
}

// unlocked are the keys to sign with.
func (o *owner) unlocked() (keys []*registry.Key, err error) {
	if len(o.use) == 0 {
		if keys, err = registry.Keys(o.dir); err != nil {
			return nil, err
		}
	}
	for _, name := range o.use {
		k, err := registry.LoadKey(o.dir, name)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	for _, k := range keys {
		if k.Private || len(o.use) > 0 {
			if err := k.Unlock(o.dir, o.passphrase); err != nil {
				return nil, err
			}
		}
	}
	return keys, nil
}

// passphrase is asked once, of the file or of who sits there.
func (o *owner) passphrase(name string) ([]byte, error) {
	if o.words != nil {
		return o.words, nil
	}
	if o.password != "" {
		b, err := file.ReadLimited(o.password, 4096)
		line, _, _ := bytes.Cut(b, []byte("\n"))
		o.words = bytes.TrimSuffix(line, []byte("\r"))
		return o.words, err
	}
	in, ok := o.a.In.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return nil, fmt.Errorf("%w: %s is encrypted, and there is no terminal to ask for its passphrase", registry.ErrKeys, name)
	}
	fmt.Fprintf(o.a.Err, "passphrase of %s: ", name)
	b, err := term.ReadPassword(int(in.Fd()))
	fmt.Fprintln(o.a.Err)
	o.words = b
	return b, err
}

func (a *app) keys() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "keys that sign what devices load: make, list, give them roles, rotate",
		Long: `keys keeps Ed25519 keys in a folder: NAME.pub (PEM) to hand out, NAME.key (PEM, PKCS #8) to keep. A private key has mode 0600,
and is plain unless --encrypt: then a passphrase protects it (scrypt, NaCl's secretbox). Who should hold which key is in
docs/design/trust.md: root on a machine without a network, targets encrypted with who releases, snapshot and timestamp with a job.`,
		Args: cli.NoSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.keysNew(), a.keysList(), a.keysInit(), a.keysRotate(), a.keysDelegate())
	return cmd
}

// keyLine is a key as it is printed.
type keyLine struct {
	Name      string `json:"name"`
	ID        string `json:"id"`
	Private   bool   `json:"private"`
	Encrypted bool   `json:"encrypted"`
}

type keyLines []keyLine

func (l keyLines) WriteText(w io.Writer) error {
	var rows [][]string
	for _, k := range l {
		how := "public only"
		if k.Encrypted {
			how = "encrypted"
		} else if k.Private {
			how = "plain, mode 0600"
		}
		rows = append(rows, []string{k.Name, k.ID, how})
	}
	return text.Table(w, "key\tid\tprivate half", rows)
}

func (a *app) printKeys(keys []*registry.Key) error {
	l := keyLines{}
	for _, k := range keys {
		l = append(l, keyLine{k.Name, k.ID, k.Private, k.Encrypted})
	}
	return a.Print(a.Out, l, l.WriteText)
}

func (a *app) keysNew() *cobra.Command {
	o := owner{a: a}
	var encrypt bool
	cmd := &cobra.Command{
		Use:     "new NAME...",
		Short:   "make keys",
		Example: "  dqa-fleet keys new root targets --encrypt\n  dqa-fleet keys new snapshot timestamp",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var words []byte
			if encrypt {
				var err error
				if words, err = o.passphrase("the new keys"); err != nil {
					return err
				}
				if len(words) == 0 {
					return fmt.Errorf("%w: the passphrase is empty", registry.ErrKeys)
				}
			}
			var keys []*registry.Key
			for _, name := range args {
				k, err := registry.NewKey(o.dir, name, words)
				if err != nil {
					return err
				}
				keys = append(keys, k)
			}
			return a.printKeys(keys)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.dir, "keys", "keys", "folder of keys")
	f.BoolVar(&encrypt, "encrypt", false, "protect the private halves by a passphrase")
	f.StringVar(&o.password, "passphrase-file", "", "file whose first line is the passphrase (default: it is asked for)")
	return cmd
}

func (a *app) keysList() *cobra.Command {
	o := owner{a: a}
	cmd := &cobra.Command{
		Use: "list", Short: "keys of a folder", Args: cli.ExactArgs(),
		RunE: func(*cobra.Command, []string) error {
			keys, err := registry.Keys(o.dir)
			if err != nil {
				return err
			}
			return a.printKeys(keys)
		},
	}
	cmd.Flags().StringVar(&o.dir, "keys", "keys", "folder of keys")
	return cmd
}

// signers reads "NAME,NAME" or "2:NAME,NAME,NAME": so many of these sign.
func (o *owner) signers(words string) (s registry.Signers, err error) {
	if n, rest, ok := strings.Cut(words, ":"); ok {
		if s.Threshold, err = strconv.Atoi(n); err != nil || s.Threshold < 1 {
			return s, fmt.Errorf("%w: %q: NAME,NAME or NUMBER:NAME,NAME", registry.ErrRequest, words)
		}
		words = rest
	}
	for name := range strings.SplitSeq(words, ",") {
		k, err := registry.LoadKey(o.dir, strings.TrimSpace(name))
		if err != nil {
			return s, err
		}
		s.Keys = append(s.Keys, k)
	}
	return s, nil
}

func (a *app) keysInit() *cobra.Command {
	o := owner{a: a}
	roles := map[string]*string{}
	var replicas int
	cmd := &cobra.Command{
		Use:   "init",
		Short: "begin a registry: which keys sign for which role",
		Long: `init makes the first root of an empty registry. Of every role say which keys sign, "NAME,NAME", or how many of them must,
"2:NAME,NAME,NAME"; public halves are enough. Where the keys of root are not here, the root waits: dqa-fleet sign adds to it.
Devices get the root (printed: its file) another way than over the network.`,
		Example: "  dqa-fleet keys init --root-keys 2:ann,bob,eve --targets-keys targets",
		Args:    cli.ExactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			defer o.close()
			signers := map[string]registry.Signers{}
			for role, words := range roles {
				var err error
				if signers[role], err = o.signers(*words); err != nil {
					return err
				}
			}
			opt, err := o.options(cmd.Context(), replicas, true)
			if err != nil {
				return err
			}
			_, out, err := registry.Init(cmd.Context(), opt, signers)
			if err != nil {
				return err
			}
			return a.printOutcome(outcome{Outcome: out, Root: filepath.Join(opt.Dir, "root.json")})
		},
	}
	o.register(cmd, true)
	cmd.Flags().IntVar(&replicas, "replicas", 1, "copies in a cluster")
	for _, role := range []string{"root", "targets", "snapshot", "timestamp"} {
		roles[role] = cmd.Flags().String(role+"-keys", role, "keys that sign for "+role)
	}
	return cmd
}

func (a *app) keysRotate() *cobra.Command {
	o := owner{a: a}
	var to string
	cmd := &cobra.Command{
		Use:   "rotate ROLE",
		Short: "give a role other keys: root, targets, snapshot or timestamp",
		Long: `rotate makes the next root, by which --to signs for the role and no other key does; without --to root is only renewed. It is
published when the old root's keys and the new one's have signed. Where these are on other machines, it waits in the registry
(staged/N.root.json): carry the file there (dqa-fleet sign FILE), and back (dqa-fleet publish FILE --kind root).`,
		Example: "  dqa-fleet keys rotate timestamp --to timestamp-2027\n  dqa-fleet keys rotate root --to 2:ann,bob,carl",
		Args:    cli.ExactArgs("the role"),
		RunE: func(cmd *cobra.Command, args []string) error {
			defer o.close()
			var s registry.Signers
			if to != "" {
				var err error
				if s, err = o.signers(to); err != nil {
					return err
				}
			}
			r, err := o.repository(cmd.Context(), true)
			if err != nil {
				return err
			}
			out, err := r.Rotate(cmd.Context(), args[0], s)
			if err != nil {
				return err
			}
			return a.printOutcome(outcome{Outcome: out})
		},
	}
	o.register(cmd, true)
	cmd.Flags().StringVar(&to, "to", "", "keys that sign from now on: NAME,NAME or NUMBER:NAME,NAME")
	return cmd
}

func (a *app) keysDelegate() *cobra.Command {
	o := owner{a: a}
	var to string
	cmd := &cobra.Command{
		Use:     "delegate SITE",
		Short:   "let a site's keys release to its own devices",
		Example: "  dqa-fleet keys delegate plant-2 --to plant-2",
		Args:    cli.ExactArgs("the site"),
		RunE: func(cmd *cobra.Command, args []string) error {
			defer o.close()
			s, err := o.signers(to)
			if err != nil {
				return err
			}
			r, err := o.repository(cmd.Context(), true)
			if err != nil {
				return err
			}
			out, err := r.Delegate(cmd.Context(), args[0], s)
			if err != nil {
				return err
			}
			return a.printOutcome(outcome{Outcome: out})
		},
	}
	o.register(cmd, true)
	cmd.Flags().StringVar(&to, "to", "", "keys that sign for the site: NAME,NAME or NUMBER:NAME,NAME")
	cli.Required(cmd, "to")
	return cmd
}

// outcome is what a change came to, as it is printed.
type outcome struct {
	registry.Outcome
	Targets []registry.Target `json:"targets,omitempty"`
	Root    string            `json:"root,omitempty"` // file
	Seed    uint64            `json:"seed,omitempty"`
}

func (o outcome) WriteText(w io.Writer) error {
	var err error
	line := func(format string, args ...any) {
		_, e := fmt.Fprintf(w, format+"\n", args...)
		err = errors.Join(err, e)
	}
	for _, t := range o.Targets {
		line("%s  %s  sha256 %s", t.Name, text.Size(t.Length), t.Digest)
	}
	if len(o.Published) > 0 {
		line("published: %s", strings.Join(o.Published, ", "))
	}
	for _, v := range o.Waiting {
		line("waiting: %s", v.Name)
		if v.Threshold > 0 {
			line("  %d of %d signatures", v.Signatures, v.Threshold)
		}
		for _, c := range v.Changes {
			line("  %s", text.Visible(c))
		}
		line("  %s", v.Why)
	}
	if o.Root != "" && len(o.Waiting) == 0 {
		line("devices need this file, another way than over the network: %s", o.Root)
	}
	return err
}

func (a *app) printOutcome(o outcome) error {
	if o.Published == nil {
		o.Published = []string{}
	}
	if o.Waiting == nil {
		o.Waiting = []registry.Waiting{}
	}
	return a.Print(a.Out, o, o.WriteText)
}
