package session

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestArrayKeys(t *testing.T) {
	var arrays []Array
	for _, name := range []string{"a", "a", "a_1", "b/c", "a", ""} {
		arrays = append(arrays, Array{Name: name})
	}
	if d := cmp.Diff([]string{"a", "a_2", "a_1", "b/c", "a_4", ""}, arrayKeys(arrays)); d != "" {
		t.Error(d)
	}
}
