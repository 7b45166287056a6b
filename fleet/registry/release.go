package registry

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dqa-go/dqa/internal/file"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Publish releases files: of all sites, or by the keys of one. Names that are there are replaced by other contents only with replace.
// Errors wrap ErrRequest, ErrStore, ErrKeys and those of reading the files.
func (r *Repository) Publish(ctx context.Context, paths []string, kind Kind, site, tool string, replace bool) ([]Target, Outcome, error) {
	role, err := r.roleOf(site)
	if err != nil {
		return nil, Outcome{}, err
	}
	m, err := r.edit(ctx, role)
	if err != nil {
		return nil, Outcome{}, err
	}
	var all []Target
	for _, path := range paths {
		t, err := Describe(path, kind, site, tool)
		if err != nil {
			return nil, Outcome{}, err
		}
		f, err := t.file()
		if err != nil {
			return nil, Outcome{}, err
		}
		if old := m.Signed.Targets[t.Name]; old != nil && !old.Equal(*f) && !replace {
			return nil, Outcome{}, fmt.Errorf("%w: %s is released with other contents", ErrRequest, t.Name)
		}
		m.Signed.Targets[t.Name] = f
		all = append(all, t)
	}
	for i, path := range paths {
		if err := r.upload(ctx, path, all[i].Digest); err != nil {
			return nil, Outcome{}, err
		}
	}
	out, err := r.stage(ctx, role, m)
	return all, out, err
}

func (r *Repository) upload(ctx context.Context, path, digest string) error {
	f, err := file.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(r.store.Put(ctx, targetsPrefix+digest, f), f.Close())
}

// roleOf is who signs for a site. Errors wrap ErrRequest.
func (r *Repository) roleOf(site string) (string, error) {
	if site == "" {
		return metadata.TARGETS, nil
	}
	if err := checkSite(site); err != nil {
		return "", err
	}
	if ids, _ := r.role(site); len(ids) == 0 {
		return "", fmt.Errorf("%w: no keys are delegated to site %s", ErrRequest, site)
	}
	return site, nil
}

// Withdraw takes targets back: no device loads them from the next update on. Files stay in the store. Errors wrap ErrRequest.
func (r *Repository) Withdraw(ctx context.Context, names ...string) (Outcome, error) {
	changed := map[string]*targetsDoc{}
	for _, name := range names {
		site := ""
		if rest, ok := strings.CutPrefix(name, "sites/"); ok {
			site, _, _ = strings.Cut(rest, "/")
		}
		role, err := r.roleOf(site)
		if err != nil {
			return Outcome{}, err
		}
		if changed[role] == nil {
			if changed[role], err = r.edit(ctx, role); err != nil {
				return Outcome{}, err
			}
		}
		if changed[role].Signed.Targets[name] == nil {
			return Outcome{}, fmt.Errorf("%w: %s is not released", ErrRequest, name)
		}
		delete(changed[role].Signed.Targets, name)
	}
	for role, m := range changed {
		if err := r.sign(ctx, role, m); err != nil {
			return Outcome{}, err
		}
	}
	return r.Advance(ctx, false)
}

// Delegate lets keys release what lies under sites/SITE/, of which threshold must sign; other keys of the site count no more. What the
// site has released is signed anew, by those of its keys that are at hand. Errors wrap ErrRequest and ErrKeys.
func (r *Repository) Delegate(ctx context.Context, site string, s Signers) (Outcome, error) {
	if err := checkSite(site); err != nil {
		return Outcome{}, err
	}
	threshold := max(s.Threshold, 1)
	if n := len(slices.Compact(ids(s.Keys))); threshold > n {
		return Outcome{}, fmt.Errorf("%w: site %s: %d of %d keys cannot sign", ErrKeys, site, threshold, n)
	}
	m, err := r.edit(ctx, metadata.TARGETS)
	if err != nil {
		return Outcome{}, err
	}
	d := m.Signed.Delegations
	if d == nil {
		d = &metadata.Delegations{Keys: map[string]*metadata.Key{}}
		m.Signed.Delegations = d
	}
	role := metadata.DelegatedRole{
		Name: site, KeyIDs: ids(s.Keys), Threshold: threshold, Terminating: true, Paths: []string{"sites/" + site + "/*/*"},
	}
	d.Roles = slices.DeleteFunc(d.Roles, func(r metadata.DelegatedRole) bool { return r.Name == site })
	d.Roles = append(d.Roles, role)
	for _, k := range s.Keys {
		d.Keys[k.ID] = k.public
	}
	for id := range d.Keys {
		if !slices.ContainsFunc(d.Roles, func(r metadata.DelegatedRole) bool { return slices.Contains(r.KeyIDs, id) }) {
			delete(d.Keys, id)
		}
	}
	if err := r.sign(ctx, metadata.TARGETS, m); err != nil {
		return Outcome{}, err
	}
	if r.targets[site] != nil {
		if err := r.again(ctx, site, role.KeyIDs); err != nil {
			return Outcome{}, err
		}
	}
	return r.Advance(ctx, false)
}

// Rotate changes who signs for a role, root included: these keys, and no others. It makes the next root, signed by those keys of the
// old and the new one that are at hand; the others add theirs (AddSignature), on another machine if that is where they are. A site's
// keys are changed by Delegate. With no keys, root is only renewed. Errors wrap ErrRequest and ErrKeys.
func (r *Repository) Rotate(ctx context.Context, role string, s Signers) (Outcome, error) {
	if !isTop(role) {
		return Outcome{}, fmt.Errorf("%w: %q is none of root, targets, snapshot, timestamp", ErrRequest, role)
	}
	version := r.root.Signed.Version + 1
	if err := r.vacant(ctx, metadata.ROOT, version); err != nil {
		return Outcome{}, err
	}
	root, err := copied(r.root)
	if err != nil {
		return Outcome{}, err
	}
	root.ClearSignatures()
	root.Signed.Version, root.Signed.Expires = version, r.expiry(r.life.Root)
	if len(s.Keys) > 0 {
		if err := setRole(&root.Signed, role, s); err != nil {
			return Outcome{}, err
		}
	}
	for _, doc := range []*rootDoc{r.root, root} {
		if err := signWith(root, r.keys, doc.Signed.Roles[metadata.ROOT].KeyIDs); err != nil {
			return Outcome{}, err
		}
	}
	if role == metadata.TARGETS && r.targets[role] != nil && len(s.Keys) > 0 {
		if err := r.again(ctx, role, root.Signed.Roles[role].KeyIDs); err != nil {
			return Outcome{}, err
		}
	}
	if _, err := r.put(ctx, stagedName(metadata.ROOT, version), root); err != nil {
		return Outcome{}, err
	}
	return r.Advance(ctx, false)
}

// again lays down what a role has released, signed by those of its new keys that are at hand.
func (r *Repository) again(ctx context.Context, role string, among []string) error {
	m, err := r.edit(ctx, role)
	if err == nil {
		err = signWith(m, r.keys, among)
	}
	if err == nil {
		_, err = r.put(ctx, stagedName(role, m.Signed.Version), m)
	}
	return err
}

// edit is the next version of targets or a site's, without signatures. Errors wrap ErrRequest where another next version waits.
func (r *Repository) edit(ctx context.Context, role string) (*targetsDoc, error) {
	m := metadata.Targets(r.expiry(r.life.Targets))
	if old := r.targets[role]; old != nil {
		var err error
		if m, err = copied(old); err != nil {
			return nil, err
		}
		m.ClearSignatures()
		m.Signed.Version++
		m.Signed.Expires = r.expiry(r.life.Targets)
	}
	return m, r.vacant(ctx, role, m.Signed.Version)
}

func stagedName(role string, version int64) string {
	return stagedPrefix + filepath.Base(versionName(version, role))
}

// vacant refuses to forget what waits for signatures.
func (r *Repository) vacant(ctx context.Context, role string, version int64) error {
	names, err := r.store.List(ctx, stagedPrefix)
	if err == nil && slices.Contains(names, stagedName(role, version)) {
		err = fmt.Errorf("%w: %s waits for signatures: sign or discard it", ErrRequest, stagedName(role, version))
	}
	return err
}

// sign signs metadata with the keys at hand and lays it down.
func (r *Repository) sign(ctx context.Context, role string, m *targetsDoc) error {
	among, _ := r.role(role)
	if err := signWith(m, r.keys, among); err != nil {
		return err
	}
	_, err := r.put(ctx, stagedName(role, m.Signed.Version), m)
	return err
}

// stage signs metadata, and publishes it if that is enough.
func (r *Repository) stage(ctx context.Context, role string, m *targetsDoc) (Outcome, error) {
	if err := r.sign(ctx, role, m); err != nil {
		return Outcome{}, err
	}
	return r.Advance(ctx, false)
}
