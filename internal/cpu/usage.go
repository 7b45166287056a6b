package cpu

import (
	"bytes"
	"os"
	"strconv"
	"strings"
)

// status reads a line of /proc/self/status in bytes; 0 where there is none.
func status(field string) int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(text) {
		if rest, ok := strings.CutPrefix(string(line), field+":"); ok {
			kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib << 10
		}
	}
	return 0
}

// PeakResident is the most memory of this process that was resident at a time, in bytes; 0 where that is not known.
func PeakResident() int64 { return status("VmHWM") }

// Resident is what is resident now.
func Resident() int64 { return status("VmRSS") }

// Load is the machine's load average over the last minute; negative where that is not known.
func Load() float64 {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return -1
	}
	first, _, _ := strings.Cut(string(text), " ")
	v, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return -1
	}
	return v
}
