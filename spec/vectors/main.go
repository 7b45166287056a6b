// Command vectors makes spec/vectors/vectors.json: files that every reader of the formats must decode, and files that
// it must refuse, each for one reason. Everything is written by the slow writers of this package, which follow spec/
// and not the product; the product must agree before a file is written.
//
//	go run ./spec/vectors
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if err := run(filepath.Join("spec", "vectors", "vectors.json")); err != nil {
		fmt.Fprintln(os.Stderr, "vectors:", err)
		os.Exit(1)
	}
}

func run(file string) error {
	doc, err := build()
	if err != nil {
		return err
	}
	b, err := doc.marshal()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return err
	}
	counts := map[string]int{}
	for _, v := range doc.Vectors {
		counts[v.Cause]++
	}
	fmt.Println(len(doc.Vectors), "vectors,", len(b), "bytes,", counts)
	return os.WriteFile(file, b, 0o666)
}
