package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dqa-go/dqa/internal/file"
)

// Store is where a registry lies. Names are those of the package comment: parts of letters, digits, '.', '-' and '_', with '/'.
type Store interface {
	// Get begins to read; ErrMissing if there is nothing. Closing ends a Read that waits.
	Get(ctx context.Context, name string) (io.ReadCloser, error)
	// Put writes the whole of r, or nothing.
	Put(ctx context.Context, name string, r io.Reader) error
	// Delete forgets; what is not there is no error.
	Delete(ctx context.Context, name string) error
	// List is the names that begin with prefix, in order.
	List(ctx context.Context, prefix string) ([]string, error)
}

const (
	metadataPrefix = "metadata/"
	stagedPrefix   = "staged/"
	targetsPrefix  = "targets/"
)

// Dir is a Store in a folder: on a memory stick, behind a web server, or beside the only device.
type Dir string

func (d Dir) path(name string) (string, error) {
	if !filepath.IsLocal(name) || strings.Contains(name, `\`) {
		return "", fmt.Errorf("%w: name %q", ErrStore, name)
	}
	return filepath.Join(string(d), filepath.FromSlash(name)), nil
}

// Get implements Store.
func (d Dir) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	path, err := d.path(name)
	if err != nil {
		return nil, err
	}
	f, err := file.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: %s", ErrMissing, name)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrStore, err)
	}
	return f, nil
}

// Put implements Store.
func (d Dir) Put(ctx context.Context, name string, r io.Reader) error {
	path, err := d.path(name)
	if err == nil {
		err = file.MkdirAll(filepath.Dir(path))
	}
	if err == nil {
		err = file.Write(path, func(w io.Writer) error {
			_, err := io.Copy(w, r)
			return errors.Join(err, ctx.Err())
		})
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrStore, err)
	}
	return nil
}

// Delete implements Store.
func (d Dir) Delete(_ context.Context, name string) error {
	path, err := d.path(name)
	if err != nil {
		return err
	}
	if err := file.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %w", ErrStore, err)
	}
	return nil
}

// List implements Store.
func (d Dir) List(_ context.Context, prefix string) (names []string, err error) {
	root := filepath.Join(string(d), filepath.FromSlash(prefix))
	if _, err := os.Stat(root); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			return err
		}
		name, err := filepath.Rel(string(d), path)
		names = append(names, filepath.ToSlash(name))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStore, err)
	}
	slices.Sort(names)
	return names, nil
}

// pace bounds how long and how much is read of a store.
type pace struct {
	minRate  int64 // bytes a second
	patience time.Duration
}

func (p pace) filled() pace {
	if p.minRate <= 0 {
		p.minRate = DefaultMinRate
	}
	if p.patience <= 0 {
		p.patience = DefaultPatience
	}
	return p
}

// copy copies at most limit bytes of a name to w. One byte more is ErrTooLarge, too little time left is ErrSlow.
func (p pace) copy(ctx context.Context, s Store, name string, limit int64, w io.Writer) error {
	ctx, cancel := context.WithTimeoutCause(ctx, p.patience+time.Duration(limit/p.minRate+1)*time.Second, fmt.Errorf("%w: %s", ErrSlow, name))
	defer cancel()
	r, err := s.Get(ctx, name)
	if err != nil {
		return slow(ctx, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = r.Close() })
	n, err := io.Copy(w, io.LimitReader(r, limit+1))
	if stop() {
		_ = r.Close() // what was read is checked by its digest
	}
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case n > limit:
		return fmt.Errorf("%w: %s has more than %d bytes", ErrTooLarge, name, limit)
	case err != nil:
		return fmt.Errorf("%w: %s: %w", ErrStore, name, err)
	}
	return nil
}

// slow says why a context has ended rather than what came of it.
func slow(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func (p pace) read(ctx context.Context, s Store, name string, limit int64) ([]byte, error) {
	var b bytes.Buffer
	err := p.copy(ctx, s, name, limit, &b)
	return b.Bytes(), err
}
