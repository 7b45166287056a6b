// Package deploy_test compares what belongs together in the files of this folder.
package deploy_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/fleet/site"
	"github.com/nats-io/nats-server/v2/server"
)

// must are the values that everybody has to give.
func must(more object) object {
	v := object{"model.claim": "models", "model.edge": 3}
	for k, x := range more {
		v[k] = x
	}
	return v
}

var everything = object{
	"server.replicas": 3, "server.service.annotations": object{"a": "b"}, "server.storageClass": "fast", "gateway.members": []any{"gateway", "second"},
	"gateway.workers": 4, "gateway.args": []any{"--ack-wait", "30s"}, "ui.hosts": []any{"fleet.example"}, "serviceMonitor.enabled": true,
	"serviceMonitor.labels": object{"release": "prometheus"}, "dashboard.enabled": true, "nodeSelector": object{"disk": "fast"},
	"tolerations": []any{object{"key": "gpu", "operator": "Exists"}}, "secrets.server": "mine",
}

func TestChart(t *testing.T) {
	for name, c := range map[string]struct {
		changes object
		kinds   []string
	}{
		"as it is": {nil, []string{"ConfigMap/fleet-server", "Deployment/fleet-gateway", "Deployment/fleet-ui", "NetworkPolicy/fleet-gateway",
			"NetworkPolicy/fleet-server", "NetworkPolicy/fleet-ui", "Service/fleet-server", "Service/fleet-server-peers", "Service/fleet-ui",
			"StatefulSet/fleet-server"}},
		"a server elsewhere": {object{"server.enabled": false, "server.url": "nats://elsewhere", "ui.enabled": false, "networkPolicy.enabled": false},
			[]string{"Deployment/fleet-gateway"}},
		"everything": {everything, []string{"ConfigMap/fleet-dashboard", "ConfigMap/fleet-server", "Deployment/fleet-gateway", "Deployment/fleet-second",
			"Deployment/fleet-ui", "NetworkPolicy/fleet-gateway", "NetworkPolicy/fleet-server", "NetworkPolicy/fleet-ui", "PodDisruptionBudget/fleet-server",
			"PodMonitor/fleet-gateway", "Service/fleet-server", "Service/fleet-server-peers", "Service/fleet-ui", "ServiceMonitor/fleet-ui",
			"StatefulSet/fleet-server"}},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := render(t, values(t, must(c.changes)))
			if err != nil {
				t.Fatal(err)
			}
			all := documents(t, text)
			var kinds []string
			for k := range all {
				kinds = append(kinds, k)
			}
			if slices.Sort(kinds); !slices.Equal(kinds, c.kinds) {
				t.Errorf("%q", kinds)
			}
			for k, d := range all {
				checkWorkload(t, k, d)
				checkSelectors(t, k, d, all)
			}
		})
	}
	for _, wrong := range []object{{"model.claim": ""}, {"model.edge": ""}, {"server.enabled": false}} {
		if _, err := render(t, values(t, must(wrong))); err == nil {
			t.Errorf("%v is accepted", wrong)
		}
	}
}

// checkWorkload: pods run as nobody, on a read-only disk, with what they mount and within bounds.
func checkWorkload(t *testing.T, name string, d object) {
	t.Helper()
	pod := at(d, "spec", "template", "spec")
	if pod == nil {
		return
	}
	if at(pod, "securityContext", "runAsNonRoot") != true || at(pod, "automountServiceAccountToken") != false {
		t.Errorf("%s: %v", name, at(pod, "securityContext"))
	}
	volumes := map[any]bool{}
	for _, v := range list(at(pod, "volumes")) {
		volumes[at(v, "name")] = true
	}
	for _, v := range list(at(d, "spec", "volumeClaimTemplates")) {
		volumes[at(v, "metadata", "name")] = true
	}
	for _, c := range list(at(pod, "containers")) {
		s := at(c, "securityContext")
		if at(s, "readOnlyRootFilesystem") != true || at(s, "allowPrivilegeEscalation") != false || at(c, "resources", "limits", "memory") == nil {
			t.Errorf("%s: %v", name, c)
		}
		if !within(at(d, "spec", "template", "metadata", "labels"), at(d, "spec", "selector", "matchLabels")) {
			t.Errorf("%s does not select its own pods", name)
		}
		used := map[any]bool{}
		for _, m := range list(at(c, "volumeMounts")) {
			used[at(m, "name")] = true
			if !volumes[at(m, "name")] {
				t.Errorf("%s mounts %v, which is not there", name, at(m, "name"))
			}
		}
		if len(used) != len(volumes) {
			t.Errorf("%s has volumes that nothing mounts: %v, %v", name, volumes, used)
		}
		ports := portsOf(c)
		for _, probe := range []string{"livenessProbe", "readinessProbe", "startupProbe"} {
			for _, kind := range []string{"httpGet", "tcpSocket"} {
				if p := at(c, probe, kind, "port"); p != nil && !ports[p] {
					t.Errorf("%s: %s asks port %v", name, probe, p)
				}
			}
		}
	}
}

func portsOf(container any) map[any]bool {
	ports := map[any]bool{}
	for _, p := range list(at(container, "ports")) {
		ports[at(p, "name")] = true
	}
	return ports
}

// checkSelectors: what selects pods finds some, and the ports that it names.
func checkSelectors(t *testing.T, name string, d object, all map[string]object) {
	t.Helper()
	kind, _, _ := strings.Cut(name, "/")
	var want any
	var ports []any
	switch kind {
	case "Service":
		want = at(d, "spec", "selector")
		for _, p := range list(at(d, "spec", "ports")) {
			ports = append(ports, at(p, "targetPort"))
		}
	case "NetworkPolicy":
		want = at(d, "spec", "podSelector", "matchLabels")
		for _, rule := range list(at(d, "spec", "ingress")) {
			for _, p := range list(at(rule, "ports")) {
				ports = append(ports, at(p, "port"))
			}
		}
	case "PodDisruptionBudget":
		want = at(d, "spec", "selector", "matchLabels")
	case "PodMonitor":
		want = at(d, "spec", "selector", "matchLabels")
		for _, e := range list(at(d, "spec", "podMetricsEndpoints")) {
			ports = append(ports, at(e, "port"))
		}
	case "ServiceMonitor":
		for other, s := range all {
			if strings.HasPrefix(other, "Service/") && within(at(s, "metadata", "labels"), at(d, "spec", "selector", "matchLabels")) {
				return
			}
		}
		t.Errorf("%s finds no service", name)
		return
	default:
		return
	}
	found := false
	for _, w := range all {
		if !within(at(w, "spec", "template", "metadata", "labels"), want) {
			continue
		}
		found = true
		have := portsOf(list(at(w, "spec", "template", "spec", "containers"))[0])
		for _, p := range ports {
			if !have[p] {
				t.Errorf("%s: port %v", name, p)
			}
		}
	}
	if !found {
		t.Errorf("%s selects nothing: %v", name, want)
	}
}

var valueUse = regexp.MustCompile(`\.Values((?:\.[A-Za-z]+)+)`)

// Every value that templates ask for is in values.yaml, and every one there in the schema.
func TestValues(t *testing.T) {
	v := values(t, nil)
	paths, err := filepath.Glob("chart/templates/*")
	if err != nil || len(paths) < 6 {
		t.Fatal(paths, err)
	}
	n := 0
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range valueUse.FindAllStringSubmatch(string(b), -1) {
			n++
			names := strings.Split(m[1][1:], ".")
			parent := any(v)
			if len(names) > 1 {
				parent = at(v, names[:len(names)-1]...)
			}
			if o, ok := parent.(object); !ok {
				t.Errorf("%s asks for %s", path, m[0])
			} else if _, ok := o[names[len(names)-1]]; !ok {
				t.Errorf("%s asks for %s", path, m[0])
			}
		}
	}
	if n < 30 {
		t.Errorf("only %d values are used", n)
	}
	b, err := os.ReadFile("chart/values.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema object
	if err := json.Unmarshal(b, &schema); err != nil {
		t.Fatal(err)
	}
	for group, inner := range v {
		described, ok := at(schema, "properties", group).(object)
		if !ok {
			t.Errorf("the schema has no %s", group)
			continue
		}
		o, _ := inner.(object)
		for name := range o {
			if described["properties"] != nil && at(described, "properties", name) == nil {
				t.Errorf("the schema has no %s.%s", group, name)
			}
		}
	}
}

// What the chart gives a server is a configuration that the server reads, with what init makes for it.
func TestServerConfiguration(t *testing.T) {
	for _, replicas := range []int{1, 3} {
		dir := t.TempDir()
		if _, err := site.Init(dir, site.Options{At: dir}); err != nil {
			t.Fatal(err)
		}
		text, err := render(t, values(t, must(object{"server.replicas": replicas})))
		if err != nil {
			t.Fatal(err)
		}
		conf := fmt.Sprint(at(documents(t, text)["ConfigMap/fleet-server"], "data", "cluster.conf"))
		path := filepath.Join(dir, "cluster.conf")
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(conf, "/etc/dqa", dir)), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("POD_NAME", "fleet-server-0")
		o := &server.Options{}
		if err := o.ProcessConfigFile(path); err != nil {
			t.Fatalf("%v:\n%s", err, conf)
		}
		if o.ServerName != "fleet-server-0" || o.TLSConfig == nil || !o.TLSMap || len(o.Accounts) != 1 || o.Port != 4222 {
			t.Errorf("%d: %q, %d accounts", replicas, o.ServerName, len(o.Accounts))
		}
		if replicas == 3 && (o.Cluster.Port != 6222 || o.Cluster.TLSConfig == nil || len(o.Routes) != 3 ||
			o.Routes[2].Host != "fleet-server-2.fleet-server-peers.default.svc:6222") {
			t.Errorf("%+v", o.Routes)
		}
	}
}

// Services name volumes, each other and files that are there; nothing but the server listens beyond this machine.
func TestCompose(t *testing.T) {
	var c object
	parse(t, "docker-compose.yaml", &c)
	dir := t.TempDir()
	add := []site.Member{{Site: "main", Name: "cam-1", Role: site.Device}}
	if _, err := site.Init(filepath.Join(dir, "site"), site.Options{Add: add}); err != nil {
		t.Fatal(err)
	}
	services, _ := c["services"].(object)
	if len(services) != 5 {
		t.Errorf("%d services", len(services))
	}
	own := 0
	for name, s := range services {
		for _, on := range list(at(s, "depends_on")) {
			if services[on.(string)] == nil {
				t.Errorf("%s depends on %v", name, on)
			}
		}
		for _, v := range list(at(s, "volumes")) {
			from, _, _ := strings.Cut(v.(string), ":")
			if !strings.HasPrefix(from, ".") {
				if _, ok := c["volumes"].(object)[from]; !ok {
					t.Errorf("%s: volume %s", name, from)
				}
				continue
			}
			if from == "./model" || from == "./images" {
				continue // what people bring
			}
			_, err := os.Stat(filepath.Join(dir, from))
			if _, err2 := os.Stat(from); err != nil && err2 != nil {
				t.Errorf("%s: %s is not there", name, from)
			}
			if !strings.HasSuffix(v.(string), ":ro") {
				t.Errorf("%s may write to %s", name, from)
			}
		}
		for _, p := range list(at(s, "ports")) {
			if name != "server" && !strings.HasPrefix(p.(string), "127.0.0.1:") {
				t.Errorf("%s listens on %v", name, p)
			}
		}
		if at(s, "image") == "dqa-fleet:local" {
			if own++; at(s, "read_only") != true {
				t.Errorf("%s has a disk to write to", name)
			}
		}
	}
	if own != 4 {
		t.Errorf("%d services run this program", own)
	}
	var p object
	parse(t, "prometheus.yaml", &p)
	for _, job := range list(p["scrape_configs"]) {
		target := fmt.Sprint(list(at(list(at(job, "static_configs"))[0], "targets"))[0])
		host, port, _ := strings.Cut(target, ":")
		if services[host] == nil || !strings.Contains(fmt.Sprint(at(services[host], "command")), port) {
			t.Errorf("Prometheus asks %s", target)
		}
	}
}

func TestDockerfile(t *testing.T) {
	b, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"FROM scratch\n", "COPY dqa-fleet /dqa-fleet\n", "USER 65532:65532\n", `ENTRYPOINT ["/dqa-fleet"]`} {
		if !bytes.Contains(b, []byte(want)) {
			t.Errorf("%q is missing", want)
		}
	}
}

func TestDashboardIsTheSame(t *testing.T) {
	a, err := os.ReadFile("grafana/fleet.json")
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile("chart/files/fleet.json")
	if err != nil || !bytes.Equal(a, b) {
		t.Errorf("chart/files/fleet.json is not grafana/fleet.json: copy it, %v", err)
	}
}
