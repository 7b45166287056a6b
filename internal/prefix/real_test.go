package prefix

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// dump is a tensor of a folder that the environment variable DQA_DUMP names: float32, image after image, channel after
// channel, with an index.
type dump struct {
	File                         string
	Channels, Rows, Cols, Images int
	OneSided                     bool `json:"one_sided"`
	Steps                        []float64
}

// dumps reads the index, or skips.
func dumps(tb testing.TB) (folder string, all []dump) {
	folder = os.Getenv("DQA_DUMP")
	if folder == "" {
		tb.Skip("DQA_DUMP names no folder of tensors")
	}
	data, err := os.ReadFile(filepath.Join(folder, "index.json"))
	if err == nil {
		err = json.Unmarshal(data, &all)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return folder, all
}

// codes reads a tensor and quantizes it.
func (d *dump) codes(tb testing.TB, folder string, step float64) []byte {
	data, err := os.ReadFile(filepath.Join(folder, d.File))
	if err != nil {
		tb.Fatal(err)
	}
	low, high := d.span()
	codes := make([]byte, len(data)/4)
	for i := range codes {
		x := float64(math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))) / step
		codes[i] = byte(int(math.RoundToEven(min(max(x, float64(low)), float64(high)))))
	}
	return codes
}

func (d *dump) span() (low, high int16) {
	if d.OneSided {
		return 0, 255
	}
	return -128, 127
}

// BenchmarkReal reports the stored bits per value of real tensors beside their entropy, and the speed of the coder.
func BenchmarkReal(b *testing.B) {
	folder, all := dumps(b)
	for _, d := range all {
		for _, step := range d.Steps {
			codes := d.codes(b, folder, step)
			low, high := d.span()
			var histogram [256]uint64
			for _, c := range codes {
				histogram[c]++
			}
			counts := NewCounts(low, high, Center(&histogram, low, high))
			counts.Add(codes[:len(codes)/2]) // calibrated on the first half of the images
			p := counts.Build()
			b.Run(fmt.Sprintf("%s/%.2f", d.File, entropyOf(&histogram)), func(b *testing.B) { benchmarkCoder(b, codes, p) })
		}
	}
}
