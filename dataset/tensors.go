package dataset

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/tensor"
)

// Tensors are what a part of a network reads, image by image: arrays of .npz archives under the names of its inputs. Its
// methods may be called from many goroutines at once.
type Tensors struct {
	inputs   []tensorArray
	from, to int
}

// TensorInput is one input of a part.
type TensorInput struct {
	Name  string
	Shape []int
}

type tensorArray struct {
	TensorInput
	*array
	single bool // the array is one image's, without an axis of images
}

// tensorScheme begins the spec of OpenTensors.
const tensorScheme = "npz"

// IsTensors tells whether a spec is one of OpenTensors.
func IsTensors(text string) bool { return strings.HasPrefix(text, tensorScheme+":") }

// ReadsStdin tells whether such a spec names "-" among its files.
func ReadsStdin(text string) bool {
	s, err := parseSpec(text)
	return err == nil && slices.Contains(s.parts, "-")
}

// OpenTensors opens npz:FILE[,FILE...][a:b], archives that hold an array for every one of the inputs: the first that has
// an input's name counts, other arrays are passed over. An array has the shape of its input, axes of length 1 aside, or one
// axis more at its beginning, along which the images lie. FILE may be "-": the bytes of stdin. Errors wrap ErrSpec, ErrMissing,
// ErrImage, ErrEmpty, ErrMemory, and ErrFit where an array does not fit its input.
func (o Options) OpenTensors(text string, stdin []byte, inputs []TensorInput) (*Tensors, error) {
	s, err := parseSpec(text)
	if err != nil {
		return nil, err
	}
	if s.scheme != tensorScheme {
		return nil, specError(text, "it names no archives of tensors: npz:FILE")
	}
	t := &Tensors{}
	for _, in := range inputs {
		a, err := o.findTensor(s.parts, stdin, in)
		if err != nil {
			return nil, err
		}
		t.inputs = append(t.inputs, a)
	}
	return t, t.cut(s)
}

// cut checks that all arrays have as many images, and takes the slice of the spec.
func (t *Tensors) cut(s spec) error {
	for i, a := range t.inputs {
		switch n := a.images(); {
		case i == 0:
			t.to = n
		case n != t.to:
			return fmt.Errorf("%w: %d images for input %q, %d for %q", ErrFit, t.to, t.inputs[0].Name, n, a.Name)
		}
	}
	if s.step > 1 {
		return fmt.Errorf("%w: a slice of tensors has no step", ErrSpec)
	}
	if s.sliced {
		if s.to < 0 {
			s.to = t.to
		}
		if s.to > t.to || s.from > s.to {
			return fmt.Errorf("%w: slice [%d:%d] of %d images", ErrSpec, s.from, s.to, t.to)
		}
		t.from, t.to = s.from, s.to
	}
	if t.from == t.to {
		return fmt.Errorf("%w: %s", ErrEmpty, s)
	}
	return nil
}

// findTensor looks for an input's array in the archives, one after the other.
func (o Options) findTensor(paths []string, stdin []byte, in TensorInput) (tensorArray, error) {
	var keys []string
	for _, path := range paths {
		a, have, err := o.lookUp(path, stdin, in.Name)
		if err != nil {
			return tensorArray{}, arrayError(err, ErrImage)
		}
		if a == nil {
			keys = append(keys, have...)
			continue
		}
		if !numeric(a.header.dtype) {
			return tensorArray{}, fmt.Errorf("%w: %s: %q holds %s, not numbers", ErrImage, path, in.Name, a.header.dtype)
		}
		shape := a.header.shape
		single := slices.Equal(without1(shape), without1(in.Shape))
		if !single && !slices.Equal(without1(shape[1:]), without1(in.Shape)) {
			return tensorArray{}, fmt.Errorf("%w: %s: %q has shape %v, the input %v; an array may have one axis more in front, of images",
				ErrFit, path, in.Name, shape, in.Shape)
		}
		return tensorArray{in, a, single}, nil
	}
	slices.Sort(keys)
	return tensorArray{}, fmt.Errorf("%w: no array %q, which the network reads, in %s; there are %s",
		ErrSpec, in.Name, strings.Join(paths, ", "), shorten(keys, 12))
}

// lookUp opens the array of a name in an archive, nil where there is none: then its keys say what is there.
func (o *Options) lookUp(path string, stdin []byte, name string) (a *array, keys []string, err error) {
	var r io.ReaderAt = bytes.NewReader(stdin)
	size := int64(len(stdin))
	if path != "-" {
		info, err := needFile(path)
		if err != nil {
			return nil, nil, err
		}
		f, err := file.Open(path)
		if err != nil {
			return nil, nil, missing(err)
		}
		defer f.Close()
		r, size = f, info.Size()
	}
	archive, err := readArchive(path, r, size)
	if err != nil {
		return nil, nil, err
	}
	var entry *zip.File
	for _, f := range archive.File {
		key, isArray := strings.CutSuffix(f.Name, ".npy")
		if isArray && key == name {
			entry = f
		}
		keys = append(keys, key)
	}
	if entry == nil {
		return nil, keys, nil
	}
	a, err = unpack(path, r, entry, o)
	if err == nil && path == "-" && a.data == nil {
		a.data = stdin[a.header.offset:]
	}
	return a, nil, err
}

func without1(shape []int) []int {
	return slices.DeleteFunc(slices.Clone(shape), func(d int) bool { return d == 1 })
}

func (a *tensorArray) images() int {
	if a.single {
		return 1
	}
	return a.items
}

// Len is the number of images.
func (t *Tensors) Len() int { return t.to - t.from }

// Feed gives the inputs for image i, which is named after its place in the arrays.
func (t *Tensors) Feed(i int) (name string, inputs []*tensor.Tensor, err error) {
	if err := checkIndex(t, i); err != nil {
		return "", nil, err
	}
	for k := range t.inputs {
		a := &t.inputs[k]
		first, end := t.from+i, t.from+i+1
		if a.single {
			first, end = 0, a.items
		}
		x := tensor.New(a.Shape...)
		values := x.Data[:0]
		for item := first; item < end; item++ {
			b, err := a.item(item)
			if err != nil {
				return "", nil, arrayError(err, ErrImage)
			}
			values = append(values, floats(a.header.dtype, b)...)
		}
		inputs = append(inputs, x)
	}
	return fmt.Sprint(t.from + i), inputs, nil
}
