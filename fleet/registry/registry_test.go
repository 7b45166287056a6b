package registry_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dqa-go/dqa/fleet/registry"
)

// world is a registry, its owners' keys and a clock.
type world struct {
	t    *testing.T
	dir  registry.Dir // the store
	own  string       // what the owner trusts
	now  time.Time
	keys map[string]*registry.Key
	repo *registry.Repository
	root []byte // the first
}

var (
	begin = time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC)
	roles = []string{"root", "targets", "snapshot", "timestamp"}
)

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: registry.Dir(t.TempDir()), own: t.TempDir(), now: begin, keys: map[string]*registry.Key{}}
	signers := map[string]registry.Signers{}
	for _, role := range roles {
		signers[role] = registry.Signers{Keys: []*registry.Key{w.key(role)}}
	}
	var out registry.Outcome
	var err error
	w.repo, out, err = registry.Init(t.Context(), w.options(roles...), signers)
	if err != nil || len(out.Waiting) > 0 {
		t.Fatalf("%+v, %v", out, err)
	}
	w.root, err = w.repo.Root()
	w.must(err)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// key is the key of a name, made when it is first asked for.
func (w *world) key(name string) *registry.Key {
	if w.keys[name] == nil {
		k, err := registry.NewKey(w.t.TempDir(), name, nil)
		w.must(err)
		w.keys[name] = k
	}
	return w.keys[name]
}

func (w *world) signers(names ...string) (s registry.Signers) {
	for _, n := range names {
		s.Keys = append(s.Keys, w.key(n))
	}
	return s
}

func (w *world) options(keys ...string) registry.RepositoryOptions {
	return registry.RepositoryOptions{
		Store: w.dir, Dir: w.own, Root: w.root, Keys: w.signers(keys...).Keys, Now: func() time.Time { return w.now },
	}
}

// open makes the owner one with these keys at hand.
func (w *world) open(keys ...string) *registry.Repository {
	w.t.Helper()
	r, err := registry.OpenRepository(w.t.Context(), w.options(keys...))
	w.must(err)
	w.repo = r
	return r
}

// publish releases contents as a binary.
func (w *world) publish(name, contents string) registry.Target {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), name)
	w.must(os.WriteFile(path, []byte(contents), 0o600))
	all, out, err := w.repo.Publish(w.t.Context(), []string{path}, registry.Binary, "", "1", true)
	w.must(err)
	if len(out.Waiting) > 0 {
		w.t.Fatalf("%+v", out)
	}
	return all[0]
}

// device is a client with a disk of its own; stores: other ones than the world's.
func (w *world) device(opt registry.Options, stores ...registry.Store) *registry.Client {
	w.t.Helper()
	if opt.Dir == "" {
		opt.Dir = w.t.TempDir()
	}
	if opt.Stores = stores; len(stores) == 0 {
		opt.Stores = []registry.Store{w.dir}
	}
	opt.Root, opt.Now = w.root, func() time.Time { return w.now }
	c, err := registry.Open(opt)
	w.must(err)
	return c
}

// refresh must succeed.
func (w *world) refresh(c *registry.Client) {
	w.t.Helper()
	w.must(c.Refresh(w.t.Context()))
}

// snapshot copies the store as it is now.
func (w *world) snapshot() registry.Dir {
	w.t.Helper()
	dir := w.t.TempDir()
	w.must(os.CopyFS(dir, os.DirFS(string(w.dir))))
	return registry.Dir(dir)
}

// alter changes a file of a store.
func (w *world) alter(s registry.Dir, name string, f func([]byte) []byte) {
	w.t.Helper()
	path := filepath.Join(string(s), name)
	b, err := os.ReadFile(path)
	w.must(err)
	w.must(os.WriteFile(path, f(b), 0o600))
}

func sum(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

// odd is a store whose answers are others than those of the one below it.
type odd struct {
	registry.Store
	get  func(ctx context.Context, name string) (io.ReadCloser, error)
	asks []string
}

func (o *odd) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	o.asks = append(o.asks, name)
	if o.get != nil {
		if r, err := o.get(ctx, name); r != nil || err != nil {
			return r, err
		}
	}
	return o.Store.Get(ctx, name)
}

func TestPublishAndFetch(t *testing.T) {
	w := newWorld(t)
	target := w.publish("tool", "contents")
	c := w.device(registry.Options{})
	if _, err := c.Targets(); err == nil {
		t.Error("targets before Refresh")
	}
	w.refresh(c)
	path, err := c.Fetch(t.Context(), target, "")
	w.must(err)
	if b, err := os.ReadFile(path); err != nil || string(b) != "contents" {
		t.Errorf("%q, %v", b, err)
	}
	// A file that has changed on the device's disk is fetched again.
	w.must(os.WriteFile(path, []byte("CONTENTS"), 0o600))
	if _, err := c.Installed(target.Digest); err == nil {
		t.Error("a changed file is installed")
	}
	_, err = c.Fetch(t.Context(), target, "")
	w.must(err)
	if _, err := c.Installed(target.Digest); err != nil {
		t.Error(err)
	}
	w.must(c.Prune())
	if _, err := c.Installed(target.Digest); err == nil {
		t.Error("a pruned file is installed")
	}
}

func TestWithdrawn(t *testing.T) {
	w := newWorld(t)
	target := w.publish("tool", "contents")
	c := w.device(registry.Options{})
	w.refresh(c)
	_, err := w.repo.Withdraw(t.Context(), target.Name)
	w.must(err)
	w.refresh(c)
	if _, err := c.Fetch(t.Context(), target, ""); !is(err, registry.ErrMissing) {
		t.Errorf("a withdrawn target: %v", err)
	}
	if _, err := w.repo.Withdraw(t.Context(), target.Name); !is(err, registry.ErrRequest) {
		t.Errorf("withdrawn twice: %v", err)
	}
}

func TestReplaceMustBeAsked(t *testing.T) {
	w := newWorld(t)
	w.publish("tool", "one")
	path := filepath.Join(t.TempDir(), "tool")
	w.must(os.WriteFile(path, []byte("two"), 0o600))
	if _, _, err := w.repo.Publish(t.Context(), []string{path}, registry.Binary, "", "1", false); !is(err, registry.ErrRequest) {
		t.Errorf("replaced: %v", err)
	}
}

// A target of a threshold of two waits for the second signature, which another person adds with other keys at hand.
func TestThreshold(t *testing.T) {
	w := newWorld(t)
	w.open("root", "targets", "second", "snapshot", "timestamp")
	s := w.signers("targets", "second")
	s.Threshold = 2
	out, err := w.repo.Rotate(t.Context(), "targets", s)
	if err != nil || len(out.Waiting) > 0 {
		t.Fatalf("%+v, %v", out, err)
	}
	w.open("targets", "snapshot", "timestamp")
	path := filepath.Join(t.TempDir(), "tool")
	w.must(os.WriteFile(path, []byte("contents"), 0o600))
	_, out, err = w.repo.Publish(t.Context(), []string{path}, registry.Binary, "", "1", false)
	if err != nil || len(out.Waiting) != 1 || out.Waiting[0].Signatures != 1 || out.Waiting[0].Threshold != 2 ||
		!strings.HasPrefix(out.Waiting[0].Changes[0], "+ binary/tool ") {
		t.Fatalf("%+v, %v", out, err)
	}
	if _, _, err := w.repo.Publish(t.Context(), []string{path}, registry.Binary, "", "1", false); !is(err, registry.ErrRequest) {
		t.Errorf("over what waits: %v", err)
	}
	c := w.device(registry.Options{})
	w.refresh(c)
	if all, _ := c.Targets(); len(all) != 0 {
		t.Errorf("released with one of two signatures: %v", all)
	}
	// The second person has no online keys: it still waits, for these.
	more, err := w.open("second").Sign(t.Context(), out.Waiting[0].Name)
	if err != nil || len(more.Waiting) != 1 || len(more.Published) != 0 {
		t.Fatalf("%+v, %v", more, err)
	}
	_, err = w.open("snapshot", "timestamp").Advance(t.Context(), true)
	w.must(err)
	w.refresh(c)
	if all, _ := c.Targets(); len(all) != 1 {
		t.Errorf("not released with two signatures: %v", all)
	}
}

// A site's keys release for the site alone.
func TestSites(t *testing.T) {
	w := newWorld(t)
	_, err := w.repo.Delegate(t.Context(), "plant", w.signers("plant"))
	w.must(err)
	w.refresh(w.device(registry.Options{Site: "plant"})) // delegated, nothing released
	w.open("plant", "snapshot", "timestamp")
	path := filepath.Join(t.TempDir(), "tool")
	w.must(os.WriteFile(path, []byte("plant's"), 0o600))
	all, out, err := w.repo.Publish(t.Context(), []string{path}, registry.Binary, "plant", "1", false)
	if err != nil || len(out.Waiting) > 0 || all[0].Name != "sites/plant/binary/tool" {
		t.Fatalf("%+v %+v, %v", all, out, err)
	}
	here, there := w.device(registry.Options{Site: "plant"}), w.device(registry.Options{Site: "other"})
	w.refresh(here)
	w.refresh(there)
	_, err = here.Fetch(t.Context(), all[0], "")
	w.must(err)
	if _, err := there.Fetch(t.Context(), all[0], ""); !is(err, registry.ErrForeign) {
		t.Errorf("another site's target: %v", err)
	}
	if _, out, err := w.repo.Publish(t.Context(), []string{path}, registry.Binary, "", "1", false); err != nil || len(out.Waiting) != 1 {
		t.Errorf("a site's keys release for all: %+v, %v", out, err)
	}
	// The site's key is lost: another one, which signs anew what was released.
	w.must(w.repo.Discard(t.Context(), "3.targets.json"))
	out, err = w.open("targets", "plant2", "snapshot", "timestamp").Delegate(t.Context(), "plant", w.signers("plant2"))
	if err != nil || len(out.Waiting) > 0 {
		t.Fatalf("%+v, %v", out, err)
	}
	w.refresh(here)
	_, err = here.Fetch(t.Context(), all[0], "")
	w.must(err)
}

func TestEncryptedKeys(t *testing.T) {
	dir := t.TempDir()
	if _, err := registry.NewKey(dir, "owner", []byte("secret")); err != nil {
		t.Fatal(err)
	}
	if _, err := registry.NewKey(dir, "owner", nil); !is(err, registry.ErrKeys) {
		t.Errorf("overwritten: %v", err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "owner.key"))
	if err != nil || bytes.Contains(b, []byte("PRIVATE")) {
		t.Fatalf("not encrypted: %v", err)
	}
	all, err := registry.Keys(dir)
	if err != nil || len(all) != 1 || !all[0].Encrypted || !all[0].Private {
		t.Fatalf("%+v, %v", all, err)
	}
	word := func(s string) func(string) ([]byte, error) {
		return func(string) ([]byte, error) { return []byte(s), nil }
	}
	if err := all[0].Unlock(dir, word("other")); !is(err, registry.ErrKeys) {
		t.Errorf("a wrong passphrase: %v", err)
	}
	if err := all[0].Unlock(dir, word("secret")); err != nil {
		t.Error(err)
	}
	if err := os.Chmod(filepath.Join(dir, "owner.key"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := registry.Keys(dir); !is(err, registry.ErrKeys) {
		t.Errorf("a key that all may read: %v", err)
	}
}
