package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
)

// The causes of spec/README.md, "Why a reader refuses", and what is not refused.
const (
	causeOK       = "ok"
	causeHeader   = "header"
	causeLimit    = "limit"
	causeChecksum = "checksum"
	causeProfile  = "profile"
	causePayload  = "payload"
)

// What the bytes of a vector are.
const (
	fileProfile = "profile"
	fileFrame   = "frame"
)

// document is vectors.json.
type document struct {
	Version  int               `json:"version"`
	Profiles map[string][]byte `json:"profiles"`
	Vectors  []vector          `json:"vectors"`
}

// vector is a file and what a reader must make of it.
type vector struct {
	Name     string `json:"name"`
	Cause    string `json:"cause"`
	What     string `json:"what"`
	File     string `json:"file"`
	Profile  string `json:"profile,omitempty"`
	Bytes    []byte `json:"bytes"`
	BaseOnly bool   `json:"base_only,omitempty"`
	Edges    []edge `json:"edges,omitzero"`
	// What sections say that a reader may skip, in one line, or why they are refused.
	Reference string `json:"reference,omitempty"`
	Lineage   string `json:"lineage,omitempty"`
}

// edge is a decoded tensor: float32, little-endian, in the order of memory.
type edge struct {
	Name   string `json:"name"`
	Values []byte `json:"values"`
}

// marshal writes a line for every profile and every vector.
func (d *document) marshal() ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\n\"version\": %d,\n\"profiles\": {", d.Version)
	for i, name := range slices.Sorted(maps.Keys(d.Profiles)) {
		line, err := json.Marshal(d.Profiles[name])
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%s\n%q: %s", separator(i), name, line)
	}
	b.WriteString("\n},\n\"vectors\": [")
	for i := range d.Vectors {
		line, err := json.Marshal(&d.Vectors[i])
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%s\n%s", separator(i), line)
	}
	b.WriteString("\n]\n}\n")
	return b.Bytes(), nil
}

func separator(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}

func floatBytes(v []float32) []byte {
	b := make([]byte, 0, 4*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}
