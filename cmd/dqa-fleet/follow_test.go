package main

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/profile"
)

// A device and a gateway follow a roll-out: from what they were started with, over shadow mode, to what is published.
func TestFollowsARollout(t *testing.T) {
	s, err := link.Start(t.TempDir(), link.ServerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	dir := t.TempDir()
	keys := filepath.Join(dir, "keys")
	root := filepath.Join(keys, "trusted", "root.json")
	owners{t, []string{"--keys", keys}}.call(0, "keys", "new", "root", "targets", "snapshot", "timestamp")
	r := owners{t, []string{"--keys", keys, "--server", s.URL()}}
	r.call(0, "keys", "init")
	old, next := demoProfile(t), calibrated(t, "better.dqap", 4)
	r.call(0, "publish", next, "--kind", "profile")

	common := []string{"demo:classify", "--at", "3", "--profile", old, "--server", s.URL(), "--root", root, "--follow-every", "50ms"}
	_, says1 := program(t, append([]string{"gateway", "--name", "g", "--registry", filepath.Join(dir, "g")}, common...)...)
	says(t, says1, "answers frames")
	_, says2 := program(t, append([]string{"device", "--name", "d", "--registry", filepath.Join(dir, "d"), "--data", "demo:classify[4:36]",
		"--repeat", "0", "--every", "5ms", "--compare", "1", "-o", filepath.Join(dir, "answers"), "--outbox", filepath.Join(dir, "box")}, common...)...)
	out := r.call(0, "rollout", "start", "profile/better.dqap", "--shadow", "--shares", "1", "--agreement", "0.5", "--errors", "0.2",
		"--images", "40", "--patience", "60s", "--every", "100ms")
	r.contains(out, "shadow, 100 %", "canary, 100 %", "completed")
	if t.Failed() {
		t.Logf("gateway: %s\ndevice: %s", says1(), says2())
	}
	digest := digestOf(t, next)
	l, err := link.Connect(t.Context(), link.Options{URL: s.URL(), Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	list, err := l.Statuses(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		t.Logf("%s runs %.12s, %+v", m.Name, m.Profile, m.Counters)
	}
	r.contains(r.call(0, "status"), "profile/better.dqap", hex.EncodeToString(digest[:6]), "completed")
}

// digestOf is a profile's.
func digestOf(t *testing.T, file string) [32]byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := profile.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return p.Digest()
}
