package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Bytes is the value of a flag: a number of bytes, or of KiB, MiB, GiB or TiB ("512MiB", "4G").
type Bytes int64

var byteUnits = []struct {
	name  string
	bytes float64
}{{"KIB", 1 << 10}, {"MIB", 1 << 20}, {"GIB", 1 << 30}, {"TIB", 1 << 40}}

func (s *Bytes) String() string {
	for i := len(byteUnits) - 1; i >= 0; i-- {
		if u := int64(byteUnits[i].bytes); int64(*s) >= u && int64(*s)%u == 0 {
			return fmt.Sprint(int64(*s)/u, strings.Replace(byteUnits[i].name, "IB", "iB", 1))
		}
	}
	return strconv.FormatInt(int64(*s), 10)
}

// Set reads what String writes; the B, or the iB, may be missing.
func (s *Bytes) Set(text string) error {
	number, unit := strings.ToUpper(strings.TrimSpace(text)), 1.
	for _, u := range byteUnits {
		for _, name := range []string{u.name, u.name[:1] + "B", u.name[:1]} {
			if n, ok := strings.CutSuffix(number, name); ok {
				number, unit = strings.TrimSpace(n), u.bytes
			}
		}
	}
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || !(v*unit >= 1 && v*unit < math.MaxInt64) {
		return fmt.Errorf("%q is no size: bytes, or as 512MiB or 4GiB", text)
	}
	*s = Bytes(v * unit)
	return nil
}

func (s *Bytes) Type() string { return "size" }
