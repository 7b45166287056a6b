package session

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/dqa-go/dqa/dataset"
)

// WriteNPZ writes a NumPy archive of arrays under their names, which numpy.load gives back as they are: a slash or a colon
// is a part of a key like any other. No key is written twice. Errors are the writer's.
func WriteNPZ(w io.Writer, arrays []Array) error {
	archive := zip.NewWriter(w)
	for i, key := range arrayKeys(arrays) {
		entry, err := archive.Create(key + ".npy")
		if err != nil {
			return err
		}
		if err := writeArray(entry, arrays[i]); err != nil {
			return err
		}
	}
	return archive.Close()
}

// arrayKeys are the names, numbered where one has been there before: graphs have no equal names, damaged profiles may.
func arrayKeys(arrays []Array) []string {
	keys, used := make([]string, len(arrays)), map[string]bool{}
	for _, a := range arrays {
		used[a.Name] = true
	}
	seen := map[string]bool{}
	for i, a := range arrays {
		key := a.Name
		for n := i; seen[key] || key != a.Name && used[key]; n++ {
			key = fmt.Sprintf("%s_%d", a.Name, n)
		}
		keys[i], seen[key] = key, true
	}
	return keys
}

// WriteNPY writes a float32 array as a .npy file of format 1.0: magic, version, header length, a Python dictionary padded
// to 64 bytes, the data. It is written here because npyio writes no float32 array of more than two dimensions.
func WriteNPY(w io.Writer, shape []int, data []float32) error {
	return writeArray(w, Array{Shape: shape, Data: data})
}

// descriptors are NumPy's names of element types in files. Floats of other widths are written as float32, which they
// were computed in.
var descriptors = map[string]string{
	"int64": "<i8", "int32": "<i4", "int16": "<i2", "int8": "|i1",
	"uint64": "<u8", "uint32": "<u4", "uint16": "<u2", "uint8": "|u1", "bool": "|b1",
}

func writeArray(w io.Writer, a Array) error {
	descr := descriptors[a.Type]
	if descr == "" {
		descr = "<f4"
	}
	if _, err := w.Write(dataset.NPYHeader(a.Shape, descr)); err != nil {
		return err
	}
	if descr == "<f4" {
		return binary.Write(w, binary.LittleEndian, a.Data)
	}
	size := int(descr[2] - '0')
	b := make([]byte, 0, size*len(a.Data))
	for _, v := range a.Data {
		b = append(b, binary.LittleEndian.AppendUint64(nil, uint64(int64(v)))[:size]...)
	}
	_, err := w.Write(b)
	return err
}
