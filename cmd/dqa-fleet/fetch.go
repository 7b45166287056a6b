package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/dqa-go/dqa/fleet/registry"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/internal/text"
	"github.com/spf13/cobra"
)

// fetched is a release that lies where it was asked for.
type fetched struct {
	registry.Target
	Output  string `json:"output"`
	Changed bool   `json:"changed"` // false: it lay there already
}

func (f fetched) WriteText(w io.Writer) error {
	what := "fetched"
	if !f.Changed {
		what = "is there already"
	}
	_, err := fmt.Fprintf(w, "%s %s: %s, %s, SHA-256 %s\n", f.Name, what, f.Output, text.Size(f.Length), f.Digest)
	return err
}

const fetchLong = `fetch brings a release to this machine: a program, a network or a profile, verified as devices verify what they
load. The file is written whole or not at all; what is there already is left alone. What was verified before is kept in --registry, so
that nothing older is taken later: one process at a time uses that folder, and a device has another one.

A device does not replace its own program: whatever starts it does (deploy/README.md), so that a program that does not start cannot keep
the one before from being started again.`

func (a *app) fetch() *cobra.Command {
	o := owner{a: a}
	var output, site string
	limit := cli.Bytes(registry.DefaultMaxTarget)
	cmd := &cobra.Command{
		Use:     "fetch KIND/NAME -o FILE",
		Short:   "bring a published program, network or profile here, verified",
		Long:    fetchLong,
		Example: "  dqa-fleet fetch binary/dqa-fleet -o dqa-fleet.new --registry /var/lib/dqa/programs --root root.json",
		Args:    cli.ExactArgs("the name of what is published"),
		RunE: func(cmd *cobra.Command, args []string) error {
			defer o.close()
			opt := registry.Options{Dir: o.dir, Site: site, MaxTarget: int64(limit)}
			f, err := o.fetch(cmd.Context(), opt, args[0], output)
			if err != nil {
				return err
			}
			return a.Print(a.Out, f, f.WriteText)
		},
	}
	a.linkFlags(cmd)
	f := cmd.Flags()
	f.StringVarP(&output, "output", "o", "", "the file")
	f.StringVar(&o.dir, "registry", "", "folder of what was verified of the registry")
	f.StringVar(&o.root, "root", "", "file of the registry's first root, where this folder has verified nothing yet")
	f.StringVar(&o.store, "store", "", "folder of the registry, instead of the server's")
	f.StringVar(&site, "site", "", "whose own releases count, beside those for all")
	f.Var(&limit, "release-size", "the largest file that is fetched")
	cli.Required(cmd, "output", "registry")
	return cmd
}

// fetch fetches a target by name.
func (o *owner) fetch(ctx context.Context, opt registry.Options, name, output string) (v fetched, err error) {
	if o.root != "" {
		if opt.Root, err = file.Read(o.root); err != nil {
			return v, err
		}
	}
	if err := file.MkdirAll(opt.Dir); err != nil {
		return v, err
	}
	free, err := file.Lock(filepath.Join(opt.Dir, "lock"))
	if err != nil {
		return v, err
	}
	defer free()
	store, err := o.open(ctx, 0)
	if err != nil {
		return v, err
	}
	opt.Stores = []registry.Store{store}
	c, err := registry.Open(opt)
	if err == nil {
		err = c.Refresh(ctx)
	}
	if err != nil {
		return v, err
	}
	all, err := c.Targets()
	if err != nil {
		return v, err
	}
	k := slices.IndexFunc(all, func(t registry.Target) bool { return t.Name == name })
	if k < 0 {
		return v, fmt.Errorf("%w: %s", registry.ErrMissing, name)
	}
	path, err := c.Fetch(ctx, all[k], "")
	if err != nil {
		return v, err
	}
	v = fetched{Target: all[k], Output: output}
	v.Changed, err = bring(path, output, v.Digest, v.Kind == registry.Binary)
	return v, errors.Join(err, c.Prune()) // the copy is at output now
}

// bring copies a file, unless what is there has this digest. A program may be executed once it is whole.
func bring(path, output, digest string, program bool) (changed bool, err error) {
	if same(output, digest) {
		return false, nil
	}
	in, err := file.Open(path)
	if err != nil {
		return false, err
	}
	defer in.Close()
	err = file.Write(output, func(w io.Writer) error {
		h := sha256.New()
		if _, err := io.Copy(io.MultiWriter(w, h), in); err != nil {
			return err
		}
		if hex.EncodeToString(h.Sum(nil)) != digest {
			return fmt.Errorf("%w: %s was changed on this disk", registry.ErrUntrusted, path)
		}
		return nil
	})
	if err == nil && program {
		err = os.Chmod(output, 0o755)
	}
	return err == nil, err
}

func same(path, digest string) bool {
	in, err := os.Open(path)
	if err != nil {
		return false
	}
	defer in.Close()
	h := sha256.New()
	_, err = io.Copy(h, in)
	return err == nil && hex.EncodeToString(h.Sum(nil)) == digest
}
