package file

import (
	"strings"
	"testing"
)

func TestCheckYAML(t *testing.T) {
	deep := strings.Repeat
	for name, c := range map[string]struct {
		text string
		ok   bool
	}{
		"empty":         {"", true},
		"settings":      {"size: 256\nmean: [1, 2, 3]\n# " + deep("-", 200) + "\n", true},
		"ruler":         {deep("-", 100) + "\n", true},
		"blank":         {deep(" ", 500) + "\n", true},
		"indented":      {"a:\n" + deep(" ", 20) + "b: 1\n", true},
		"dashes":        {deep("- ", 32000) + ".", false},
		"bare dashes":   {deep("- ", 100), false},
		"questions":     {deep("? ", 100) + "a", false},
		"flow":          {deep("[", 100), false},
		"flow in lines": {deep("[\n", 100), false},
		"closed":        {deep("[] ", 100), true},
		"mappings":      {deep("{a: ", 100), false},
		"staircase": {func() string {
			s := ""
			for i := range 100 {
				s += deep(" ", i) + "a:\n"
			}
			return s
		}(), false},
		"long": {deep("#", MaxYAML+1), false},
	} {
		if err := CheckYAML([]byte(c.text)); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
