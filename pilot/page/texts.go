package page

import (
	_ "embed" // the texts
	"fmt"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
)

//go:embed texts.yaml
var textsYAML []byte

// texts are what pages say: by key, then by language.
var texts = func() (all map[string]map[string]string) {
	if err := yaml.Unmarshal(textsYAML, &all); err != nil {
		panic(err) // it is part of the program
	}
	return all
}()

// Language is one that pages are written in.
type Language struct{ Code, Name, File string }

// Languages are those of the texts.
func Languages() []Language {
	return []Language{{"en", "English", "report.html"}, {"ja", "日本語", "report.ja.html"}}
}

// say is a text with its words in braces replaced by what follows them in words: "n", 3, ... It fails where there is no such text.
func say(language, key string, words ...any) (string, error) {
	text, ok := texts[key][language]
	if !ok {
		return "", fmt.Errorf("no text %q in %q", key, language)
	}
	var pairs []string
	for i := 0; i+1 < len(words); i += 2 {
		pairs = append(pairs, fmt.Sprintf("{%v}", words[i]), fmt.Sprint(words[i+1]))
	}
	return together(strings.NewReplacer(pairs...).Replace(text)), nil
}

// unit is a number and what it counts: no line may end between them.
var unit = regexp.MustCompile(`([0-9]) (%|B|KB|MB|GB|TB|ms|s|min|points?|bits?|images|point)([^A-Za-z]|$)`)

// together keeps units with their numbers.
func together(text string) string { return unit.ReplaceAllString(text, "$1\u00a0$2$3") }
