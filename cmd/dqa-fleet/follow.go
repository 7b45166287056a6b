package main

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"github.com/dqa-go/dqa/fleet/device"
	"github.com/dqa-go/dqa/fleet/gateway"
	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/managed"
	"github.com/dqa-go/dqa/fleet/outbox"
	"github.com/dqa-go/dqa/fleet/registry"
	"github.com/dqa-go/dqa/fleet/rollout"
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
	model, at       string
	network         [32]byte // SHA-256 of the model
}

func (a *app) followFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&a.follow.dir, "registry", "", "follow what is rolled out (dqa-fleet rollout): folder of what was verified of the registry")
	f.StringVar(&a.follow.root, "root", "", "file of the registry's first root, where this folder has verified nothing yet")
	f.StringVar(&a.follow.site, "site", "", "whose own releases count, beside those for all")
	f.DurationVar(&a.follow.every, "follow-every", 5*time.Second, "how often it asks what is rolled out, and tells what it counted")
}

// open opens the registry's view of this process. The server need not be there yet.
func (f follow) open(ctx context.Context, opt link.Options, memory int64) (*link.Link, managed.Loader, error) {
	load := managed.Loader{Model: f.model, Digest: hex.EncodeToString(f.network[:]), At: f.at, MaxMemory: memory, Lean: true}
	var root []byte
	var err error
	if f.root != "" {
		if root, err = file.Read(f.root); err != nil {
			return nil, load, err
		}
	}
	opt.Patient = true
	l, err := link.Connect(ctx, opt)
	if err != nil {
		return nil, load, err
	}
	load.Registry, err = registry.Open(registry.Options{
		Dir: f.dir, Root: root, Stores: []registry.Store{registry.Later(l.JS)}, Site: f.site,
	})
	if err != nil {
		l.Close()
	}
	return l, load, err
}

// send is how a device takes an image.
type send func(ctx context.Context, image string, inputs []*tensor.Tensor) (outbox.ID, error)

// followed makes a device follow what is rolled out, where that is asked for, until stop.
func (a *app) followed(ctx context.Context, d *device.Device, opt device.Options, head device.Head) (s send, stop func(), err error) {
	f := a.follow
	if f.dir == "" {
		return d.Send, func() {}, nil
	}
	l, load, err := f.open(ctx, nameless(opt.Link, opt.Name), int64(a.MaxMemory))
	if err != nil {
		return nil, nil, err
	}
	m := managed.NewDevice(d, head, load, f.compare)
	ctx, cancel := context.WithCancel(ctx)
	id := rollout.Identity{Name: opt.Name, Model: load.Digest, Formats: link.ProfileFormats()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = rollout.Follow(ctx, rollout.Late(l), id, f.every, m, a.tellFollow())
	}()
	return m.Send, func() { cancel(); <-done; l.Close() }, nil
}

// tails makes a gateway keep tails of what is rolled out, where that is asked for, until stop.
func (a *app) tails(ctx context.Context, g *gateway.Gateway, opt gateway.Options, p *profile.Profile) (stop func(), err error) {
	f := a.follow
	if f.dir == "" {
		return func() {}, nil
	}
	l, load, err := f.open(ctx, nameless(opt.Link, opt.Name), int64(a.MaxMemory))
	if err != nil {
		return nil, err
	}
	m := managed.NewGateway(g, p.Digest(), load)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		src, tell := rollout.Late(l), a.tellFollow()
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
	return func() { cancel(); <-done; l.Close() }, nil
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
