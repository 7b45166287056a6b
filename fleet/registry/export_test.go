package registry

import (
	"context"
	"testing"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// ForTestSign signs metadata of any role, as a thief of the key would.
func ForTestSign(t testing.TB, b []byte, k *Key) []byte {
	t.Helper()
	signed, err := forTestSign(b, k)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func forTestSign(b []byte, k *Key) ([]byte, error) {
	if m, err := parse[metadata.TimestampType](b); err == nil {
		return signed(m, k)
	}
	if m, err := parse[metadata.SnapshotType](b); err == nil {
		return signed(m, k)
	}
	if m, err := parse[metadata.RootType](b); err == nil {
		return signed(m, k)
	}
	m, err := parse[metadata.TargetsType](b)
	if err != nil {
		return nil, err
	}
	return signed(m, k)
}

func signed[T metadata.Roles](m *metadata.Metadata[T], k *Key) ([]byte, error) {
	if err := signWith(m, []*Key{k}, []string{k.ID}); err != nil {
		return nil, err
	}
	return m.ToBytes(false)
}

// ForTestRelabel signs a wrong model for a target.
func ForTestRelabel(ctx context.Context, r *Repository, t Target, model string) error {
	m, err := r.edit(ctx, metadata.TARGETS)
	if err != nil {
		return err
	}
	t.Model = model
	if m.Signed.Targets[t.Name], err = t.file(); err != nil {
		return err
	}
	_, err = r.stage(ctx, metadata.TARGETS, m)
	return err
}
