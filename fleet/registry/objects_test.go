package registry_test

import (
	"strings"
	"testing"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/registry"
	"go.uber.org/goleak"
)

// nats.go 1.55.0 leaves a goroutine behind that waits for a channel which CleanupPublisher has set to nil, where it comes too late to see
// that it was closed.
const leftBehind = "github.com/nats-io/nats.go/jetstream.(*jetStream).resetPendingAcksOnReconnect"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreTopFunction(leftBehind)) }

// JetStream's object store is a Store as a folder is.
func TestObjects(t *testing.T) {
	s, err := link.Start(t.TempDir(), link.ServerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	l, err := link.Connect(t.Context(), link.Options{URL: s.URL(), Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	if _, err := registry.Objects(t.Context(), l.JS, 0); !is(err, registry.ErrMissing) {
		t.Errorf("no bucket yet: %v", err)
	}
	store, err := registry.Objects(t.Context(), l.JS, 1)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	names, err := w.dir.List(t.Context(), "")
	w.must(err)
	for _, name := range names {
		r, err := w.dir.Get(t.Context(), name)
		w.must(err)
		w.must(store.Put(t.Context(), name, r))
		w.must(r.Close())
	}
	opt := w.options(roles...)
	opt.Store = store
	w.repo, err = registry.OpenRepository(t.Context(), opt)
	w.must(err)
	target := w.publish("tool", strings.Repeat("contents ", 50_000)) // several chunks
	c := w.device(registry.Options{}, store)
	w.refresh(c)
	_, err = c.Fetch(t.Context(), target, "")
	w.must(err)
	list, err := store.List(t.Context(), "targets/")
	if err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
	w.must(store.Delete(t.Context(), list[0]))
	w.must(store.Delete(t.Context(), list[0]))
	if _, err := store.Get(t.Context(), list[0]); !is(err, registry.ErrMissing) {
		t.Errorf("deleted: %v", err)
	}
}
