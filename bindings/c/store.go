//go:build cgo

package main

// #include "dqa.h"
import "C"

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"
	"sync"
	"unsafe"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/features"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
)

// array is rows of features; its lock keeps calls from each other.
type array struct {
	mu   sync.Mutex
	rows features.Rows
	// open opens the same once more.
	open   func() ([]*dataset.Array, error)
	opened []*dataset.Array
}

func giveArray(out *C.dqa_handle, open func() ([]*dataset.Array, error)) error {
	a := &array{open: open}
	var err error
	if a.rows, err = a.again(); err == nil {
		give(out, a)
		return nil
	}
	a.close()
	return err
}

// again opens the array once more. Its files are closed with the array.
func (a *array) again() (features.Rows, error) {
	parts, err := a.open()
	a.opened = append(a.opened, parts...)
	if err != nil {
		return nil, err
	}
	all := make([]features.Rows, len(parts))
	for i, p := range parts {
		all[i] = p
	}
	return features.Concat(all...)
}

func (a *array) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, o := range a.opened {
		o.Close() // it was read
	}
	a.opened = nil
}

//export dqa_array_wrap
func dqa_array_wrap(data C.dqa_memory, typ *C.dqa_text, shape *C.dqa_shape, rank C.int, out *C.dqa_handle, e *C.dqa_error) C.int {
	return enter(e, func() error {
		m, err := wrap("array", data, typ, shape, rank)
		if err != nil {
			return err
		}
		return giveArray(out, func() ([]*dataset.Array, error) {
			a, err := dataset.OpenMemory(*m)
			if err != nil {
				return nil, err
			}
			return []*dataset.Array{a}, nil
		})
	})
}

// wrap is a NumPy array in memory of C's.
func wrap(name string, data C.dqa_memory, typ *C.dqa_text, shape *C.dqa_shape, rank C.int) (*dataset.Memory, error) {
	m := &dataset.Memory{Name: name, Type: text(typ), Shape: shapeOf(shape, rank)}
	size := int64(1)
	for _, d := range m.Shape {
		if d < 0 || d > 0 && size > math.MaxInt64/8/int64(d) {
			return nil, fmt.Errorf("%w: %s has the shape %v", dataset.ErrFit, name, m.Shape)
		}
		size *= int64(d)
	}
	if m.Type == "" || len(m.Shape) == 0 {
		return nil, fmt.Errorf("%w: %s has no type or no axes", dataset.ErrFit, name)
	}
	if width := m.Type[len(m.Type)-1]; width >= '1' && width <= '8' {
		m.Data = memory(data, C.size_t(size*int64(width-'0')))
	}
	return m, nil
}

//export dqa_array_open
func dqa_array_open(paths **C.dqa_text, count C.size_t, out *C.dqa_handle, e *C.dqa_error) C.int {
	return enter(e, func() error {
		names := make([]string, count)
		for i, p := range unsafe.Slice(paths, count) {
			names[i] = text(p)
		}
		opt := dataset.Options{MaxMemory: maxMemory.Load()}
		return giveArray(out, func() (all []*dataset.Array, err error) {
			for _, name := range names {
				a, err := dataset.OpenArray(name, opt)
				if err != nil {
					return all, err
				}
				all = append(all, a)
			}
			return all, nil
		})
	})
}

// fitOptions are what a caller may ask for.
type fitOptions struct {
	Axes          string   `json:"axes"`
	CoderName     string   `json:"coder"`
	Transform     string   `json:"transform"`
	Seed          *uint64  `json:"seed"`
	Name          string   `json:"name"`
	Head          string   `json:"head"`
	Bits          *float64 `json:"bits"`
	MaxError      *float64 `json:"max_error"`
	MinCosine     *float64 `json:"min_cosine"`
	MinNeighbours *float64 `json:"min_neighbours"`
	MaxLoss       *float64 `json:"max_loss"`
}

// objective is the one that is asked for.
func (o *fitOptions) objective() (all features.Objective, err error) {
	found := 0
	for _, g := range []struct {
		kind features.Kind
		goal *float64
	}{
		{features.Bits, o.Bits}, {features.MaxError, o.MaxError}, {features.MinCosine, o.MinCosine},
		{features.MinNeighbours, o.MinNeighbours}, {features.MaxLoss, o.MaxLoss},
	} {
		if g.goal != nil {
			all = features.Objective{Kind: g.kind, Goal: *g.goal}
			found++
		}
	}
	if found != 1 {
		return all, fmt.Errorf("%w: one of bits, max_error, min_cosine, min_neighbours and max_loss is needed, there are %d",
			features.ErrObjective, found)
	}
	return all, nil
}

//export dqa_fit
func dqa_fit(
	context, arr, labels C.dqa_handle, opts *C.dqa_text, out *C.dqa_handle, info *C.dqa_bytes, e *C.dqa_error,
) C.int {
	return enter(e, func() error {
		j, x, err := jobAnd[*array](context, arr)
		if err != nil {
			return err
		}
		y, err := ofOptional[*array](labels)
		if err != nil {
			return err
		}
		var o fitOptions
		if err := options(opts, &o); err != nil {
			return err
		}
		fitted, err := fit(j, x, y, &o)
		if err != nil {
			return err
		}
		if err := giveProfile(out, fitted.Profile); err != nil {
			return err
		}
		return setJSON(info, fitted.Summary("", len(fitted.Profile.Append(nil))))
	})
}

func fit(j *job, x, y *array, o *fitOptions) (*features.Fitted, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	opt := features.Options{Axes: axesOf(o.Axes), CoderName: o.CoderName, Transform: features.TransformName(o.Transform), Seed: 1,
		Name: o.Name, Tool: session.Version, Progress: j.progress}
	if o.Seed != nil {
		opt.Seed = *o.Seed
	}
	var err error
	if opt.Objective, err = o.objective(); err != nil {
		return nil, err
	}
	if o.Head != "" && y != nil {
		head, err := headOf(o.Head, x.rows, y)
		if err != nil {
			return nil, err
		}
		opt.Score = head.Score
	}
	return features.Fit(j, x.rows, opt)
}

// headOf opens a head that judges rows of x by their classes y.
func headOf(model string, x features.Rows, y *array) (*session.Head, error) {
	net, err := session.Open(model, session.Options{Part: true})
	if err != nil {
		return nil, err
	}
	row := 1
	for _, d := range x.Shape()[1:] {
		row *= d
	}
	y.mu.Lock()
	defer y.mu.Unlock()
	if shape := y.rows.Shape(); len(shape) != 1 || shape[0] != x.Shape()[0] {
		return nil, fmt.Errorf("%w: the labels have the shape %v, the array %d rows", dataset.ErrFit, shape, x.Shape()[0])
	}
	classes := make([]float32, x.Shape()[0])
	if err := y.rows.ReadRows(classes, 0); err != nil {
		return nil, err
	}
	return session.NewHead(net, row, classes)
}

func axesOf(s string) features.Axes { return features.Axes(strings.ToUpper(s)) }

//export dqa_pack
func dqa_pack(context, arr, prof C.dqa_handle, path, opts *C.dqa_text, info *C.dqa_bytes, e *C.dqa_error) C.int {
	return enter(e, func() error {
		j, x, err := jobAnd[*array](context, arr)
		if err != nil {
			return err
		}
		k, err := of[*coder](prof)
		if err != nil {
			return err
		}
		var o struct {
			Axes   string `json:"axes"`
			Source string `json:"source"`
		}
		if err := options(opts, &o); err != nil {
			return err
		}
		x.mu.Lock()
		defer x.mu.Unlock()
		certificate, err := features.Pack(j, text(path), x.rows, k.profile, features.PackOptions{
			Axes: axesOf(o.Axes), Source: o.Source, Tool: session.Version, Workers: runtime.GOMAXPROCS(0), Limits: limits(),
			Progress: j.progress, Open: x.again,
		})
		if err != nil {
			return err
		}
		return setJSON(info, certificate)
	})
}

// store is a packed array; its lock keeps calls from each other.
type store struct {
	mu sync.Mutex
	*features.Store
	row int
}

func (s *store) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Store.Close() // it was read
}

//export dqa_store_open
func dqa_store_open(path *C.dqa_text, prof C.dqa_handle, out *C.dqa_handle, e *C.dqa_error) C.int {
	return enter(e, func() error {
		k, err := ofOptional[*coder](prof)
		if err != nil {
			return err
		}
		var want *profile.Profile
		if k != nil {
			want = k.profile
		}
		s, err := features.OpenStore(text(path), want, limits())
		if err != nil {
			return err
		}
		row := 1
		for _, d := range s.Shape()[1:] {
			row *= d
		}
		give(out, &store{Store: s, row: row})
		return nil
	})
}

// withStore does the work on a store, alone.
func withStore(context, h C.dqa_handle, e *C.dqa_error, work func(j *job, s *store) error) C.int {
	return enter(e, func() error {
		j, s, err := jobAnd[*store](context, h)
		if err != nil {
			return err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		return work(j, s)
	})
}

//export dqa_store_info
func dqa_store_info(h C.dqa_handle, out *C.dqa_bytes, e *C.dqa_error) C.int {
	return withStore(0, h, e, func(_ *job, s *store) error {
		certificate, err := json.Marshal(s.Certificate)
		if err != nil {
			return err
		}
		return setJSON(out, map[string]any{"shape": s.Shape(), "certificate": json.RawMessage(certificate)})
	})
}

//export dqa_store_profile
func dqa_store_profile(h C.dqa_handle, out *C.dqa_handle, e *C.dqa_error) C.int {
	return withStore(0, h, e, func(_ *job, s *store) error { return giveProfile(out, s.Store.Profile()) })
}

//export dqa_store_read
func dqa_store_read(context, h C.dqa_handle, first C.int64_t, values *C.float, count C.size_t, e *C.dqa_error) C.int {
	return withStore(context, h, e, func(j *job, s *store) error {
		if int(count)%s.row != 0 {
			return fmt.Errorf("%w: room for %d values, a row has %d", session.ErrSetting, count, s.row)
		}
		dst, most := floats(values, count), max(1, (1<<20)/s.row)*s.row
		for i := int(first); len(dst) > 0; { // in parts, so that it can be cancelled
			if err := j.Err(); err != nil {
				return err
			}
			n := min(most, len(dst))
			if err := s.ReadRows(dst[:n], i); err != nil {
				return err
			}
			dst, i = dst[n:], i+n/s.row
		}
		return nil
	})
}

//export dqa_store_unpack
func dqa_store_unpack(context, h C.dqa_handle, path *C.dqa_text, first, last C.int64_t, e *C.dqa_error) C.int {
	return withStore(context, h, e, func(j *job, s *store) error {
		to := int(last)
		if to == -1 {
			to = s.Shape()[0]
		}
		return file.Write(text(path), func(w io.Writer) error { return s.Unpack(j, w, int(first), to, j.progress) })
	})
}

//export dqa_store_verify
func dqa_store_verify(context, h, arr C.dqa_handle, out *C.dqa_bytes, e *C.dqa_error) C.int {
	return withStore(context, h, e, func(j *job, s *store) error {
		x, err := ofOptional[*array](arr)
		if err != nil {
			return err
		}
		var against features.Rows
		if x != nil {
			x.mu.Lock()
			defer x.mu.Unlock()
			against = x.rows
		}
		v, err := s.Verify(j, against, j.progress)
		if err != nil {
			return err
		}
		return setJSON(out, v)
	})
}
