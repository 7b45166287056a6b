package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Metadata of the four roles.
type (
	rootDoc      = metadata.Metadata[metadata.RootType]
	targetsDoc   = metadata.Metadata[metadata.TargetsType]
	snapshotDoc  = metadata.Metadata[metadata.SnapshotType]
	timestampDoc = metadata.Metadata[metadata.TimestampType]
)

// Lifetimes say how long metadata counts before somebody must sign again; 0: the default.
type Lifetimes struct {
	Root, Targets, Snapshot, Timestamp time.Duration
}

const day = 24 * time.Hour

// DefaultLifetimes bound how long a thief of a key, or who cuts a device off, can keep it from what is new.
var DefaultLifetimes = Lifetimes{365 * day, 90 * day, 14 * day, 7 * day}

func (l Lifetimes) filled() Lifetimes {
	for _, p := range []struct{ v, d *time.Duration }{
		{&l.Root, &DefaultLifetimes.Root}, {&l.Targets, &DefaultLifetimes.Targets},
		{&l.Snapshot, &DefaultLifetimes.Snapshot}, {&l.Timestamp, &DefaultLifetimes.Timestamp},
	} {
		if *p.v <= 0 {
			*p.v = *p.d
		}
	}
	return l
}

// Signers are the keys of a role, of which Threshold must sign; 0: one.
type Signers struct {
	Keys      []*Key
	Threshold int
}

// RepositoryOptions open a Repository.
type RepositoryOptions struct {
	Store     Store
	Dir       string // where it keeps what it has verified: nobody can make it sign over what is older or another's
	Root      []byte // the first root; needed where Dir holds none
	Keys      []*Key // that it signs with, unlocked; others are of no use
	Lifetimes Lifetimes
	Now       func() time.Time
}

// Repository is how owners of keys release: it verifies what is there, changes it, signs with the keys at hand, and publishes what has
// all signatures; the rest waits in the store. One person at a time changes a registry: two at once make a release that
// no device accepts until one of them releases again.
type Repository struct {
	store Store
	view  view
	keys  []*Key
	now   func() time.Time
	life  Lifetimes
	state
}

// state is a release.
type state struct {
	root      *rootDoc
	targets   map[string]*targetsDoc // by role: targets, and sites
	snapshot  *snapshotDoc           // nil: none yet
	timestamp *timestampDoc
}

func newRepository(opt RepositoryOptions) *Repository {
	r := &Repository{
		store: opt.Store, keys: opt.Keys, now: opt.Now, life: opt.Lifetimes.filled(),
		// Nothing is too old to be renewed: the year 1 is before every expiry.
		view: view{dir: opt.Dir, site: allSites, now: func() time.Time { return time.Time{} }, pace: pace{}.filled()},
	}
	if r.now == nil {
		r.now = time.Now
	}
	return r
}

// OpenRepository verifies what the store holds. Errors wrap ErrMissing where there is no root, and what a Client refuses, save what has
// expired.
func OpenRepository(ctx context.Context, opt RepositoryOptions) (*Repository, error) {
	r := newRepository(opt)
	if err := r.view.pin(opt.Root); err != nil {
		return nil, err
	}
	return r, r.load(ctx)
}

// load verifies the store's release.
func (r *Repository) load(ctx context.Context) error {
	err := r.view.pull(ctx, r.store)
	if err == nil {
		t := r.view.got
		r.state = state{t.Root, t.Targets, t.Snapshot, t.Timestamp}
		return nil
	}
	old, kept := r.view.kept(metadata.TIMESTAMP, maxTimestamp)
	names, list := r.store.List(ctx, metadataPrefix)
	if !errors.Is(err, ErrMissing) || old != nil || errors.Join(kept, list) != nil || slices.Contains(names, timestampName) {
		return err
	}
	// There is a root and nothing else yet.
	b, err := r.view.kept(metadata.ROOT, maxRoot)
	if err != nil {
		return err
	}
	root, err := parse[metadata.RootType](b)
	r.state = state{root: root, targets: map[string]*targetsDoc{}}
	return err
}

// Init begins a registry: its first root says whose keys count. It is published if its keys are at hand, else it waits for signatures:
// Outcome says where. Errors wrap ErrRequest, ErrKeys, ErrStore and those of writing.
func Init(ctx context.Context, opt RepositoryOptions, roles map[string]Signers) (*Repository, Outcome, error) {
	r := newRepository(opt)
	names, err := r.store.List(ctx, "")
	if err != nil {
		return nil, Outcome{}, err
	}
	if len(names) > 0 {
		return nil, Outcome{}, fmt.Errorf("%w: the store holds %s already", ErrRequest, names[0])
	}
	root := metadata.Root(r.expiry(r.life.Root))
	for _, role := range metadata.TOP_LEVEL_ROLE_NAMES {
		if err := setRole(&root.Signed, role, roles[role]); err != nil {
			return nil, Outcome{}, err
		}
	}
	if err := signWith(root, r.keys, root.Signed.Roles[metadata.ROOT].KeyIDs); err != nil {
		return nil, Outcome{}, err
	}
	b, err := root.ToBytes(true)
	if err != nil {
		return nil, Outcome{}, err
	}
	out, err := r.PublishRoot(ctx, b)
	return r, out, err
}

// setRole gives a role its keys.
func setRole(root *metadata.RootType, role string, s Signers) error {
	if len(s.Keys) == 0 {
		return fmt.Errorf("%w: role %s has no key", ErrKeys, role)
	}
	threshold := max(s.Threshold, 1)
	if n := len(slices.Compact(ids(s.Keys))); threshold > n {
		return fmt.Errorf("%w: role %s: %d of %d keys cannot sign", ErrKeys, role, threshold, n)
	}
	old := slices.Clone(root.Roles[role].KeyIDs)
	for _, k := range s.Keys {
		if err := root.AddKey(k.public, role); err != nil {
			return fmt.Errorf("%w: %w", ErrKeys, err)
		}
	}
	for _, id := range old {
		if !slices.Contains(ids(s.Keys), id) {
			if err := root.RevokeKey(id, role); err != nil {
				return fmt.Errorf("%w: %w", ErrKeys, err)
			}
		}
	}
	root.Roles[role].Threshold = threshold
	return nil
}

func (r *Repository) expiry(life time.Duration) time.Time {
	return r.now().UTC().Add(life).Truncate(time.Second)
}

// parse reads metadata of a type. Errors wrap ErrUntrusted.
func parse[T metadata.Roles](b []byte) (m *metadata.Metadata[T], err error) {
	err = guard(func() error {
		m, err = new(metadata.Metadata[T]).FromBytes(b)
		return err
	})
	return m, err
}

// copied is a deep copy.
func copied[T metadata.Roles](m *metadata.Metadata[T]) (*metadata.Metadata[T], error) {
	b, err := m.ToBytes(false)
	if err != nil {
		return nil, err
	}
	return parse[T](b)
}

// signWith signs with those of keys that are among the IDs and have their private halves at hand.
func signWith[T metadata.Roles](m *metadata.Metadata[T], keys []*Key, among []string) error {
	for _, k := range keys {
		if k.private == nil || !slices.Contains(among, k.ID) {
			continue
		}
		m.Signatures = slices.DeleteFunc(m.Signatures, func(s metadata.Signature) bool { return s.KeyID == k.ID })
		s, err := k.signer()
		if err != nil {
			return fmt.Errorf("%w: %s: %w", ErrKeys, k.Name, err)
		}
		if _, err := m.Sign(s); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrKeys, k.Name, err)
		}
	}
	return nil
}

// role is who may sign a role, by what delegates to it.
func (s *state) role(name string) (ids []string, threshold int) {
	if role := s.root.Signed.Roles[name]; role != nil {
		return role.KeyIDs, role.Threshold
	}
	if m := s.targets[metadata.TARGETS]; m != nil && m.Signed.Delegations != nil {
		for _, role := range m.Signed.Delegations.Roles {
			if role.Name == name {
				return role.KeyIDs, role.Threshold
			}
		}
	}
	return nil, 0
}

// verify asks whether metadata of targets or a site has its signatures.
func (s *state) verify(role string, m *targetsDoc) error {
	return guard(func() error {
		if role == metadata.TARGETS {
			return s.root.VerifyDelegate(role, m)
		}
		if s.targets[metadata.TARGETS] == nil {
			return fmt.Errorf("%w: nobody delegates to %s", ErrUntrusted, role)
		}
		return s.targets[metadata.TARGETS].VerifyDelegate(role, m)
	})
}

// enough tells whether the keys at hand can sign a role alone.
func (r *Repository) enough(s *state, role string) bool {
	among, threshold := s.role(role)
	n := 0
	for _, k := range r.keys {
		if k.private != nil && slices.Contains(among, k.ID) {
			n++
		}
	}
	return threshold > 0 && n >= threshold
}

func (s state) clone() state {
	s.targets = maps.Clone(s.targets)
	return s
}

// put writes metadata to the store.
func (r *Repository) put(ctx context.Context, name string, m interface{ ToBytes(bool) ([]byte, error) }) ([]byte, error) {
	b, err := m.ToBytes(true)
	if err != nil {
		return nil, err
	}
	return b, r.store.Put(ctx, name, bytes.NewReader(b))
}

// Root is the trusted root as it is stored: what devices get another way.
func (r *Repository) Root() ([]byte, error) { return r.view.kept(metadata.ROOT, maxRoot) }

// Targets are all that is released, by name.
func (r *Repository) Targets() ([]Target, error) {
	if r.view.got == nil {
		return nil, nil
	}
	return r.view.targets()
}
