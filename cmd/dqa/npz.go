package main

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"github.com/dqa-go/dqa/profile"
)

// writeNPZ writes one array per edge. The .npy header is written here because npyio writes no float32 array of more
// than two dimensions.
func writeNPZ(w io.Writer, p *profile.Profile, edges [][]float32) error {
	archive := zip.NewWriter(w)
	used := map[string]bool{}
	for i, data := range edges {
		name := arrayName(p.Edges[i].Name, i)
		if used[name] {
			name = fmt.Sprintf("%s_%d", name, i)
		}
		used[name] = true
		entry, err := archive.Create(name + ".npy")
		if err != nil {
			return err
		}
		if err := writeNPY(entry, arrayShape(&p.Edges[i]), data); err != nil {
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

// arrayShape is the order in which decoded values lie in memory.
func arrayShape(e *profile.Edge) []int {
	if e.ChannelsLast {
		return []int{e.Rows, e.Cols, e.Channels}
	}
	return []int{e.Channels, e.Rows, e.Cols}
}

// writeNPY writes NumPy's format 1.0: magic, version, header length, a Python dictionary padded to 64 bytes, the data.
func writeNPY(w io.Writer, shape []int, data []float32) error {
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
