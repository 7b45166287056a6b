package main

import (
	"context"
	"encoding/hex"
	"errors"
	"path/filepath"
	"time"

	"github.com/dqa-go/dqa/fleet/device"
	"github.com/dqa-go/dqa/fleet/gateway"
	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/managed"
	"github.com/dqa-go/dqa/fleet/outbox"
	"github.com/dqa-go/dqa/fleet/registry"
	"github.com/dqa-go/dqa/fleet/rollout"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tensor"
	"github.com/spf13/cobra"
)

// follow is what devices and gateways need that follow roll-outs.
type follow struct {
	dir, root, site string
	every           time.Duration
	compare         int
	watch           int
	limit           cli.Bytes
	model, at       string
	network         [32]byte // SHA-256 of the model
}

func (a *app) followFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&a.follow.dir, "registry", "", "follow what is rolled out (dqa-fleet rollout): folder of what was verified of the registry")
	f.StringVar(&a.follow.root, "root", "", "file of the registry's first root, where this folder has verified nothing yet")
	f.StringVar(&a.follow.site, "site", "", "whose own releases count, beside those for all")
	a.follow.limit = registry.DefaultMaxTarget
	f.Var(&a.follow.limit, "release-size", "the largest file of a release that is fetched")
	f.DurationVar(&a.follow.every, "follow-every", 5*time.Second, "how often it asks what is rolled out, and tells what it counted")
}

// followed is the registry's view of this process, and a connection of its own.
type followed struct {
	link *link.Link
	load managed.Loader
	free func() // of the folder
}

func (f *followed) close() {
	if f.link != nil {
		f.link.Close()
	}
	f.free()
}

// open opens the registry's view of this process. The server need not be there yet.
func (f follow) open(ctx context.Context, opt link.Options, memory int64) (v *followed, err error) {
	v = &followed{free: func() {}, load: managed.Loader{
		Dir: f.dir, Model: f.model, Digest: hex.EncodeToString(f.network[:]), At: f.at, MaxMemory: memory, Lean: true,
	}}
	var root []byte
	if f.root != "" {
		root, err = file.Read(f.root)
	}
	if err == nil {
		err = file.MkdirAll(f.dir)
	}
	if err == nil {
		v.free, err = file.Lock(filepath.Join(f.dir, "lock"))
	}
	if err != nil {
		return nil, err
	}
	opt.Patient = true
	if v.link, err = link.Connect(ctx, opt); err == nil {
		v.load.Registry, err = registry.Open(registry.Options{
			Dir: f.dir, Root: root, Stores: []registry.Store{registry.Later(v.link.JS)}, Site: f.site, MaxTarget: int64(f.limit),
		})
	}
	if err != nil {
		v.close()
	}
	return v, err
}

// send is how a device takes an image.
type send func(ctx context.Context, image string, inputs []*tensor.Tensor) (outbox.ID, error)

// start starts a device, which follows what is rolled out where that is asked for: it begins with what was installed last. stop ends both.
func (a *app) start(ctx context.Context, opt device.Options, s managed.Start) (d *device.Device, send send, stop func() error, err error) {
	f := a.follow
	if f.dir == "" {
		if d, err = device.Start(ctx, opt, s.Factory); err != nil {
			return nil, nil, nil, err
		}
		return d, d.Send, d.Close, nil
	}
	v, err := f.open(ctx, nameless(opt.Link, opt.Name), int64(a.MaxMemory))
	if err != nil {
		return nil, nil, nil, err
	}
	id := rollout.Identity{Name: opt.Name, Model: v.load.Digest, Formats: link.ProfileFormats()}
	if id.Revision, err = v.load.Last(&s); err != nil {
		a.Warn(err.Error(), "the device begins with --profile, and takes what is rolled out when the server tells it")
	} else if s.Run.Profile != s.Factory.Profile {
		a.Note("%s goes on with what was installed last: profile %x of %s", opt.Name, s.Run.Profile[:6], s.Run.Model)
	}
	if d, err = device.Start(ctx, opt, s.Run); err != nil {
		v.close()
		return nil, nil, nil, err
	}
	m := managed.NewDevice(d, s, v.load, f.compare)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = rollout.Follow(ctx, rollout.Late(v.link), id, f.every, m, a.tellFollow())
	}()
	return d, m.Send, func() error { cancel(); <-done; v.close(); return d.Close() }, nil
}

// tails makes a gateway keep tails of what is rolled out, where that is asked for, until stop.
func (a *app) tails(ctx context.Context, g *gateway.Gateway, opt gateway.Options, p *profile.Profile) (stop func(), err error) {
	f := a.follow
	if f.dir == "" {
		return func() {}, nil
	}
	v, err := f.open(ctx, nameless(opt.Link, opt.Name), int64(a.MaxMemory))
	if err != nil {
		return nil, err
	}
	m := managed.NewGateway(g, p.Digest(), v.load)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		src, tell := rollout.Late(v.link), a.tellFollow()
		for ctx.Err() == nil {
			s, err := src.Current(ctx)
			if err == nil {
				err = m.Keep(ctx, s)
			}
			if err != nil && ctx.Err() == nil {
				tell(err)
			}
			select {
			case <-time.After(f.every):
			case <-ctx.Done():
			}
		}
	}()
	return func() { cancel(); <-done; v.close() }, nil
}

// nameless is a second connection of a member: it does not tell that the server is gone, the first does.
func nameless(opt link.Options, name string) link.Options {
	opt.Name, opt.Changed = name, nil
	return opt
}

// tellFollow tells each error once, until another one comes. That there is no roll-out yet is none.
func (a *app) tellFollow() func(error) {
	last := ""
	return func(err error) {
		if s := err.Error(); s != last && !errors.Is(err, rollout.ErrJournal) {
			last = s
			a.Note("%s", s)
		}
	}
}
