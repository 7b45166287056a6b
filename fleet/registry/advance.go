package registry

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Outcome is what became of a change.
type Outcome struct {
	Published []string  `json:"published"` // metadata, by its name in the store
	Waiting   []Waiting `json:"waiting"`
}

// Waiting is metadata that is not published yet.
type Waiting struct {
	Name       string   `json:"name"` // in the store
	Signatures int      `json:"signatures"`
	Threshold  int      `json:"threshold"`
	Changes    []string `json:"changes"` // beside what is published
	Why        string   `json:"why"`
}

// PublishRoot lays the next root down, as it came from the machine that signs roots, and publishes it if it has its signatures. The
// first one is trusted because the caller does. Errors wrap ErrUntrusted, ErrRequest and ErrStore.
func (r *Repository) PublishRoot(ctx context.Context, b []byte) (Outcome, error) {
	root, err := parse[metadata.RootType](b)
	if err != nil {
		return Outcome{}, err
	}
	v := root.Signed.Version
	if r.root == nil {
		if v != 1 {
			return Outcome{}, fmt.Errorf("%w: the first root has version %d", ErrRequest, v)
		}
		if guard(func() error { return root.VerifyDelegate(metadata.ROOT, root) }) != nil {
			err := r.store.Put(ctx, stagedName(metadata.ROOT, 1), bytes.NewReader(b))
			return Outcome{Waiting: []Waiting{waitingRoot(nil, root)}}, err
		}
		if err := r.view.pin(b); err != nil {
			return Outcome{}, err
		}
		if err := r.store.Put(ctx, rootName(1), bytes.NewReader(b)); err != nil {
			return Outcome{}, err
		}
		r.state = state{root: root, targets: map[string]*targetsDoc{}}
		out, err := r.Advance(ctx, true)
		return out, errors.Join(err, r.store.Delete(ctx, stagedName(metadata.ROOT, 1)))
	}
	if v != r.root.Signed.Version+1 {
		return Outcome{}, fmt.Errorf("%w: root %d follows root %d", ErrRequest, v, r.root.Signed.Version)
	}
	if err := r.store.Put(ctx, stagedName(metadata.ROOT, v), bytes.NewReader(b)); err != nil {
		return Outcome{}, err
	}
	return r.Advance(ctx, false)
}

// Sign adds signatures of the keys at hand to what waits in the store under a name, as Outcome gives it, and publishes it if that is
// enough. Errors wrap ErrMissing, ErrUntrusted, ErrKeys and ErrStore.
func (r *Repository) Sign(ctx context.Context, name string) (Outcome, error) {
	name = stagedPrefix + path.Base(name)
	b, err := r.view.read(ctx, r.store, name, maxTargets)
	if err != nil {
		return Outcome{}, err
	}
	if b, _, err = AddSignature(b, r.keys); err != nil {
		return Outcome{}, err
	}
	if err := r.store.Put(ctx, name, bytes.NewReader(b)); err != nil {
		return Outcome{}, err
	}
	return r.Advance(ctx, false)
}

// Discard forgets what waits in the store under a name.
func (r *Repository) Discard(ctx context.Context, name string) error {
	return r.store.Delete(ctx, stagedPrefix+path.Base(name))
}

// AddSignature signs a root, or metadata of targets, with keys, and tells what it signs. It needs no store: for machines without a
// network. Errors wrap ErrUntrusted and ErrKeys.
func AddSignature(b []byte, keys []*Key) (signed []byte, what Waiting, err error) {
	var all []string
	for _, k := range keys {
		if k.private != nil {
			all = append(all, k.ID)
		}
	}
	if len(all) == 0 {
		return nil, what, fmt.Errorf("%w: no private key is at hand", ErrKeys)
	}
	if root, err := parse[metadata.RootType](b); err == nil {
		if err := signWith(root, keys, all); err != nil {
			return nil, what, err
		}
		signed, err = root.ToBytes(true)
		return signed, waitingRoot(nil, root), err
	}
	m, err := parse[metadata.TargetsType](b)
	if err != nil {
		return nil, what, err
	}
	if err := signWith(m, keys, all); err != nil {
		return nil, what, err
	}
	signed, err = m.ToBytes(true)
	return signed, Waiting{Signatures: len(m.Signatures), Changes: changesOf(nil, m)}, err
}

// Look tells what somebody would sign, of a root or of metadata of targets. Errors wrap ErrUntrusted.
func Look(b []byte) (Waiting, error) {
	if root, err := parse[metadata.RootType](b); err == nil {
		return waitingRoot(nil, root), nil
	}
	m, err := parse[metadata.TargetsType](b)
	if err != nil {
		return Waiting{}, err
	}
	return Waiting{Signatures: len(m.Signatures), Changes: changesOf(nil, m)}, nil
}

// staged is what waits in the store, parsed: the next versions of roles. What is none is left alone.
type staged struct {
	root    *rootDoc
	targets map[string]*targetsDoc
	names   map[string]string // by role
}

func (r *Repository) staged(ctx context.Context) (staged, error) {
	s := staged{targets: map[string]*targetsDoc{}, names: map[string]string{}}
	names, err := r.store.List(ctx, stagedPrefix)
	if err != nil {
		return s, err
	}
	for _, name := range names {
		number, rest, _ := strings.Cut(path.Base(name), ".")
		role, ok := strings.CutSuffix(rest, ".json")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil || !ok || !r.follows(role, version) {
			continue
		}
		b, err := r.view.read(ctx, r.store, name, maxTargets)
		if err != nil {
			return s, err
		}
		if role == metadata.ROOT {
			if root, err := parse[metadata.RootType](b); err == nil && root.Signed.Version == version {
				s.root, s.names[role] = root, name
			}
		} else if m, err := parse[metadata.TargetsType](b); err == nil && m.Signed.Version == version {
			s.targets[role], s.names[role] = m, name
		}
	}
	return s, nil
}

// follows tells whether a version of a role is the next one.
func (r *Repository) follows(role string, version int64) bool {
	if role == metadata.ROOT {
		return version == r.root.Signed.Version+1
	}
	if old := r.targets[role]; old != nil {
		return version == old.Signed.Version+1
	}
	return version == 1 && (role == metadata.TARGETS || checkSite(role) == nil)
}

// Advance publishes what waits and has all its signatures, all of it or nothing, with a new snapshot and timestamp; the keys of these
// must be at hand, or it goes on waiting. renew signs a new timestamp in any case, and what has less than half of its time left,
// as far as keys are at hand. Errors wrap ErrStore, ErrKeys and those of writing.
func (r *Repository) Advance(ctx context.Context, renew bool) (Outcome, error) {
	waits, err := r.staged(ctx)
	if err != nil {
		return Outcome{}, err
	}
	next, taken := r.take(waits)
	if renew {
		if err := r.renew(&next, taken); err != nil {
			return Outcome{}, err
		}
	}
	out := Outcome{Waiting: r.waiting(&next, waits, taken)}
	online := r.enough(&next, metadata.SNAPSHOT) && r.enough(&next, metadata.TIMESTAMP)
	if len(taken) == 0 && !renew {
		return out, nil
	}
	if !online {
		for role := range taken {
			out.Waiting = append(out.Waiting, Waiting{Name: waits.names[role],
				Why: "the keys of snapshot and timestamp are not here: sign --renew where they are"})
		}
		if renew {
			return out, fmt.Errorf("%w: those of snapshot and timestamp are not here", ErrKeys)
		}
		return out, nil
	}
	if out.Published, err = r.commit(ctx, next, taken); err != nil {
		return out, err
	}
	for role := range taken {
		if name := waits.names[role]; name != "" {
			err = errors.Join(err, r.store.Delete(ctx, name))
		}
	}
	return out, errors.Join(err, r.load(ctx))
}

// take is the release with all that waits and is signed. A root, or targets, that would leave others without their signatures is not
// taken before these have them.
func (r *Repository) take(w staged) (state, map[string]bool) {
	try := func(withRoot, withTargets bool) (state, map[string]bool, bool) {
		next, taken := r.clone(), map[string]bool{}
		if withRoot && w.root != nil && guard(func() error {
			return errors.Join(r.root.VerifyDelegate(metadata.ROOT, w.root), w.root.VerifyDelegate(metadata.ROOT, w.root))
		}) == nil {
			next.root, taken[metadata.ROOT] = w.root, true
		}
		if m := w.targets[metadata.TARGETS]; withTargets && m != nil && next.verify(metadata.TARGETS, m) == nil {
			next.targets[metadata.TARGETS], taken[metadata.TARGETS] = m, true
		}
		for role, m := range w.targets {
			if role != metadata.TARGETS && next.verify(role, m) == nil {
				next.targets[role], taken[role] = m, true
			}
		}
		for role, m := range next.targets {
			if next.verify(role, m) != nil {
				return next, taken, false
			}
		}
		return next, taken, true
	}
	for _, with := range [][2]bool{{true, true}, {true, false}, {false, true}} {
		if next, taken, ok := try(with[0], with[1]); ok {
			return next, taken
		}
	}
	next, taken, _ := try(false, false)
	return next, taken
}

// renew signs again what has less than half of its time left, as far as keys are at hand; there is always a document of targets.
func (r *Repository) renew(next *state, taken map[string]bool) error {
	if next.targets[metadata.TARGETS] == nil {
		next.targets[metadata.TARGETS] = metadata.Targets(r.expiry(r.life.Targets))
		if !r.enough(next, metadata.TARGETS) {
			return fmt.Errorf("%w: those of targets sign the first release", ErrKeys)
		}
		taken[metadata.TARGETS] = true
		among, _ := next.role(metadata.TARGETS)
		return signWith(next.targets[metadata.TARGETS], r.keys, among)
	}
	for role, old := range next.targets {
		if taken[role] || !r.enough(next, role) || old.Signed.Expires.Sub(r.now()) > r.life.Targets/2 {
			continue
		}
		m, err := copied(old)
		if err != nil {
			return err
		}
		m.ClearSignatures()
		m.Signed.Version++
		m.Signed.Expires = r.expiry(r.life.Targets)
		among, _ := next.role(role)
		if err := signWith(m, r.keys, among); err != nil {
			return err
		}
		next.targets[role], taken[role] = m, true
	}
	return nil
}

// commit publishes a release: whom a timestamp leads to comes before it.
func (r *Repository) commit(ctx context.Context, next state, taken map[string]bool) (names []string, err error) {
	put := func(name string, m interface{ ToBytes(bool) ([]byte, error) }) *metadata.MetaFiles {
		b, failed := r.put(ctx, name, m)
		err = errors.Join(err, failed)
		names = append(names, name)
		sum := sha256.Sum256(b)
		return &metadata.MetaFiles{Length: int64(len(b)), Hashes: metadata.Hashes{"sha256": sum[:]}}
	}
	snapshot, timestamp := metadata.Snapshot(r.expiry(r.life.Snapshot)), metadata.Timestamp(r.expiry(r.life.Timestamp))
	if next.snapshot != nil {
		snapshot.Signed.Version = next.snapshot.Signed.Version + 1
		timestamp.Signed.Version = next.timestamp.Signed.Version + 1
		snapshot.Signed.Meta = next.snapshot.Signed.Meta // of sites that nobody delegates to any more, too
	}
	for role, m := range next.targets {
		if taken[role] {
			f := put(versionName(m.Signed.Version, role), m)
			f.Version = m.Signed.Version
			snapshot.Signed.Meta[metaName(role)] = f
		}
	}
	if taken[metadata.ROOT] {
		put(rootName(next.root.Signed.Version), next.root)
	}
	among, _ := next.role(metadata.SNAPSHOT)
	if err := errors.Join(err, signWith(snapshot, r.keys, among)); err != nil {
		return nil, err
	}
	f := put(versionName(snapshot.Signed.Version, metadata.SNAPSHOT), snapshot)
	f.Version = snapshot.Signed.Version
	timestamp.Signed.Meta[metaName(metadata.SNAPSHOT)] = f
	among, _ = next.role(metadata.TIMESTAMP)
	if err := errors.Join(err, signWith(timestamp, r.keys, among)); err != nil {
		return nil, err
	}
	put(timestampName, timestamp)
	slices.Sort(names)
	return names, err
}

// waiting is what is not taken, and what it lacks.
func (r *Repository) waiting(next *state, w staged, taken map[string]bool) (all []Waiting) {
	if w.root != nil && !taken[metadata.ROOT] {
		all = append(all, waitingRoot(r.root, w.root))
	}
	for role, m := range w.targets {
		if taken[role] {
			continue
		}
		among, threshold := next.role(role)
		if w.root != nil && role == metadata.TARGETS {
			to := state{root: w.root}
			among, threshold = to.role(role)
		}
		all = append(all, Waiting{
			Name: w.names[role], Signatures: countSignatures(m.Signatures, among), Threshold: threshold,
			Changes: changesOf(r.targets[role], m), Why: "signatures are missing, here or of what belongs to it",
		})
	}
	slices.SortFunc(all, func(a, b Waiting) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func countSignatures(list []metadata.Signature, among []string) (n int) {
	for _, s := range list {
		if slices.Contains(among, s.KeyID) {
			n++
		}
	}
	return n
}

func waitingRoot(old, root *rootDoc) Waiting {
	role := root.Signed.Roles[metadata.ROOT]
	if role == nil {
		role = &metadata.Role{}
	}
	w := Waiting{
		Name:       stagedName(metadata.ROOT, root.Signed.Version),
		Signatures: countSignatures(root.Signatures, role.KeyIDs), Threshold: role.Threshold,
		Changes: []string{fmt.Sprintf("root %d, until %s", root.Signed.Version, root.Signed.Expires.Format(time.DateOnly))},
		Why:     "signatures are missing: of the old root's keys, of the new one's, or of what these must sign with it",
	}
	for _, name := range metadata.TOP_LEVEL_ROLE_NAMES {
		now := root.Signed.Roles[name]
		if now == nil {
			continue
		}
		if old != nil && slices.Equal(sorted(now.KeyIDs), sorted(old.Signed.Roles[name].KeyIDs)) &&
			now.Threshold == old.Signed.Roles[name].Threshold {
			continue
		}
		w.Changes = append(w.Changes, fmt.Sprintf("%s: %d of %s", name, now.Threshold, strings.Join(short(now.KeyIDs), ", ")))
	}
	return w
}

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }

func short(ids []string) (all []string) {
	for _, id := range ids {
		all = append(all, fmt.Sprintf("%.12s", id))
	}
	return all
}

// changesOf are the lines in which two releases differ: "+ NAME sha256", "- NAME", delegations.
func changesOf(old, m *targetsDoc) (all []string) {
	if old == nil {
		old = &targetsDoc{}
	}
	for name, f := range m.Signed.Targets {
		if was := old.Signed.Targets[name]; f != nil && (was == nil || !was.Equal(*f)) {
			all = append(all, fmt.Sprintf("+ %s %.12x", name, []byte(f.Hashes["sha256"])))
		}
	}
	for name := range old.Signed.Targets {
		if m.Signed.Targets[name] == nil {
			all = append(all, "- "+name)
		}
	}
	for _, d := range delegated(m) {
		if !slices.Contains(delegated(old), d) {
			all = append(all, "+ "+d)
		}
	}
	for _, d := range delegated(old) {
		if !slices.Contains(delegated(m), d) {
			all = append(all, "- "+d)
		}
	}
	slices.Sort(all)
	return all
}

// delegated are a document's delegations, a line each.
func delegated(m *targetsDoc) (all []string) {
	if m.Signed.Delegations == nil {
		return nil
	}
	for _, d := range m.Signed.Delegations.Roles {
		all = append(all, fmt.Sprintf("site %s: %d of %s", d.Name, d.Threshold, strings.Join(short(sorted(d.KeyIDs)), ", ")))
	}
	return all
}

// PublishRoot is Repository.PublishRoot of a registry that may have no root yet: the first is trusted because the caller does.
func PublishRoot(ctx context.Context, opt RepositoryOptions, b []byte) (Outcome, error) {
	r := newRepository(opt)
	names, err := r.store.List(ctx, metadataPrefix)
	if err != nil {
		return Outcome{}, err
	}
	if len(names) > 0 {
		if r, err = OpenRepository(ctx, opt); err != nil {
			return Outcome{}, err
		}
	}
	return r.PublishRoot(ctx, b)
}

// Role is who signs for a role, and until when what they signed counts.
type Role struct {
	Name      string    `json:"name"`
	Version   int64     `json:"version"`
	Expires   time.Time `json:"expires"`
	Threshold int       `json:"threshold"`
	Keys      []string  `json:"keys"` // IDs
}

// Roles are the four, and the sites that have released something.
func (r *Repository) Roles() (all []Role) {
	add := func(name string, version int64, expires time.Time) {
		among, threshold := r.role(name)
		all = append(all, Role{name, version, expires, threshold, sorted(among)})
	}
	add(metadata.ROOT, r.root.Signed.Version, r.root.Signed.Expires)
	for _, role := range slices.Sorted(maps.Keys(r.targets)) {
		add(role, r.targets[role].Signed.Version, r.targets[role].Signed.Expires)
	}
	if r.snapshot != nil {
		add(metadata.SNAPSHOT, r.snapshot.Signed.Version, r.snapshot.Signed.Expires)
		add(metadata.TIMESTAMP, r.timestamp.Signed.Version, r.timestamp.Signed.Expires)
	}
	return all
}

// Waiting is what waits for signatures.
func (r *Repository) Waiting(ctx context.Context) ([]Waiting, error) {
	w, err := r.staged(ctx)
	if err != nil {
		return nil, err
	}
	next := r.clone()
	return r.waiting(&next, w, nil), nil
}
