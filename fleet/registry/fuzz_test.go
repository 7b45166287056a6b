package registry

import (
	"bytes"
	"os"
	"testing"
	"time"
)

// FuzzMetadata gives a device metadata of the right keys and any contents, as a thief of all keys could: it may refuse or believe it,
// but neither panic nor keep what keeps it from hearing the truth again.
func FuzzMetadata(f *testing.F) {
	dir := Dir(f.TempDir())
	signers, keys := map[string]Signers{}, map[string]*Key{}
	var all []*Key
	for _, role := range []string{"root", "targets", "snapshot", "timestamp"} {
		k, err := NewKey(f.TempDir(), role, nil)
		if err != nil {
			f.Fatal(err)
		}
		signers[role], keys[role], all = Signers{Keys: []*Key{k}}, k, append(all, k)
	}
	now := time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	r, _, err := Init(f.Context(), RepositoryOptions{Store: dir, Dir: f.TempDir(), Keys: all, Now: clock}, signers)
	if err != nil {
		f.Fatal(err)
	}
	root, err := r.Root()
	if err != nil {
		f.Fatal(err)
	}
	names := []string{"2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"}
	for i, name := range []string{"1.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"} {
		b, err := os.ReadFile(string(dir) + "/metadata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(byte(i), b)
		f.Add(byte(i), bytes.ReplaceAll(b, []byte(`"version"`), []byte(`"nothing"`)))
		f.Add(byte(i), bytes.ReplaceAll(b, []byte(`{`), []byte(`null`)))
		f.Add(byte(i), []byte(`{"signed":{"_type":"timestamp","meta":{"snapshot.json":null}},"signatures":[]}`))
		f.Add(byte(i), []byte(`{"signed":{"_type":"root","roles":{"root":null},"keys":{"a":null}},"signatures":[]}`))
	}
	f.Fuzz(func(t *testing.T, which byte, b []byte) {
		i := int(which) % len(names)
		k := keys[[]string{"root", "timestamp", "snapshot", "targets"}[i]]
		if err := guard(func() error {
			signed, err := forTestSign(b, k)
			if err == nil {
				b = signed
			}
			return err
		}); err != nil && len(b) > 1<<16 {
			t.Skip()
		}
		evil := Dir(t.TempDir())
		if err := os.CopyFS(string(evil), os.DirFS(string(dir))); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(string(evil)+"/metadata/"+names[i], b, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Open(Options{Dir: t.TempDir(), Root: root, Stores: []Store{evil}, Now: clock})
		if err != nil {
			t.Fatal(err)
		}
		if c.Refresh(t.Context()) == nil {
			if _, err := c.Targets(); err != nil {
				t.Error(err)
			}
		}
	})
}
