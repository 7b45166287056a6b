package onnx

import (
	"fmt"
	"hash"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/onnx/internal/onnxpb"
)

// maxExternal bounds the bytes that all tensors of a model take from other files.
const maxExternal = 4 << 30

// externals reads the tensors that a model keeps in other files of its folder (exporters do so by default where the
// weights are large). What is read counts for the digest.
type externals struct {
	dir   string // "": there is no folder
	sum   hash.Hash
	total int64
	root  *os.Root // nothing outside it is opened, whatever names and links say
	files map[string]*file.Reader

	mapped bool // files are mapped
	maps   map[string]*file.Contents
}

func (x *externals) close() {
	for _, f := range x.files {
		f.Close()
	}
	if x.root != nil {
		x.root.Close()
	}
}

// read returns the bytes of a tensor, which must be size.
func (x *externals) read(p *onnxpb.TensorProto, size int64) ([]byte, error) {
	at := map[string]string{}
	for _, e := range p.ExternalData {
		at[e.GetKey()] = e.GetValue()
	}
	name := at["location"]
	offset, err := number(at, "offset", 0)
	if err != nil {
		return nil, err
	}
	f, err := x.open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	length, err := number(at, "length", info.Size()-offset)
	switch {
	case err != nil:
		return nil, err
	case length != size:
		return nil, invalid("its data in file %q are %d bytes, %d are needed", name, length, size)
	case offset > info.Size() || length > info.Size()-offset:
		return nil, invalid("its data lie in file %q at %d to %d, which has %d bytes", name, offset, offset+length, info.Size())
	}
	if x.total += length; x.total > maxExternal {
		return nil, fmt.Errorf("%w: tensors in other files have more than %d bytes", graph.ErrLimit, int64(maxExternal))
	}
	data, err := x.bytes(name, f, info.Size(), offset, length)
	if err != nil {
		return nil, fmt.Errorf("file %q: %w", name, err)
	}
	return data, nil
}

// bytes are those of a part of a file, mapped or read, which are digested, too.
func (x *externals) bytes(name string, f *file.Reader, size, offset, length int64) ([]byte, error) {
	if x.mapped {
		c, err := x.contentsOf(name, f, size)
		if err != nil {
			return nil, err
		}
		data := c.Bytes[offset:][:length:length]
		x.sum.Write(data)
		c.Release()
		return data, nil
	}
	data := make([]byte, length)
	if _, err := io.ReadFull(io.NewSectionReader(f, offset, length), data); err != nil {
		return nil, err
	}
	x.sum.Write(data)
	return data, nil
}

// contentsOf maps a file once.
func (x *externals) contentsOf(name string, f *file.Reader, size int64) (*file.Contents, error) {
	if c := x.maps[name]; c != nil {
		return c, nil
	}
	c, err := f.Contents(size, true)
	if err == nil {
		x.maps[name] = c
	}
	return c, err
}

// contents are the files that were mapped.
func (x *externals) contents() []*file.Contents { return slices.Collect(maps.Values(x.maps)) }

// open opens a file of the folder once.
func (x *externals) open(name string) (*file.Reader, error) {
	if f := x.files[name]; f != nil {
		return f, nil
	}
	switch {
	case x.dir == "":
		return nil, fmt.Errorf("%w: its data lie in another file, %q, and the model's folder is not known", graph.ErrUnsupported, name)
	case name == "" || !filepath.IsLocal(filepath.FromSlash(name)):
		return nil, invalid("its data lie in file %q, which is not in the model's folder", name)
	}
	if x.root == nil {
		root, err := os.OpenRoot(x.dir)
		if err != nil {
			return nil, err
		}
		x.root, x.files, x.maps = root, map[string]*file.Reader{}, map[string]*file.Contents{}
	}
	info, err := x.root.Stat(filepath.FromSlash(name))
	if err != nil {
		return nil, invalid("its data lie in file %q beside the model, which cannot be read: %v", name, err)
	}
	if !info.Mode().IsRegular() {
		return nil, invalid("its data lie in %q, which is not a regular file", name)
	}
	f, err := x.root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	x.files[name] = file.Wrap(f)
	return x.files[name], nil
}

// number reads a decimal entry of a tensor's location.
func number(at map[string]string, key string, def int64) (int64, error) {
	text, ok := at[key]
	if !ok {
		return def, nil
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil || v < 0 || v > math.MaxInt64/2 {
		return 0, invalid("%s %q of its data", key, text)
	}
	return v, nil
}
