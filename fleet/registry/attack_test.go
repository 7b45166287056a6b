package registry_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dqa-go/dqa/fleet/registry"
	"github.com/dqa-go/dqa/profile"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// The attacks are those of the specification, section 1.5.2.

func is(err, want error) bool { return errors.Is(err, want) }

// refused checks that a device which has seen the fleet's release refuses another store's, and goes on with what it has.
func refused(t *testing.T, w *world, c *registry.Client, want error) {
	t.Helper()
	before := c.Versions()
	if err := c.Refresh(t.Context()); !is(err, want) {
		t.Errorf("refused with %v, expected %v", err, want)
	}
	for role, v := range c.Versions() {
		if v < before[role] {
			t.Errorf("%s went back from %d to %d", role, before[role], v)
		}
	}
}

// seen is the folder of a device that has seen the current release.
func seen(t *testing.T, w *world) string {
	t.Helper()
	dir := t.TempDir()
	w.refresh(w.device(registry.Options{Dir: dir}))
	return dir
}

func TestArbitrarySoftware(t *testing.T) {
	w := newWorld(t)
	target := w.publish("tool", "contents")
	evil := w.snapshot()
	w.alter(evil, "targets/"+target.Digest, func([]byte) []byte { return []byte("malicious") })
	c := w.device(registry.Options{}, evil)
	w.refresh(c)
	if _, err := c.Fetch(t.Context(), target, ""); !is(err, registry.ErrTooLarge) && !is(err, registry.ErrUntrusted) {
		t.Errorf("other contents: %v", err)
	}
	w.alter(evil, "targets/"+target.Digest, func([]byte) []byte { return []byte("CONTENTS") }) // of the same length
	if _, err := c.Fetch(t.Context(), target, ""); !is(err, registry.ErrUntrusted) {
		t.Errorf("other contents of the same length: %v", err)
	}
	// Metadata that lists it is not signed.
	evil = w.snapshot()
	w.alter(evil, "metadata/2.targets.json", func(b []byte) []byte {
		return bytes.ReplaceAll(b, []byte(target.Digest), []byte(sum("malicious")))
	})
	refused(t, w, w.device(registry.Options{}, evil), registry.ErrMixed)
	// Nor is it with keys of the thief's own.
	other := newWorld(t)
	other.publish("tool", "malicious")
	refused(t, w, w.device(registry.Options{Dir: seen(t, w)}, other.dir), registry.ErrUntrusted)
}

// endless never ends, and counts.
type endless struct{ n int64 }

func (e *endless) Read(b []byte) (int, error) {
	e.n += int64(len(b))
	return copy(b, bytes.Repeat([]byte{'{'}, len(b))), nil
}
func (e *endless) Close() error { return nil }

func TestEndlessData(t *testing.T) {
	w := newWorld(t)
	target := w.publish("tool", "contents")
	for _, name := range []string{
		"metadata/2.root.json", "metadata/timestamp.json", "metadata/2.snapshot.json", "metadata/2.targets.json", "targets/" + target.Digest,
	} {
		e := &endless{}
		c := w.device(registry.Options{}, &odd{Store: w.dir, get: func(_ context.Context, asked string) (io.ReadCloser, error) {
			if asked == name {
				return e, nil
			}
			return nil, nil
		}})
		err := c.Refresh(t.Context())
		if err == nil {
			_, err = c.Fetch(t.Context(), target, "")
		}
		if !is(err, registry.ErrTooLarge) || e.n == 0 || e.n > 1<<20 {
			t.Errorf("%s: %v after %d bytes", name, err, e.n)
		}
	}
	c := w.device(registry.Options{MaxTarget: 4})
	w.refresh(c)
	if _, err := c.Fetch(t.Context(), target, ""); !is(err, registry.ErrTooLarge) {
		t.Errorf("more than this device takes: %v", err)
	}
}

// A target brings no others: what is signed beside it is not asked for, whatever it claims to need.
func TestExtraneousDependencies(t *testing.T) {
	w := newWorld(t)
	w.publish("vulnerable", "old library")
	target := w.publish("tool", "contents")
	store := &odd{Store: w.dir}
	c := w.device(registry.Options{}, store)
	w.refresh(c)
	claim := target
	claim.Custom.Tool = "requires: binary/vulnerable"
	if _, err := c.Fetch(t.Context(), claim, ""); err != nil {
		t.Fatal(err)
	}
	files := slices.DeleteFunc(store.asks, func(s string) bool { return !strings.HasPrefix(s, "targets/") })
	if len(files) != 1 || files[0] != "targets/"+target.Digest {
		t.Errorf("asked for %v", files)
	}
}

// forge lets a thief of keys make metadata, which needs no Repository: versions as large as they come.
func forge(t *testing.T, w *world, s registry.Dir, version int64, until time.Time) {
	t.Helper()
	snapshot, timestamp := metadata.Snapshot(until), metadata.Timestamp(until)
	snapshot.Signed.Version, timestamp.Signed.Version = version, version
	snapshot.Signed.Meta["targets.json"].Version = version
	targets := metadata.Targets(until)
	targets.Signed.Version = version
	for name, m := range map[string]interface {
		ToBytes(bool) ([]byte, error)
	}{
		"targets": targets, "snapshot": snapshot, "timestamp": timestamp,
	} {
		if name == "timestamp" {
			timestamp.Signed.Meta["snapshot.json"].Version = version
		}
		b, err := m.ToBytes(false)
		w.must(err)
		b = registry.ForTestSign(t, b, w.key(name))
		file := "timestamp.json"
		if name != "timestamp" {
			file = "9223372036854775807." + name + ".json"
		}
		w.must(os.WriteFile(filepath.Join(string(s), "metadata", file), b, 0o600))
	}
}

// A thief of keys counts versions up to the end, so that nothing could come after. Rotated keys undo that.
func TestFastForward(t *testing.T) {
	w := newWorld(t)
	w.publish("tool", "contents")
	dir := seen(t, w)
	evil := w.snapshot()
	forge(t, w, evil, math.MaxInt64, begin.Add(24*time.Hour))
	c := w.device(registry.Options{Dir: dir}, evil)
	w.refresh(c)
	if v := c.Versions()["timestamp"]; v != math.MaxInt64 {
		t.Fatalf("version %d: the thief had the keys", v)
	}
	refused(t, w, w.device(registry.Options{Dir: dir}), registry.ErrRollback)
	for _, role := range []string{"timestamp", "snapshot"} {
		w.open("root", "targets", "snapshot", "timestamp", role+"2", "timestamp2")
		_, err := w.repo.Rotate(t.Context(), role, w.signers(role+"2"))
		w.must(err)
	}
	c = w.device(registry.Options{Dir: dir})
	w.refresh(c)
	if all, err := c.Targets(); err != nil || len(all) != 1 {
		t.Errorf("after the rotation: %v, %v", all, err)
	}
}

func TestIndefiniteFreeze(t *testing.T) {
	w := newWorld(t)
	target := w.publish("tool", "contents")
	frozen, dir := w.snapshot(), seen(t, w)
	long := w.device(registry.Options{}, frozen) // one that is never switched off
	w.refresh(long)
	w.now = begin.Add(8 * 24 * time.Hour)
	refused(t, w, w.device(registry.Options{Dir: dir}, frozen), registry.ErrExpired)
	refused(t, w, w.device(registry.Options{}, frozen), registry.ErrExpired)
	if _, err := long.Fetch(t.Context(), target, ""); !is(err, registry.ErrExpired) {
		t.Errorf("acting on what is long expired: %v", err)
	}
	_, err := w.repo.Advance(t.Context(), true)
	w.must(err)
	w.refresh(w.device(registry.Options{Dir: dir}))
}

// A mirror under a thief's control keeps nobody from what others have.
func TestMaliciousMirrors(t *testing.T) {
	w := newWorld(t)
	old := w.snapshot()
	target := w.publish("tool", "contents")
	broken := &odd{Store: w.dir, get: func(context.Context, string) (io.ReadCloser, error) { return nil, registry.ErrStore }}
	garbage := &odd{Store: w.dir, get: func(context.Context, string) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader("garbage!")), nil
	}}
	for _, stores := range [][]registry.Store{
		{old, garbage, broken, w.dir}, {w.dir, broken, garbage, old}, {garbage, w.dir, old},
	} {
		c := w.device(registry.Options{}, stores...)
		w.refresh(c)
		if _, err := c.Fetch(t.Context(), target, ""); err != nil {
			t.Errorf("%v", err)
		}
	}
}

func TestMixAndMatch(t *testing.T) {
	w := newWorld(t)
	one := w.publish("tool", "contents 1")
	old := w.snapshot()
	w.publish("tool", "contents 2")
	for _, name := range []string{"targets", "snapshot"} {
		evil := w.snapshot()
		w.alter(evil, "metadata/3."+name+".json", func([]byte) []byte {
			b, err := os.ReadFile(filepath.Join(string(old), "metadata/2."+name+".json"))
			w.must(err)
			return b
		})
		refused(t, w, w.device(registry.Options{}, evil), registry.ErrMixed)
		refused(t, w, w.device(registry.Options{Dir: seen(t, &world{t: t, dir: old, now: w.now, root: w.root})}, evil), registry.ErrMixed)
	}
	c := w.device(registry.Options{})
	w.refresh(c)
	if _, err := c.Fetch(t.Context(), one, ""); !is(err, registry.ErrMissing) {
		t.Errorf("a file of the release before: %v", err)
	}
}

func TestRollback(t *testing.T) {
	w := newWorld(t)
	w.publish("tool", "vulnerable")
	old := w.snapshot()
	w.publish("tool", "mended")
	dir := seen(t, w)
	refused(t, w, w.device(registry.Options{Dir: dir}, old), registry.ErrRollback)
	// The owner, too, releases nothing on top of what is older than what was seen.
	opt := w.options(roles...)
	opt.Store = old
	if _, err := registry.OpenRepository(t.Context(), opt); !is(err, registry.ErrRollback) {
		t.Errorf("the owner: %v", err)
	}
}

func TestSlowRetrieval(t *testing.T) {
	w := newWorld(t)
	target := w.publish("tool", "contents")
	for _, name := range []string{"metadata/timestamp.json", "targets/" + target.Digest} {
		r, stuck := io.Pipe()
		c := w.device(registry.Options{Patience: 20 * time.Millisecond, MinRate: 1 << 40},
			&odd{Store: w.dir, get: func(_ context.Context, asked string) (io.ReadCloser, error) {
				if asked == name {
					go func() { _, _ = stuck.Write([]byte("{")) }() // one byte, and no more
					return r, nil
				}
				return nil, nil
			}})
		err := c.Refresh(t.Context())
		if err == nil {
			_, err = c.Fetch(t.Context(), target, "")
		}
		if !is(err, registry.ErrSlow) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// One stolen key is not enough where two must sign, a stolen online key releases nothing, and a revoked one counts no more.
func TestKeyCompromise(t *testing.T) {
	w := newWorld(t)
	w.publish("tool", "contents")
	dir := seen(t, w)
	// Timestamp and snapshot stolen: they can name no targets that are not signed.
	evil := w.snapshot()
	w.keys["targets"], w.keys["mine"] = w.key("thief"), w.keys["targets"]
	forge(t, w, evil, math.MaxInt64, begin.Add(24*time.Hour))
	w.keys["targets"] = w.keys["mine"]
	refused(t, w, w.device(registry.Options{Dir: dir}, evil), registry.ErrUntrusted)

	// The key of targets was stolen and is revoked; what it signs afterwards is nothing.
	w = newWorld(t)
	target := w.publish("tool", "contents")
	dir = seen(t, w)
	stolen := w.key("targets")
	w.open("root", "targets", "targets2", "snapshot", "timestamp")
	_, err := w.repo.Rotate(t.Context(), "targets", w.signers("targets2"))
	w.must(err)
	c := w.device(registry.Options{Dir: dir})
	w.refresh(c)
	_, err = c.Fetch(t.Context(), target, "")
	w.must(err)
	opt := w.options("snapshot", "timestamp")
	opt.Keys = append(opt.Keys, stolen)
	r, err := registry.OpenRepository(t.Context(), opt)
	w.must(err)
	path := filepath.Join(t.TempDir(), "evil")
	w.must(os.WriteFile(path, []byte("evil"), 0o600))
	_, out, err := r.Publish(t.Context(), []string{path}, registry.Binary, "", "1", false)
	if err != nil || len(out.Published) > 0 || len(out.Waiting) != 1 || out.Waiting[0].Signatures != 0 {
		t.Errorf("a revoked key releases: %+v, %v", out, err)
	}
}

// What is signed, but for another model, another site, or other readers, is not installed.
func TestWrongSoftwareInstallation(t *testing.T) {
	w := newWorld(t)
	path := filepath.Join(t.TempDir(), "network.dqap")
	network := &profile.Profile{
		Tool: "1", ISA: "generic", EdgeSet: "stored", Network: profile.Network{Name: "network.onnx", Digest: [32]byte{1}},
		Data:       profile.Data{Spec: "demo", Images: 1},
		Setting:    profile.Setting{Name: "direct", Bits: 2, Scale: profile.DynamicTensor},
		Preprocess: profile.Preprocess{Divisor: 1},
		Edges: []profile.Edge{{
			Name: "edge", Geometry: profile.Geometry{Channels: 1, Rows: 2, Cols: 2, Tile: profile.Tile{Channels: 1, Rows: 2}},
			Quantizer: profile.Quantizer{Bits: 2, Scale: profile.DynamicTensor},
		}},
	}
	w.must(os.WriteFile(path, network.Append(nil), 0o600))
	all, out, err := w.repo.Publish(t.Context(), []string{path}, registry.Profile, "", "1", false)
	if err != nil || len(out.Waiting) > 0 {
		t.Fatalf("%+v, %v", out, err)
	}
	p := all[0]
	c := w.device(registry.Options{})
	w.refresh(c)
	if _, err := c.Fetch(t.Context(), p, p.Model); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Fetch(t.Context(), p, sum("another network")); !is(err, registry.ErrForeign) {
		t.Errorf("a profile of another model: %v", err)
	}
	old := w.device(registry.Options{Formats: []int{99}})
	w.refresh(old)
	if _, err := old.Fetch(t.Context(), p, p.Model); !is(err, registry.ErrUnreadable) {
		t.Errorf("a format that it does not read: %v", err)
	}
	// A target asked for by the name of another kind is not there.
	if _, err := c.Find(registry.Binary, p.Digest); !is(err, registry.ErrMissing) {
		t.Errorf("a profile as a program: %v", err)
	}
	// The owner's keys signed that a profile is of another model: its own bytes say better.
	w.must(registry.ForTestRelabel(t.Context(), w.repo, p, sum("another network")))
	w.refresh(c)
	lie := p
	lie.Model = sum("another network")
	if _, err := c.Fetch(t.Context(), lie, lie.Model); !is(err, registry.ErrForeign) {
		t.Errorf("a profile that was signed as of another model: %v", err)
	}
}

// Root is rotated on a machine without a network: files are carried there and back. Meanwhile a device was off: two roots, expired
// timestamps; it catches up.
func TestOfflineRootRotationAndAMonthOff(t *testing.T) {
	w := newWorld(t)
	dir := seen(t, w)
	for i, next := range []string{"root2", "root3"} {
		old := []string{"root", "root2"}[i]
		w.now = w.now.Add(15 * 24 * time.Hour)
		// The online machine has no root key.
		out, err := w.open("targets", "snapshot", "timestamp").Rotate(t.Context(), "root", w.signers(next))
		if err != nil || len(out.Waiting) != 1 || len(out.Published) > 0 {
			t.Fatalf("%+v, %v", out, err)
		}
		b, err := os.ReadFile(filepath.Join(string(w.dir), out.Waiting[0].Name))
		w.must(err)
		one, _, err := registry.AddSignature(b, w.signers(old).Keys) // the old key's machine
		w.must(err)
		if out, err = w.repo.PublishRoot(t.Context(), one); err != nil || len(out.Published) > 0 {
			t.Fatalf("with the old key alone: %+v, %v", out, err)
		}
		two, what, err := registry.AddSignature(one, w.signers(next).Keys) // the new key's
		w.must(err)
		if len(what.Changes) == 0 {
			t.Error("who signs is not told what")
		}
		if out, err = w.repo.PublishRoot(t.Context(), two); err != nil || len(out.Waiting) > 0 {
			t.Fatalf("%+v, %v", out, err)
		}
	}
	target := w.publish("tool", "new")
	c := w.device(registry.Options{Dir: dir})
	w.refresh(c)
	if v := c.Versions()["root"]; v != 3 {
		t.Errorf("root %d", v)
	}
	_, err := c.Fetch(t.Context(), target, "")
	w.must(err)
	// A root that the current one has not signed is refused.
	evil := w.snapshot()
	forged := newWorld(t)
	b, err := os.ReadFile(filepath.Join(string(forged.dir), "metadata/1.root.json"))
	w.must(err)
	w.must(os.WriteFile(filepath.Join(string(evil), "metadata/4.root.json"), b, 0o600))
	refused(t, w, w.device(registry.Options{Dir: dir}, evil), registry.ErrUntrusted)
}
