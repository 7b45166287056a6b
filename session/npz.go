package session

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// WriteNPZ writes a NumPy archive of arrays, each under its name: separators become "_", an empty name its number, one that
// is taken gets its number behind it. Errors are the writer's.
func WriteNPZ(w io.Writer, arrays []Array) error {
	archive := zip.NewWriter(w)
	used := map[string]bool{}
	for i, a := range arrays {
		name := arrayName(a.Name, i)
		if used[name] {
			name = fmt.Sprintf("%s_%d", name, i)
		}
		used[name] = true
		entry, err := archive.Create(name + ".npy")
		if err != nil {
			return err
		}
		if err := WriteNPY(entry, a.Shape, a.Data); err != nil {
			return err
		}
	}
	return archive.Close()
}

// arrayName keeps a name inside the archive: no separators, never empty.
func arrayName(edge string, i int) string {
	clean := strings.Map(func(r rune) rune {
		if r == '/' || r == '\\' || r == ':' || r < ' ' {
			return '_'
		}
		return r
	}, strings.Trim(edge, "/"))
	if clean == "" {
		return fmt.Sprintf("edge_%d", i)
	}
	return clean
}

// WriteNPY writes a float32 array as a .npy file of format 1.0: magic, version, header length, a Python dictionary padded
// to 64 bytes, the data. It is written here because npyio writes no float32 array of more than two dimensions.
func WriteNPY(w io.Writer, shape []int, data []float32) error {
	dims := strings.Trim(strings.ReplaceAll(fmt.Sprint(shape), " ", ", "), "[]")
	header := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%s,), }", dims)
	const prefix = 10
	header += strings.Repeat(" ", 63-(prefix+len(header))%64) + "\n"
	b := append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), byte(len(header)>>8))
	if _, err := w.Write(append(b, header...)); err != nil {
		return err
	}
	return binary.Write(w, binary.LittleEndian, data)
}
