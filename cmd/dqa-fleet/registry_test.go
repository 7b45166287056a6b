package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/rollout"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/profile"
)

// sample writes a small profile.
func sample(t *testing.T) string {
	t.Helper()
	p := &profile.Profile{
		Tool: "1", ISA: "generic", EdgeSet: "stored", Network: profile.Network{Name: "network.onnx", Digest: [32]byte{1}},
		Data: profile.Data{Spec: "demo", Images: 1}, Preprocess: profile.Preprocess{Divisor: 1},
		Setting: profile.Setting{Name: "direct", Bits: 2, Scale: profile.DynamicTensor},
		Edges: []profile.Edge{{
			Name: "edge", Geometry: profile.Geometry{Channels: 1, Rows: 2, Cols: 2, Tile: profile.Tile{Channels: 1, Rows: 2}},
			Quantizer: profile.Quantizer{Bits: 2, Scale: profile.DynamicTensor},
		}},
	}
	path := filepath.Join(t.TempDir(), "net.dqap")
	if err := os.WriteFile(path, p.Append(nil), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// owners runs verbs with a registry and keys of its own.
type owners struct {
	t      *testing.T
	common []string
}

func (o owners) call(want int, args ...string) string {
	o.t.Helper()
	code, stdout, stderr := call(o.t, append(args, o.common...)...)
	if code != want {
		o.t.Fatalf("%v: exit code %d, expected %d: %s", args, code, want, stderr)
	}
	return stdout + stderr
}

func (o owners) contains(text string, words ...string) {
	o.t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			o.t.Errorf("no %q in\n%s", w, text)
		}
	}
}

// A registry in a folder, from its keys to a root that was rotated on another machine.
func TestRegistryVerbs(t *testing.T) {
	dir := t.TempDir()
	keys, store, offline := filepath.Join(dir, "keys"), filepath.Join(dir, "store"), filepath.Join(dir, "offline")
	all := owners{t, []string{"--keys", keys}}
	all.contains(all.call(0, "keys", "new", "targets", "snapshot", "timestamp"), "plain, mode 0600")
	words := filepath.Join(dir, "words")
	if err := os.WriteFile(words, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	away := owners{t, []string{"--keys", offline, "--passphrase-file", words}}
	away.contains(away.call(0, "keys", "new", "root", "root2", "--encrypt"), "encrypted")
	for _, name := range []string{"root.pub", "root2.pub"} { // public halves are all that comes here
		b, err := os.ReadFile(filepath.Join(offline, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(keys, name), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	all.contains(all.call(0, "keys", "list"), "public only")
	r := owners{t, []string{"--keys", keys, "--store", store}}
	r.contains(r.call(0, "keys", "init"), "waiting: staged/1.root.json", "0 of 1 signatures")
	first := filepath.Join(dir, "1.root.json")
	carry := func(name, to string) {
		b, err := os.ReadFile(filepath.Join(store, name))
		if err == nil {
			err = os.WriteFile(to, b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	carry("staged/1.root.json", first)
	away.contains(away.call(0, "sign", first, "--show"), "not signed", "0 of 1 signatures", "targets: 1 of ")
	away.contains(away.call(0, "sign", first, "--key", "root"), "root: 1 of ")
	r.contains(r.call(0, "publish", first, "--kind", "root"), "published:", "metadata/timestamp.json")
	r.contains(r.call(0, "publish", sample(t), "--kind", "profile"), "profile/net.dqap", "published:")
	r.call(cli.ExitUsage, "publish", sample(t), "--kind", "thing")
	r.call(cli.ExitUsage, "keys", "init")

	r.contains(r.call(0, "keys", "rotate", "root", "--to", "root2"), "waiting: staged/2.root.json")
	second := filepath.Join(dir, "2.root.json")
	carry("staged/2.root.json", second)
	away.call(0, "sign", second)
	r.contains(r.call(0, "publish", second, "--kind", "root"), "metadata/2.root.json")
	r.contains(r.call(0, "sign", "--renew"), "metadata/timestamp.json")
	r.call(cli.ExitUsage, "sign", "3.targets.json", "--show")

	var v fleetStatus
	if err := json.Unmarshal([]byte(r.call(0, "status", "--json")), &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Targets) != 1 || v.Targets[0].Format != 1 || v.Roles[0].Version != 2 || len(v.Waiting) != 0 {
		t.Errorf("%+v", v)
	}
	r.contains(r.call(0, "status"), "profile/net.dqap", "1 of 1", "timestamp")
	r.contains(r.call(0, "publish", "profile/net.dqap", "--withdraw"), "published:")

	// Another machine has verified nothing yet, and is given the first root; then the store is an old copy.
	other := owners{t, []string{"--keys", filepath.Join(dir, "other"), "--store", store}}
	other.call(cli.ExitFailure, "status")
	other.call(0, "status", "--root", first)
	if err := os.Remove(filepath.Join(store, "metadata/timestamp.json")); err != nil {
		t.Fatal(err)
	}
	carry("metadata/1.targets.json", filepath.Join(store, "metadata/timestamp.json"))
	other.contains(other.call(exitRefused, "status"), "refused")
}

// A program is fetched, verified, and left alone where it is there already; what is not released, too large, damaged or older is refused.
func TestFetch(t *testing.T) {
	dir := t.TempDir()
	keys, store, out := filepath.Join(dir, "keys"), filepath.Join(dir, "store"), filepath.Join(dir, "program")
	owners{t, []string{"--keys", keys}}.call(0, "keys", "new", "root", "targets", "snapshot", "timestamp")
	r := owners{t, []string{"--keys", keys, "--store", store}}
	r.call(0, "keys", "init")
	program := filepath.Join(dir, "dqa-fleet")
	publish := func(contents string) {
		t.Helper()
		if err := os.WriteFile(program, []byte(contents), 0o600); err != nil {
			t.Fatal(err)
		}
		r.call(0, "publish", program, "--kind", "binary", "--replace")
	}
	publish("#!/bin/sh\necho one\n")
	d := owners{t, []string{"--registry", filepath.Join(dir, "seen"), "--root", filepath.Join(keys, "trusted", "root.json"), "--store", store}}
	d.contains(d.call(0, "fetch", "binary/dqa-fleet", "-o", out), "fetched", "SHA-256")
	if said, err := exec.Command(out).Output(); err != nil || string(said) != "one\n" {
		t.Errorf("%s, %v", said, err)
	}
	d.contains(d.call(0, "fetch", "binary/dqa-fleet", "-o", out), "is there already")
	d.call(cli.ExitFailure, "fetch", "binary/other", "-o", out)
	before, err := os.ReadFile(filepath.Join(store, "metadata", "timestamp.json"))
	if err != nil {
		t.Fatal(err)
	}
	publish("#!/bin/sh\necho two\n")
	d.call(exitRefused, "fetch", "binary/dqa-fleet", "-o", out, "--release-size", "10")
	var v fetched
	if err := json.Unmarshal([]byte(d.call(0, "fetch", "binary/dqa-fleet", "-o", out, "--json")), &v); err != nil || !v.Changed {
		t.Errorf("%+v, %v", v, err)
	}
	after, err := os.ReadFile(out)
	if err != nil || !strings.Contains(string(after), "two") {
		t.Errorf("%s, %v", after, err)
	}
	publish("#!/bin/sh\necho three\n")
	for name, damage := range map[string]func() error{
		"another file": func() error {
			return os.WriteFile(filepath.Join(store, "targets", digestOfFile(t, program)), []byte("#!/bin/sh\necho evil\n"), 0o600)
		},
		"an old registry": func() error { return os.WriteFile(filepath.Join(store, "metadata", "timestamp.json"), before, 0o600) },
	} {
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		d.call(exitRefused, "fetch", "binary/dqa-fleet", "-o", out)
		if now, err := os.ReadFile(out); err != nil || string(now) != string(after) {
			t.Errorf("%s: %s, %v", name, now, err)
		}
	}
}

func digestOfFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// A roll-out over a server: begun, watched by nobody, stopped, and all of it in the journal.
func TestRolloutVerbs(t *testing.T) {
	s, err := link.Start(t.TempDir(), link.ServerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	keys := filepath.Join(t.TempDir(), "keys")
	owners{t, []string{"--keys", keys}}.call(0, "keys", "new", "root", "targets", "snapshot", "timestamp")
	r := owners{t, []string{"--keys", keys, "--server", s.URL()}}
	on := owners{t, []string{"--server", s.URL()}}
	on.call(exitLink, "rollout", "status")
	r.call(0, "keys", "init")
	r.call(0, "publish", sample(t), "--kind", "profile")
	r.call(cli.ExitFailure, "rollout", "start", "profile/other.dqap", "--detach")
	r.call(cli.ExitUsage, "rollout", "start", "profile/net.dqap", "--detach", "--shares", "0.5")
	r.call(cli.ExitUsage, "rollout", "start")
	r.contains(r.call(0, "rollout", "start", "profile/net.dqap", "--detach", "--seed", "7", "--shares", "0.5,1"), "canary, 50 %", "seed 7")
	r.call(cli.ExitFailure, "rollout", "start", "profile/net.dqap", "--detach")
	r.contains(r.call(0, "status"), "roll-out 1 of profile/net.dqap: canary")
	on.contains(on.call(0, "rollout", "stop", "--revoke"), "returned", "revoked: 1 profile")
	on.call(cli.ExitFailure, "rollout", "stop")
	r.contains(r.call(cli.ExitFailure, "rollout", "start", "profile/net.dqap", "--detach"), "revoked")
	var v rolloutStatus
	if err := json.Unmarshal([]byte(on.call(0, "rollout", "status", "--json")), &v); err != nil {
		t.Fatal(err)
	}
	if v.Revision != 2 || len(v.Events) != 2 || v.Events[1].Step != rollout.Return || v.Rollout.Phase != rollout.Returned {
		t.Errorf("%+v", v)
	}
}
