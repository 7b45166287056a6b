package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/nats-io/nats.go/jetstream"
)

// objects is a Store in JetStream's object store.
type objects struct{ bucket jetstream.ObjectStore }

// Objects is the registry of a fleet's server. It is made with so many replicas if it is not there; with 0, ErrMissing says so.
func Objects(ctx context.Context, js jetstream.JetStream, replicas int) (Store, error) {
	bucket, err := js.ObjectStore(ctx, link.TargetsBucket)
	if replicas > 0 && errors.Is(err, jetstream.ErrBucketNotFound) {
		bucket, err = js.CreateObjectStore(ctx, jetstream.ObjectStoreConfig{
			Bucket: link.TargetsBucket, Description: "signed models, profiles and programs", Storage: jetstream.FileStorage, Replicas: replicas,
		})
	}
	switch {
	case errors.Is(err, jetstream.ErrBucketNotFound):
		return nil, fmt.Errorf("%w: the server has no bucket %s", ErrMissing, link.TargetsBucket)
	case err != nil:
		return nil, fmt.Errorf("%w: %s: %w", ErrStore, link.TargetsBucket, err)
	}
	return objects{bucket}, nil
}

func (o objects) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	r, err := o.bucket.Get(ctx, name)
	if err != nil {
		return nil, objectError(name, err)
	}
	return r, nil
}

func (o objects) Put(ctx context.Context, name string, r io.Reader) error {
	_, err := o.bucket.Put(ctx, jetstream.ObjectMeta{Name: name}, r)
	return objectError(name, err)
}

func (o objects) Delete(ctx context.Context, name string) error {
	err := objectError(name, o.bucket.Delete(ctx, name))
	if errors.Is(err, ErrMissing) {
		return nil
	}
	return err
}

func (o objects) List(ctx context.Context, prefix string) (names []string, err error) {
	list, err := o.bucket.List(ctx)
	if errors.Is(err, jetstream.ErrNoObjectsFound) {
		return nil, nil
	}
	if err != nil {
		return nil, objectError(prefix, err)
	}
	for _, info := range list {
		if strings.HasPrefix(info.Name, prefix) {
			names = append(names, info.Name)
		}
	}
	slices.Sort(names)
	return names, nil
}

func objectError(name string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jetstream.ErrObjectNotFound):
		return fmt.Errorf("%w: %s", ErrMissing, name)
	}
	return fmt.Errorf("%w: %s: %w", ErrStore, name, err)
}

// Later is the registry of a server that need not be there yet, for reading.
func Later(js jetstream.JetStream) Store { return later{js} }

type later struct{ js jetstream.JetStream }

func (l later) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	s, err := Objects(ctx, l.js, 0)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStore, err)
	}
	return s.Get(ctx, name)
}

func (l later) List(ctx context.Context, prefix string) ([]string, error) {
	s, err := Objects(ctx, l.js, 0)
	if err != nil {
		return nil, err
	}
	return s.List(ctx, prefix)
}

func (later) Put(_ context.Context, name string, _ io.Reader) error {
	return fmt.Errorf("%w: %s: for reading only", ErrStore, name)
}

func (later) Delete(_ context.Context, name string) error {
	return fmt.Errorf("%w: %s: for reading only", ErrStore, name)
}
