package inspect

import (
	"encoding/json"
	"fmt"
	"math"
)

// Number is a measurement, which may not apply or not be finite: JSON has null for it.
type Number float64

// Applies tells whether it is a number.
func (n Number) Applies() bool { return !math.IsNaN(float64(n)) && !math.IsInf(float64(n), 0) }

// MarshalJSON implements json.Marshaler.
func (n Number) MarshalJSON() ([]byte, error) {
	if !n.Applies() {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// Text formats a number that applies, and says so of others.
func (n Number) Text(format string) string {
	if !n.Applies() {
		return "not applicable"
	}
	return fmt.Sprintf(format, float64(n))
}

// Number32 is a Number of float32, which JSON has with the digits that it needs.
type Number32 float32

// MarshalJSON implements json.Marshaler.
func (n Number32) MarshalJSON() ([]byte, error) {
	if !Number(n).Applies() {
		return []byte("null"), nil
	}
	return json.Marshal(float32(n))
}
