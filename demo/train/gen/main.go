// Command gen writes the demo's images as NumPy arrays for train.py: classify_x, classify_y, segment_x, segment_y.
package main

import (
	"flag"
	"log"
	"os"
	"path/filepath"

	"github.com/dqa-go/dqa/demo"
	"github.com/sbinet/npyio/npy"
)

func main() {
	dir := flag.String("o", "demo-images", "folder to write to")
	user := flag.Bool("user", false, "the images that users see instead of the training images")
	classify := flag.Int("classify", 6000, "images for the classifier")
	segment := flag.Int("segment", 2000, "images for the segmenter")
	flag.Parse()
	seed := uint64(demo.TrainSeed)
	if *user {
		seed = demo.UserSeed
	}
	if err := write(*dir, seed, *classify, *segment); err != nil {
		log.Fatal(err)
	}
}

// write stores flat arrays; train.py gives them their shape.
func write(dir string, seed uint64, classify, segment int) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var x, y []uint8
	for i := range classify {
		pix, class := demo.ClassifyImage(seed, i)
		x, y = append(x, pix...), append(y, uint8(class))
	}
	if err := save(dir, "classify", x, y); err != nil {
		return err
	}
	x, y = nil, nil
	for i := range segment {
		pix, mask := demo.SegmentImage(seed, i)
		x, y = append(x, pix...), append(y, mask...)
	}
	return save(dir, "segment", x, y)
}

func save(dir, task string, x, y []uint8) error {
	for suffix, data := range map[string][]uint8{"_x.npy": x, "_y.npy": y} {
		f, err := os.Create(filepath.Join(dir, task+suffix))
		if err != nil {
			return err
		}
		if err := npy.Write(f, data); err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}
