package text

import (
	"strings"
	"testing"
)

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{0: "0 bytes", 1023: "1023 bytes", 1536: "1.5 KiB", 3 << 20: "3.0 MiB", 5 << 30: "5120 MiB"} {
		if got := Size(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestDuration(t *testing.T) {
	for s, want := range map[float64]string{.1234: "120ms", 12.34: "12.3s", 3723.4: "1h2m3s"} {
		if got := Duration(s); got != want {
			t.Errorf("%v: %q, want %q", s, got, want)
		}
	}
}

func TestTable(t *testing.T) {
	var b strings.Builder
	if err := Table(&b, "a\tb", [][]string{{"long", "1"}}); err != nil || b.String() != "a     b\nlong  1\n" {
		t.Errorf("%q, %v", b.String(), err)
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0 alarms", 1: "1 alarm", 2: "2 alarms"} {
		if got := Count(n, "alarm"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
