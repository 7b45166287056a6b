//go:build cgo

package main

// #include "dqa.h"
import "C"

import (
	"bytes"
	"fmt"
	"sync"
	"unsafe"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/inspect"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
)

// coder is a profile with encoders and decoders, one for every thread that is at work.
type coder struct {
	profile            *profile.Profile
	encoders, decoders sync.Pool
}

// encoder is one thread's.
type encoder struct {
	*dqa.Encoder
	frame []byte
	edges [][]float32
}

func newCoder(p *profile.Profile) (*coder, error) {
	codec, err := limits().NewCodec(p)
	if err != nil {
		return nil, err
	}
	k := &coder{profile: p}
	k.encoders.New = func() any { return &encoder{Encoder: codec.NewEncoder()} }
	k.decoders.New = func() any { return codec.NewDecoder() }
	return k, nil
}

func limits() dqa.Limits { return dqa.Limits{MaxMemory: maxMemory.Load()} }

func giveProfile(out *C.dqa_handle, p *profile.Profile) error {
	k, err := newCoder(p)
	if err == nil {
		give(out, k)
	}
	return err
}

//export dqa_profile_open
func dqa_profile_open(path *C.dqa_text, out *C.dqa_handle, e *C.dqa_error) C.int {
	return enter(e, func() error {
		b, err := file.Read(text(path))
		if err != nil {
			return err
		}
		p, err := profile.Parse(b)
		if err != nil {
			return fmt.Errorf("%s: %w", text(path), err)
		}
		return giveProfile(out, p)
	})
}

//export dqa_profile_parse
func dqa_profile_parse(data C.dqa_memory, size C.size_t, out *C.dqa_handle, e *C.dqa_error) C.int {
	return enter(e, func() error {
		p, err := profile.Parse(bytes.Clone(memory(data, size)))
		if err != nil {
			return err
		}
		return giveProfile(out, p)
	})
}

//export dqa_profile_bytes
func dqa_profile_bytes(h C.dqa_handle, out *C.dqa_bytes, e *C.dqa_error) C.int {
	return enter(e, func() error {
		k, err := of[*coder](h)
		if err != nil {
			return err
		}
		setBytes(out, k.profile.Append(nil))
		return nil
	})
}

//export dqa_profile_info
func dqa_profile_info(h C.dqa_handle, out *C.dqa_bytes, e *C.dqa_error) C.int {
	return enter(e, func() error {
		k, err := of[*coder](h)
		if err != nil {
			return err
		}
		v, err := inspect.ParseProfile("", k.profile.Append(nil))
		if err != nil {
			return err
		}
		return setJSON(out, v)
	})
}

//export dqa_profile_edges
func dqa_profile_edges(h C.dqa_handle, out *C.dqa_tensors, e *C.dqa_error) C.int {
	return enter(e, func() error {
		k, err := of[*coder](h)
		if err != nil {
			return err
		}
		return setTensors(out, k.edges(false))
	})
}

// edges are tensors in the shapes of the edges, with or without room for values.
func (k *coder) edges(room bool) []session.Array {
	list := make([]session.Array, len(k.profile.Edges))
	for i := range list {
		edge := &k.profile.Edges[i]
		list[i] = session.Array{Name: edge.Name, Shape: []int{edge.Channels, edge.Rows, edge.Cols}}
		if edge.ChannelsLast {
			list[i].Shape = []int{edge.Rows, edge.Cols, edge.Channels}
		}
		if room {
			list[i].Data = make([]float32, edge.Elements())
		}
	}
	return list
}

//export dqa_encode
func dqa_encode(
	h C.dqa_handle, values **C.dqa_floats, sizes *C.dqa_sizes, count C.size_t, allowNonFinite C.int, out *C.dqa_bytes, e *C.dqa_error,
) C.int {
	return enter(e, func() error {
		k, err := of[*coder](h)
		if err != nil {
			return err
		}
		if int(count) != len(k.profile.Edges) {
			return fmt.Errorf("%w: %d tensors, the profile has %d edges", session.ErrSetting, count, len(k.profile.Edges))
		}
		enc := k.encoders.Get().(*encoder)
		defer k.encoders.Put(enc)
		enc.edges = enc.edges[:0]
		defer func() { clear(enc.edges) }()
		data, lengths := unsafe.Slice(values, count), unsafe.Slice(sizes, count)
		for i := range k.profile.Edges {
			if edge := &k.profile.Edges[i]; edge.Elements() != int(lengths[i]) {
				return fmt.Errorf("%w: %d values, edge %d, %s, has %d", session.ErrSetting, lengths[i], i, edge.Name, edge.Elements())
			}
			enc.edges = append(enc.edges, floats(data[i], lengths[i]))
		}
		if enc.frame, err = enc.Append(enc.frame[:0], enc.edges); err != nil {
			return err
		}
		if n := enc.NonFinite(); n > 0 && allowNonFinite == 0 {
			return fmt.Errorf("%w (%d values)", session.ErrNonFinite, n)
		}
		setBytes(out, enc.frame)
		return nil
	})
}

//export dqa_decode
func dqa_decode(h C.dqa_handle, frame C.dqa_memory, size C.size_t, out *C.dqa_tensors, e *C.dqa_error) C.int {
	return enter(e, func() error {
		k, err := of[*coder](h)
		if err != nil {
			return err
		}
		dec := k.decoders.Get().(*dqa.Decoder)
		defer k.decoders.Put(dec)
		values, err := dec.Decode(memory(frame, size))
		if err != nil {
			return err
		}
		list := k.edges(false)
		for i := range list {
			dqa.Correct(&k.profile.Edges[i], values[i])
			list[i].Data = values[i]
		}
		return setTensors(out, list)
	})
}

//export dqa_decode_edge
func dqa_decode_edge(
	h C.dqa_handle, frame C.dqa_memory, size C.size_t, i C.size_t, values *C.float, count C.size_t, e *C.dqa_error,
) C.int {
	return enter(e, func() error {
		k, err := of[*coder](h)
		switch {
		case err != nil:
			return err
		case uint64(i) >= uint64(len(k.profile.Edges)):
			return fmt.Errorf("%w: %d of %d", session.ErrNoEdge, i, len(k.profile.Edges))
		}
		edge := &k.profile.Edges[i]
		if edge.Elements() != int(count) {
			return fmt.Errorf("%w: room for %d values, edge %s has %d", session.ErrSetting, count, edge.Name, edge.Elements())
		}
		dec := k.decoders.Get().(*dqa.Decoder)
		defer k.decoders.Put(dec)
		if err := dec.Open(memory(frame, size)); err != nil {
			return err
		}
		if err := dec.Edge(floats(values, count), int(i)); err != nil {
			return err
		}
		dqa.Correct(edge, floats(values, count))
		return nil
	})
}
