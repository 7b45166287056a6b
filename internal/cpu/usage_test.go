package cpu

import (
	"runtime"
	"testing"
	"time"
)

var sink []byte

func TestUsage(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells")
	}
	before, peak := Time(), PeakResident()
	sink = make([]byte, 64<<20)
	for end := time.Now().Add(50 * time.Millisecond); time.Now().Before(end); {
		for i := 0; i < len(sink); i += 4096 {
			sink[i]++
		}
	}
	if Time() <= before {
		t.Error("no processor time was taken")
	}
	if got := PeakResident(); got < peak+60<<20 || Resident() > got+1<<20 {
		t.Errorf("64 MiB were touched: peak %d, before %d, now %d", got, peak, Resident())
	}
	if Load() < 0 {
		t.Error("no load average")
	}
}
