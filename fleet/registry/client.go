package registry

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/profile"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Options of a Client. Dir and Stores must be set, Root at the first use.
type Options struct {
	Dir    string  // where trusted metadata and files are kept
	Root   []byte  // the first root, which came another way than over a Store; later ones are followed from what Dir holds
	Stores []Store // each is asked for metadata, the newest counts; files come from the first that has them
	Site   string  // whose own releases count besides those of the fleet
	// Formats are the schema versions of profiles that this program reads; nil: all up to profile.Version.
	Formats   []int
	MaxTarget int64         // bytes of a file; 0: DefaultMaxTarget
	MinRate   int64         // bytes a second that a store must send; 0: DefaultMinRate
	Patience  time.Duration // beside it; 0: DefaultPatience
	Now       func() time.Time
}

// Client is a device's view of a registry. It belongs to one goroutine.
type Client struct {
	opt  Options
	view view
}

// Open opens what the folder holds, or begins with Options.Root. Nothing is fetched. Errors wrap ErrMissing where no root is known,
// ErrUntrusted, ErrRequest, and those of reading and writing.
func Open(opt Options) (*Client, error) {
	if opt.Site != "" {
		if err := checkSite(opt.Site); err != nil {
			return nil, err
		}
	}
	if opt.MaxTarget <= 0 {
		opt.MaxTarget = DefaultMaxTarget
	}
	if opt.Formats == nil {
		for v := 1; v <= profile.Version; v++ {
			opt.Formats = append(opt.Formats, v)
		}
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	c := &Client{opt: opt, view: view{
		dir: filepath.Join(opt.Dir, "trusted"), site: opt.Site, now: opt.Now, pace: pace{opt.MinRate, opt.Patience}.filled(),
	}}
	return c, c.view.pin(opt.Root)
}

// Refresh learns what is released now. Every store is asked; it is enough that one has a whole and current release, and what was kept
// bounds all: no store can bring back what is older, nor keep others from being heard. Errors are the package's, of every store.
func (c *Client) Refresh(ctx context.Context) error {
	var all error
	done := false
	for _, s := range c.opt.Stores {
		err := c.view.pull(ctx, s)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		done = done || err == nil
		all = errors.Join(all, err)
	}
	if done {
		return nil
	}
	if all == nil {
		return fmt.Errorf("%w: no store is given", ErrMissing)
	}
	return all
}

// Versions are those of trusted metadata, by role; empty before Refresh.
func (c *Client) Versions() map[string]int64 {
	all := map[string]int64{}
	if t := c.view.got; t != nil {
		all[metadata.ROOT], all[metadata.TIMESTAMP], all[metadata.SNAPSHOT] =
			t.Root.Signed.Version, t.Timestamp.Signed.Version, t.Snapshot.Signed.Version
		for role, m := range t.Targets {
			all[role] = m.Signed.Version
		}
	}
	return all
}

// Targets are what this device may load, by name. What is signed but nonsense is left out. Errors wrap ErrMissing before Refresh, and
// ErrExpired a long time after it.
func (c *Client) Targets() ([]Target, error) { return c.view.targets() }

// current refuses a view that is too old to be acted on: it was fetched in time, but that is long ago.
func (v *view) current() error {
	if v.got == nil {
		return fmt.Errorf("%w: nothing was fetched yet", ErrMissing)
	}
	now := v.now()
	expired := v.got.Timestamp.Signed.IsExpired(now) || v.got.Snapshot.Signed.IsExpired(now)
	for _, m := range v.got.Targets {
		expired = expired || m.Signed.IsExpired(now)
	}
	if expired {
		return fmt.Errorf("%w: what was fetched is not renewed", ErrExpired)
	}
	return nil
}

func (v *view) targets() (all []Target, err error) {
	if err := v.current(); err != nil {
		return nil, err
	}
	for role, m := range v.got.Targets {
		for name, f := range m.Signed.Targets {
			if t, err := targetOf(name, role, f); err == nil {
				all = append(all, t)
			}
		}
	}
	slices.SortFunc(all, func(a, b Target) int { return cmp.Compare(a.Name, b.Name) })
	return all, nil
}

// Find is the target of a digest (SHA-256, hex). Errors wrap ErrMissing: it was never released to this device, or withdrawn.
func (c *Client) Find(kind Kind, digest string) (Target, error) {
	all, err := c.Targets()
	if err != nil {
		return Target{}, err
	}
	for _, t := range all {
		if t.Kind == kind && t.Digest == digest {
			return t, nil
		}
	}
	return Target{}, fmt.Errorf("%w: no %s %.12s is released to this device", ErrMissing, kind, digest)
}

// check refuses what this device cannot use before a byte of it is fetched. model is that of the device; "": any.
func (c *Client) check(t Target, model string) error {
	switch {
	case t.Site != "" && t.Site != c.opt.Site:
		return fmt.Errorf("%w: %s is of site %s", ErrForeign, t.Name, t.Site)
	case t.Kind == Profile && model != "" && t.Model != model:
		return fmt.Errorf("%w: %s is a profile of model %.12s, here is %.12s", ErrForeign, t.Name, t.Model, model)
	case t.Kind == Profile && !slices.Contains(c.opt.Formats, t.Format):
		return fmt.Errorf("%w: %s has schema version %d, here %v are read", ErrUnreadable, t.Name, t.Format, c.opt.Formats)
	case t.Length > c.opt.MaxTarget:
		return fmt.Errorf("%w: %s has %d bytes, %d are allowed", ErrTooLarge, t.Name, t.Length, c.opt.MaxTarget)
	}
	return nil
}

// Fetch is the path of a file of the target, verified: it is read here if it was fetched before, else fetched. model is the digest of
// the device's network, where that is known (hex): a profile of another is refused. The file is not to be altered. Errors are the
// package's, and those of writing.
func (c *Client) Fetch(ctx context.Context, t Target, model string) (string, error) {
	if err := c.check(t, model); err != nil {
		return "", err
	}
	trusted, err := c.Find(t.Kind, t.Digest) // what was withdrawn since
	if err != nil {
		return "", err
	}
	if t = trusted; !hexForm.MatchString(t.Digest) {
		return "", fmt.Errorf("%w: %s", ErrUntrusted, t.Name)
	}
	path := filepath.Join(c.opt.Dir, "targets", t.Digest)
	if n, sum, err := digestOf(path); err != nil || n != t.Length || sum != t.Digest {
		if err := c.fetch(ctx, t, path); err != nil {
			return "", err
		}
	}
	return path, c.confirm(t, path)
}

// fetch writes a target to path, from the first store that has it whole.
func (c *Client) fetch(ctx context.Context, t Target, path string) error {
	if err := file.MkdirAll(filepath.Dir(path)); err != nil {
		return err
	}
	var all error
	for _, s := range c.opt.Stores {
		err := file.Write(path, func(w io.Writer) error {
			to := &hashing{w: w, h: sha256.New()}
			if err := c.view.copy(ctx, s, targetsPrefix+t.Digest, t.Length, to); err != nil {
				return err
			}
			if sum := hex.EncodeToString(to.h.Sum(nil)); to.n != t.Length || sum != t.Digest {
				return fmt.Errorf("%w: %s: the file is another one", ErrUntrusted, t.Name)
			}
			return nil
		})
		if err == nil || ctx.Err() != nil {
			return err
		}
		all = errors.Join(all, err)
	}
	return all
}

// hashing counts and digests what goes through it.
type hashing struct {
	w io.Writer
	h hash.Hash
	n int64
}

func (h *hashing) Write(b []byte) (int, error) {
	n, err := h.w.Write(b)
	h.n += int64(n)
	h.h.Write(b[:n])
	return n, err
}

// confirm compares what a profile is with what was signed of it: keys may sign mistakes, too.
func (c *Client) confirm(t Target, path string) error {
	if t.Kind != Profile {
		return nil
	}
	b, err := file.ReadLimited(path, t.Length)
	if err != nil {
		return err
	}
	got, err := customOf(b)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrUnreadable, t.Name, err)
	}
	if got.Model != t.Model {
		return fmt.Errorf("%w: %s is of model %.12s, signed as of %.12s", ErrForeign, t.Name, got.Model, t.Model)
	}
	if got.Format != t.Format {
		return fmt.Errorf("%w: %s has schema version %d, signed as %d", ErrUnreadable, t.Name, got.Format, t.Format)
	}
	return nil
}

// Installed is the path of a file that Fetch has verified before, by its digest alone: for a start without a network. It does not ask
// whether the file is still released. Errors wrap ErrMissing.
func (c *Client) Installed(digest string) (string, error) {
	path := filepath.Join(c.opt.Dir, "targets", digest)
	if !hexForm.MatchString(digest) {
		return "", fmt.Errorf("%w: %q is no digest", ErrMissing, digest)
	}
	if _, sum, err := digestOf(path); err != nil || sum != digest {
		return "", fmt.Errorf("%w: %.12s is not on this disk", ErrMissing, digest)
	}
	return path, nil
}

// Prune removes files that are not among digests.
func (c *Client) Prune(digests ...string) error {
	entries, err := file.ReadDir(filepath.Join(c.opt.Dir, "targets"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	var all error
	for _, e := range entries {
		if hexForm.MatchString(e.Name()) && !slices.Contains(digests, e.Name()) {
			all = errors.Join(all, file.Remove(filepath.Join(c.opt.Dir, "targets", e.Name())))
		}
	}
	return errors.Join(err, all)
}
