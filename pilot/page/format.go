package page

import (
	"math"
	"strconv"
	"strings"
)

// num is a number with so many decimals, never -0.
func num(v float64, decimals int) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "–"
	}
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Trim(s, "-0.") == "" {
		s = strings.TrimPrefix(s, "-")
	}
	return strings.Replace(s, "-", "−", 1)
}

// plain is a number with as many decimals as it needs, two at most.
func plain(v float64) string {
	s := num(v, 2)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// pct is a percentage as a person reads it: of small ones more is said.
func pct(v float64) string {
	switch {
	case v != 0 && math.Abs(v) < .1:
		return num(v, 3)
	case math.Abs(v) < 10:
		return num(v, 2)
	}
	return num(v, 1)
}

func points(v float64) string { return num(v, 2) }

// thousands is a number with its thousands apart.
func thousands(n any) string {
	s := ""
	switch n := n.(type) {
	case int:
		s = strconv.Itoa(n)
	case int64:
		s = strconv.FormatInt(n, 10)
	}
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// size is a number of bytes, of any type that templates meet.
func size(n any) string {
	v := 0.
	switch n := n.(type) {
	case float64:
		v = n
	case int64:
		v = float64(n)
	case int:
		v = float64(n)
	}
	units, unit := []string{"B", "KB", "MB", "GB", "TB", "PB"}, 0
	for v >= 999.5 && unit < len(units)-1 {
		v, unit = v/1000, unit+1
	}
	switch {
	case unit == 0:
		return num(v, 0) + "\u00a0B"
	case v >= 100:
		return num(v, 0) + "\u00a0" + units[unit]
	}
	return num(v, 1) + "\u00a0" + units[unit]
}

// milliseconds is a short time.
func milliseconds(v float64) string {
	switch {
	case v < 1:
		return num(v, 2) + "\u00a0ms"
	case v < 100:
		return num(v, 1) + "\u00a0ms"
	case v < 10000:
		return thousands(int(v+.5)) + "\u00a0ms"
	}
	return num(v/1000, 1) + "\u00a0s"
}

// seconds is a long one.
func seconds(v float64) string {
	switch {
	case v < 10:
		return num(v, 1) + "\u00a0s"
	case v < 100:
		return num(v, 0) + "\u00a0s"
	}
	return num(v/60, 1) + "\u00a0min"
}

// short is the beginning of a digest.
func short(digest string) string { return digest[:min(12, len(digest))] }
