package pilot

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// schemaPath is where the schema of report.json is published.
var schemaPath = filepath.Join("..", "docs", "schema", "pilot.schema.json")

// schemaOf describes a Go type as encoding/json writes it: all fields are there, and no others.
func schemaOf(t reflect.Type) map[string]any {
	switch t.Kind() {
	case reflect.Pointer:
		return map[string]any{"anyOf": []any{map[string]any{"type": "null"}, schemaOf(t.Elem())}}
	case reflect.Struct:
		properties, required := map[string]any{}, []string{}
		for i := range t.NumField() {
			name, more, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			if name == "-" || !t.Field(i).IsExported() {
				continue
			}
			properties[name] = schemaOf(t.Field(i).Type)
			if more != "omitempty" {
				required = append(required, name)
			}
		}
		return map[string]any{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return map[string]any{"type": "string", "contentEncoding": "base64"}
		}
		return map[string]any{"type": []string{"array", "null"}, "items": schemaOf(t.Elem())}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	}
	return map[string]any{"type": "integer"}
}

// The published schema is that of the code. DQA_UPDATE=1 writes it.
func TestSchemaIsPublished(t *testing.T) {
	s := schemaOf(reflect.TypeFor[Study]())
	s["$schema"], s["title"] = "https://json-schema.org/draft/2020-12/schema", "report.json of dqa pilot"
	s["description"] = "Made from pilot.Study, whose comments say what every field is: go doc -all github.com/dqa-go/dqa/pilot."
	s["properties"].(map[string]any)["schema"] = map[string]any{"const": Schema}
	s["properties"].(map[string]any)["verdict"].(map[string]any)["properties"].(map[string]any)["light"] = map[string]any{"enum": []string{Green, Amber, Red}}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(s); err != nil {
		t.Fatal(err)
	}
	if os.Getenv("DQA_UPDATE") != "" {
		if err := os.WriteFile(schemaPath, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	published, err := os.ReadFile(schemaPath)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(published, b.Bytes()) {
		t.Error("the schema in docs/schema is not that of the code: DQA_UPDATE=1 go test ./pilot -run Schema")
	}
}
