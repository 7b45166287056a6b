package session

import (
	"testing"

	"github.com/dqa-go/dqa/internal/text"
)

// Every image gets a name of its own, whatever the others are called.
func TestFrameNames(t *testing.T) {
	for _, images := range [][]string{
		{"a/x-000002.png", "b/x.png", "c/x.png"},
		{"x-000001.png", "a/x.png", "b/x.png", "c/x.png", "x-000002.png"},
		{"a/X.png", "b/x.png"}, {"", ".", "/", "..", "-000000"}, {"a\x1b[2J.png", "a"},
	} {
		used, seen := frameNames{}, map[string]bool{}
		for i, image := range images {
			name := used.name(image, i)
			if seen[name] || text.Visible(name) != name {
				t.Errorf("%q: image %q is called %q", images, image, name)
			}
			seen[name] = true
		}
	}
	used := frameNames{}
	if got := used.name("a/x.png", 5) + " " + used.name("b/x.png", 6); got != "x.dqaf x-000006.dqaf" {
		t.Errorf("%s", got)
	}
	for image, want := range map[string]string{"0": "000000.dqaf", "10": "000010.dqaf", "1234567": "1234567.dqaf", "007": "007.dqaf"} {
		if got := used.name(image, 0); got != want { // in the order of the images
			t.Errorf("image %s is called %s", image, got)
		}
	}
}
