package deploy_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"text/template"

	"github.com/goccy/go-yaml"
)

type object = map[string]any

// values are the chart's own with changes over them: "a.b" names b of a.
func values(t *testing.T, changes object) object {
	t.Helper()
	var v object
	parse(t, "chart/values.yaml", &v)
	for path, value := range changes {
		at, parts := v, strings.Split(path, ".")
		for _, p := range parts[:len(parts)-1] {
			at = at[p].(object)
		}
		at[parts[len(parts)-1]] = value
	}
	return v
}

func parse(t *testing.T, path string, v any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		err = yaml.Unmarshal(b, v)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// files are those of the chart that templates read.
type files struct{}

func (files) Get(name string) (string, error) {
	b, err := os.ReadFile(filepath.Join("chart", name))
	return string(b), err
}

// render is what Helm makes of the chart, as far as its templates go: they use the functions below, which do as Helm's do.
// chart/lint.sh asks Helm itself.
func render(t *testing.T, v object) (string, error) {
	t.Helper()
	all := template.New("").Option("missingkey=error")
	all.Funcs(template.FuncMap{
		"include": func(name string, data any) (string, error) {
			var b strings.Builder
			err := all.ExecuteTemplate(&b, name, data)
			return b.String(), err
		},
		"toYaml": func(v any) (string, error) {
			b, err := yaml.Marshal(v)
			return strings.TrimSuffix(string(b), "\n"), err
		},
		"nindent": func(n int, s string) string {
			pad := "\n" + strings.Repeat(" ", n)
			return pad + strings.ReplaceAll(s, "\n", pad)
		},
		"quote":    func(v any) string { return fmt.Sprintf("%q", fmt.Sprint(v)) },
		"toString": func(v any) string { return fmt.Sprint(v) },
		"default": func(otherwise, v any) any {
			if v == nil || v == "" {
				return otherwise
			}
			return v
		},
		"required": func(message string, v any) (any, error) {
			if v == nil || v == "" {
				return nil, errors.New(message)
			}
			return v, nil
		},
		"int": toInt,
		"until": func(n int) (list []int) {
			for i := range n {
				list = append(list, i)
			}
			return list
		},
		"min":  func(a, b any) int { return min(toInt(a), toInt(b)) },
		"list": func(v ...any) []any { return v },
		"dict": func(v ...any) object {
			d := object{}
			for i := 0; i+1 < len(v); i += 2 {
				d[v[i].(string)] = v[i+1]
			}
			return d
		},
	})
	if _, err := all.ParseGlob("chart/templates/*"); err != nil {
		t.Fatal(err)
	}
	var chart object
	parse(t, "chart/Chart.yaml", &chart)
	data := object{
		"Values": v, "Files": files{}, "Release": object{"Name": "fleet", "Namespace": "default"}, "Chart": object{"AppVersion": chart["appVersion"]},
	}
	var b bytes.Buffer
	for _, one := range all.Templates() {
		if !strings.HasSuffix(one.Name(), ".yaml") {
			continue
		}
		b.WriteString("\n---\n")
		if err := one.Execute(&b, data); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

func toInt(v any) int {
	var n int
	_, _ = fmt.Sscan(fmt.Sprint(v), &n)
	return n
}

// documents are the objects of a rendered chart by kind and name.
func documents(t *testing.T, text string) map[string]object {
	t.Helper()
	all := map[string]object{}
	for doc := range strings.SplitSeq(text, "\n---") {
		var d object
		if err := yaml.Unmarshal([]byte(doc), &d); err != nil {
			t.Fatalf("%v:\n%s", err, doc)
		}
		if len(d) == 0 {
			continue
		}
		name := fmt.Sprint(d["kind"], "/", at(d, "metadata", "name"))
		if all[name] != nil || d["apiVersion"] == nil || strings.Contains(name, "<nil>") {
			t.Errorf("%s: twice, or not complete:\n%s", name, doc)
		}
		all[name] = d
	}
	return all
}

// at is what lies in an object; nil: nothing.
func at(v any, path ...string) any {
	for _, p := range path {
		o, ok := v.(object)
		if !ok {
			return nil
		}
		v = o[p]
	}
	return v
}

func list(v any) []any { l, _ := v.([]any); return l }

// within tells whether all of want's labels are in labels.
func within(labels, want any) bool {
	l, _ := labels.(object)
	w, _ := want.(object)
	for k := range maps.Keys(w) {
		if l[k] != w[k] {
			return false
		}
	}
	return len(w) > 0
}

// Helm itself, where it is installed, lints and renders the chart.
func TestHelm(t *testing.T) {
	helm, err := exec.LookPath("helm")
	if err != nil {
		t.Skip("there is no helm")
	}
	c := exec.Command("bash", "chart/lint.sh")
	c.Env = append(os.Environ(), "HELM="+helm)
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
