package managed_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/demo"
	"github.com/dqa-go/dqa/fleet/device"
	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/managed"
	"github.com/dqa-go/dqa/fleet/outbox"
	"github.com/dqa-go/dqa/fleet/registry"
	"github.com/dqa-go/dqa/fleet/rollout"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// product is a network with a profile.
type product struct {
	model, profile string // files
	variant        rollout.Variant
	head           device.Head
	parsed         *profile.Profile
}

// makeProduct calibrates a network: the demonstration's, changed in one bit by number, 0 being itself.
func makeProduct(t *testing.T, number int, bits int, change func(*profile.Preprocess)) product {
	t.Helper()
	net, _ := demo.Network("demo:classify")
	model := bytes.Clone(net.Model)
	if number > 0 {
		model[len(model)/2+4*number] ^= 1
	}
	pre := net.Preprocess
	if change != nil {
		change(&pre)
	}
	dir := t.TempDir()
	p := product{model: filepath.Join(dir, "net.onnx"), profile: filepath.Join(dir, "p.dqap")}
	must(t, os.WriteFile(p.model, model, 0o644))
	n, err := session.Open(p.model, session.Options{Preprocess: &pre})
	must(t, err)
	data, err := n.Data("demo:classify[0:2]")
	must(t, err)
	v := session.Variant{Setting: profile.Setting{Name: "direct", Bits: bits}}
	made, err := n.Calibrate(t.Context(), data, v, session.CalibrateOptions{})
	must(t, err)
	b := made.Profile.Append(nil)
	must(t, os.WriteFile(p.profile, b, 0o644))
	p.parsed, err = profile.Parse(b)
	must(t, err)
	q, err := n.Bind(p.parsed)
	must(t, err)
	ends, err := q.Ends("3")
	must(t, err)
	p.head = device.Head{Ends: ends, Model: "net.onnx", Profile: p.parsed.Digest()}
	sum, digest := sha256.Sum256(model), p.parsed.Digest()
	p.variant = rollout.Variant{Profile: hex.EncodeToString(digest[:]), Model: hex.EncodeToString(sum[:]), Format: p.parsed.SchemaVersion()}
	return p
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// shop is a registry with its owner.
type shop struct {
	dir  registry.Dir
	repo *registry.Repository
	root []byte
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{dir: registry.Dir(t.TempDir())}
	signers := map[string]registry.Signers{}
	var keys []*registry.Key
	for _, role := range []string{"root", "targets", "snapshot", "timestamp"} {
		k, err := registry.NewKey(t.TempDir(), role, nil)
		must(t, err)
		signers[role], keys = registry.Signers{Keys: []*registry.Key{k}}, append(keys, k)
	}
	var err error
	s.repo, _, err = registry.Init(t.Context(), registry.RepositoryOptions{Store: s.dir, Dir: t.TempDir(), Keys: keys}, signers)
	must(t, err)
	s.root, err = s.repo.Root()
	must(t, err)
	return s
}

// release publishes a file.
func (s *shop) release(t *testing.T, path, name string, kind registry.Kind) registry.Target {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	path = filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(path, b, 0o644))
	all, _, err := s.repo.Publish(t.Context(), []string{path}, kind, "", "", true)
	must(t, err)
	return all[0]
}

// loader is a device's, with a disk of its own where dir is "".
func (s *shop) loader(t *testing.T, dir string, p product, most int64) managed.Loader {
	t.Helper()
	if dir == "" {
		dir = t.TempDir()
	}
	c, err := registry.Open(registry.Options{Dir: dir, Root: s.root, Stores: []registry.Store{s.dir}, MaxTarget: most})
	must(t, err)
	return managed.Loader{Registry: c, Dir: dir, Model: p.model, Digest: p.variant.Model, At: "3", Lean: true}
}

// begin starts a device that nobody answers, and manages it.
func begin(t *testing.T, load managed.Loader, s managed.Start) (*device.Device, *managed.Device) {
	t.Helper()
	opt := device.Options{Name: "d", Dir: t.TempDir(), Sink: nothing{}, Link: link.Options{URL: "nats://127.0.0.1:1"}}
	d, err := device.Start(t.Context(), opt, s.Run)
	must(t, err)
	t.Cleanup(func() { _ = d.Close() })
	return d, managed.NewDevice(d, s, load, 0)
}

type nothing struct{}

func (nothing) Put(device.Answer) error { return nil }
func (nothing) Flush() error            { return nil }
func (nothing) Has(outbox.ID) bool      { return false }

func start(p product) managed.Start {
	return managed.Start{Factory: p.head, Run: p.head, Images: p.parsed.Preprocess}
}

// A device takes a network with its profile, and is started again: it goes on with both, verified again; and with what it was started with
// where what it has is damaged, or of another network.
func TestGoesOnWithWhatWasInstalled(t *testing.T) {
	s, old, next := newShop(t), makeProduct(t, 0, 3, nil), makeProduct(t, 1, 3, nil)
	s.release(t, next.model, "next.onnx", registry.Model)
	s.release(t, next.profile, "next.dqap", registry.Profile)
	dir := t.TempDir()
	load := s.loader(t, dir, old, 0)
	begun := start(old)
	if n, err := load.Last(&begun); n != 0 || err != nil || begun.Run.Profile != old.head.Profile {
		t.Fatalf("nothing is installed: %d, %v", n, err)
	}
	d, m := begin(t, load, begun)
	v := next.variant
	v.Replaces = old.variant.Model
	must(t, m.Take(t.Context(), rollout.Assignment{Revision: 7, Run: v}))
	if got := d.Status(); got.Profile != v.Profile || got.Model != "net.onnx" {
		t.Errorf("it runs %+v", got)
	}
	must(t, os.RemoveAll(string(s.dir))) // the registry is gone
	load = s.loader(t, dir, old, 0)
	again := start(old)
	if n, err := load.Last(&again); n != 7 || err != nil || again.Run.Profile != next.head.Profile {
		t.Fatalf("again: %d, %v", n, err)
	}
	_, m = begin(t, load, again)
	must(t, m.Take(t.Context(), rollout.Assignment{Revision: 7, Run: v})) // which needs no registry
	other := makeProduct(t, 2, 3, nil)
	for name, c := range map[string]struct {
		file  string
		start product
		says  string
	}{
		"the profile is damaged": {"targets/" + v.Profile, old, "not on this disk"},
		"the network is damaged": {"targets/" + v.Model, old, "not on this disk"},
		"the record is damaged":  {"installed.json", old, "cannot be run"},
		"another network":        {"", other, "it is of model"},
	} {
		restore := func() {}
		if c.file != "" {
			restore = damage(t, filepath.Join(dir, c.file))
		}
		l, st := s.loader(t, dir, c.start, 0), start(c.start)
		_, err := l.Last(&st)
		if !errors.Is(err, managed.ErrInstalled) || !strings.Contains(err.Error(), c.says) || st.Run.Profile != c.start.head.Profile {
			t.Errorf("%s: %v", name, err)
		}
		restore()
	}
}

// damage changes a file's last bytes until restore.
func damage(t *testing.T, path string) (restore func()) {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	write := func(b []byte) { must(t, errors.Join(os.Remove(path), os.WriteFile(path, b, 0o644))) }
	write(append(bytes.Clone(b[:len(b)-2]), 'x', 'y'))
	return func() { write(b) }
}

// What does not belong together, is not released, is another file, too large, or wants other images, is refused, and what ran goes on.
func TestRefusesMixedReleases(t *testing.T) {
	s, old, next := newShop(t), makeProduct(t, 0, 3, nil), makeProduct(t, 1, 3, nil)
	loose, other := makeProduct(t, 2, 3, nil), makeProduct(t, 3, 3, func(p *profile.Preprocess) { p.Divisor = 200 })
	for i, p := range []product{next, other} {
		s.release(t, p.model, []string{"next.onnx", "other.onnx"}[i], registry.Model)
	}
	for i, p := range []product{next, loose, other} {
		s.release(t, p.profile, []string{"next.dqap", "loose.dqap", "other.dqap"}[i], registry.Profile)
	}
	size, err := os.Stat(next.model)
	must(t, err)
	of := func(p product, change func(*rollout.Variant)) rollout.Variant {
		v := p.variant
		v.Replaces = old.variant.Model
		if change != nil {
			change(&v)
		}
		return v
	}
	for name, c := range map[string]struct {
		v    rollout.Variant
		most int64
		want error
	}{
		"a profile of another network": {of(next, func(v *rollout.Variant) { v.Model = other.variant.Model }), 0, registry.ErrForeign},
		"of the old network":           {of(next, func(v *rollout.Variant) { v.Model = old.variant.Model }), 0, registry.ErrForeign},
		"takes nobody's place":         {of(next, func(v *rollout.Variant) { v.Replaces = "" }), 0, registry.ErrForeign},
		"the network is not released":  {of(loose, nil), 0, registry.ErrMissing},
		"too large":                    {of(next, nil), size.Size() - 1, registry.ErrTooLarge},
		"other images":                 {of(other, nil), 0, managed.ErrInputs},
		"another file":                 {of(next, nil), 0, registry.ErrUntrusted},
	} {
		restore := func() {}
		if name == "another file" {
			restore = damage(t, filepath.Join(string(s.dir), "targets", next.variant.Model))
		}
		dir := t.TempDir()
		d, m := begin(t, s.loader(t, dir, old, c.most), start(old))
		if err := m.Take(t.Context(), rollout.Assignment{Revision: 3, Run: c.v}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if got := d.Status(); got.Profile != old.variant.Profile {
			t.Errorf("%s: it runs %+v", name, got)
		}
		if _, err := os.Stat(filepath.Join(dir, "installed.json")); err == nil {
			t.Errorf("%s: it is installed", name)
		}
		restore()
	}
}
