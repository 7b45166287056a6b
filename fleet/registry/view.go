package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"time"

	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"
)

// trusted is metadata that was verified, each role by what delegates to it.
type trusted = trustedmetadata.TrustedMetadata

// view is what one party has verified of a registry. It keeps it in a folder, so that nothing older is believed later.
type view struct {
	dir  string // of ROLE.json
	site string // whose metadata is wanted besides; "": none
	now  func() time.Time
	pace
	got *trusted // nil: nothing yet
}

// Names in a Store.
func rootName(version int64) string {
	return metadataPrefix + strconv.FormatInt(version, 10) + ".root.json"
}

func versionName(version int64, role string) string {
	return metadataPrefix + strconv.FormatInt(version, 10) + "." + role + ".json"
}

const timestampName = metadataPrefix + "timestamp.json"

// metaName is how snapshot and timestamp name a role.
func metaName(role string) string { return role + ".json" }

// pin keeps a root that is trusted for reasons of its own, if there is none yet.
func (v *view) pin(root []byte) error {
	if b, err := v.kept(metadata.ROOT, maxRoot); b != nil || err != nil {
		return err
	}
	if len(root) == 0 {
		return fmt.Errorf("%w: no root is trusted yet: give the first one", ErrMissing)
	}
	if len(root) > maxRoot {
		return fmt.Errorf("%w: the root", ErrTooLarge)
	}
	if err := file.MkdirAll(v.dir); err != nil {
		return err
	}
	if err := guard(func() error {
		_, err := trustedmetadata.New(root)
		return err
	}); err != nil {
		return err
	}
	return v.keep(metadata.ROOT, root)
}

// kept is a role's metadata as it was last verified; nil: there is none.
func (v *view) kept(role string, limit int64) ([]byte, error) {
	b, err := file.ReadLimited(filepath.Join(v.dir, metaName(role)), limit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

// keep writes a role's metadata, unless it is there already.
func (v *view) keep(role string, b []byte) error {
	if old, err := v.kept(role, int64(len(b))); err == nil && bytes.Equal(old, b) {
		return nil
	}
	return file.WriteBytes(filepath.Join(v.dir, metaName(role)), b)
}

// pull brings the view up to date from one store (specification, 5.3 to 5.6). What is verified is kept even if what comes next is not.
func (v *view) pull(ctx context.Context, s Store) error {
	return guard(func() error {
		root, err := v.kept(metadata.ROOT, maxRoot)
		if err != nil {
			return err
		}
		t, err := trustedmetadata.New(root)
		if err != nil {
			return err
		}
		t.RefTime = v.now()
		for _, step := range []func(context.Context, Store, *trusted) error{v.pullRoots, v.pullTimestamp, v.pullSnapshot, v.pullTargets} {
			if err := step(ctx, s, t); err != nil {
				return err
			}
		}
		v.got = t
		return nil
	})
}

// pullRoots follows the roots one by one: each is signed by the one before and by itself (5.3).
func (v *view) pullRoots(ctx context.Context, s Store, t *trusted) error {
	for range maxRotations {
		b, err := v.read(ctx, s, rootName(t.Root.Signed.Version+1), maxRoot)
		if errors.Is(err, ErrMissing) {
			return nil
		}
		if err == nil {
			_, err = t.UpdateRoot(b)
		}
		if err == nil {
			err = v.keep(metadata.ROOT, b)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// pullTimestamp learns which snapshot is the newest (5.4). An old timestamp, even an expired one, bounds what is believed; one that the
// current root does not know is forgotten, which is how a fleet recovers from versions that a thief has counted up (5.3.11).
func (v *view) pullTimestamp(ctx context.Context, s Store, t *trusted) error {
	old, err := v.kept(metadata.TIMESTAMP, maxTimestamp)
	if err != nil {
		return err
	}
	if old != nil {
		_, _ = t.UpdateTimestamp(old)
	}
	b, err := v.read(ctx, s, timestampName, maxTimestamp)
	if err != nil {
		return err
	}
	_, err = t.UpdateTimestamp(b)
	if errors.Is(err, &metadata.ErrEqualVersionNumber{}) {
		return snapshotOf(t).check(metadata.SNAPSHOT)
	}
	if err == nil {
		err = snapshotOf(t).check(metadata.SNAPSHOT)
	}
	if err != nil {
		return err
	}
	return v.keep(metadata.TIMESTAMP, b)
}

// meta is what snapshot or timestamp say of another role; nil where they say nothing.
type meta struct{ *metadata.MetaFiles }

func snapshotOf(t *trusted) meta { return meta{t.Timestamp.Signed.Meta[metaName(metadata.SNAPSHOT)]} }

func (m meta) check(role string) error {
	if m.MetaFiles == nil || m.Version < 1 || m.Length < 0 {
		return fmt.Errorf("%w: nothing is said of %s", ErrUntrusted, role)
	}
	return nil
}

// limit is how much is read of the role.
func (m meta) limit(most int64) int64 {
	if m.Length > 0 {
		return min(m.Length, most)
	}
	return most
}

// pullSnapshot learns which versions belong together (5.5).
func (v *view) pullSnapshot(ctx context.Context, s Store, t *trusted) error {
	old, err := v.kept(metadata.SNAPSHOT, maxSnapshot)
	if err != nil {
		return err
	}
	if old != nil {
		if _, err := t.UpdateSnapshot(old, true); err == nil {
			return nil
		}
	}
	m := snapshotOf(t)
	b, err := v.read(ctx, s, versionName(m.Version, metadata.SNAPSHOT), m.limit(maxSnapshot))
	if err == nil {
		_, err = t.UpdateSnapshot(b, false)
	}
	if err != nil {
		return mixed(err)
	}
	return v.keep(metadata.SNAPSHOT, b)
}

// pullTargets reads what is released: by the fleet, and by the site's own keys if it has some (5.6).
func (v *view) pullTargets(ctx context.Context, s Store, t *trusted) error {
	if err := v.pullRole(ctx, s, t, metadata.TARGETS, metadata.ROOT); err != nil {
		return err
	}
	for _, site := range v.sites(t) {
		if t.Snapshot.Signed.Meta[metaName(site)] == nil {
			continue // delegated, nothing released yet
		}
		if err := v.pullRole(ctx, s, t, site, metadata.TARGETS); err != nil {
			return err
		}
	}
	return nil
}

// allSites is the view of who releases: it follows all delegations.
const allSites = "*"

// sites are the delegations to follow.
func (v *view) sites(t *trusted) (names []string) {
	d := t.Targets[metadata.TARGETS].Signed.Delegations
	if d == nil || v.site == "" {
		return nil
	}
	for _, r := range d.Roles {
		if checkSite(r.Name) == nil && (v.site == allSites || r.Name == v.site) {
			names = append(names, r.Name)
		}
	}
	return names
}

func (v *view) pullRole(ctx context.Context, s Store, t *trusted, role, parent string) error {
	old, err := v.kept(role, maxTargets)
	if err != nil {
		return err
	}
	if old != nil {
		if _, err := t.UpdateDelegatedTargets(old, role, parent); err == nil {
			return nil
		}
	}
	m := meta{t.Snapshot.Signed.Meta[metaName(role)]}
	if err := m.check(role); err != nil {
		return err
	}
	b, err := v.read(ctx, s, versionName(m.Version, role), m.limit(maxTargets))
	if err == nil {
		_, err = t.UpdateDelegatedTargets(b, role, parent)
	}
	if err != nil {
		return mixed(err)
	}
	return v.keep(role, b)
}

// mixed is err of metadata that is not what was promised: a part of another release.
func mixed(err error) error {
	if errors.Is(err, &metadata.ErrLengthOrHashMismatch{}) {
		return fmt.Errorf("%w: %w", ErrMixed, err)
	}
	return err
}

// guard runs what reads foreign metadata: a mistake in a library is an error, too, and errors of go-tuf become this package's.
func guard(f func() error) (err error) {
	if p := parallel.Catch(func() { err = f() }); p != nil {
		return fmt.Errorf("%w: %v", ErrUntrusted, p)
	}
	return classify(err)
}

// classify puts this package's errors before those of go-tuf.
func classify(err error) error {
	if err == nil || isOwn(err) {
		return err
	}
	kind := ErrUntrusted
	switch {
	case errors.Is(err, &metadata.ErrExpiredMetadata{}):
		kind = ErrExpired
	case errors.Is(err, &metadata.ErrBadVersionNumber{}):
		kind = ErrRollback
	}
	return fmt.Errorf("%w: %w", kind, err)
}

// isOwn tells whether an error has one of this package's kinds, or is one of the disk or of who called.
func isOwn(err error) bool {
	for _, own := range []error{
		ErrMissing, ErrTooLarge, ErrStore, ErrUntrusted, ErrRollback, ErrMixed, ErrExpired, ErrSlow, ErrForeign, ErrUnreadable,
		ErrKeys, ErrRequest, file.ErrWrite, context.Canceled, context.DeadlineExceeded,
	} {
		if errors.Is(err, own) {
			return true
		}
	}
	var path *fs.PathError
	return errors.As(err, &path)
}
