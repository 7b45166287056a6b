package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/internal/cli"
)

// A sweep over two processes prints and writes what one machine does, byte for byte.
func TestSweepOnWorkers(t *testing.T) {
	s, err := link.Start(t.TempDir(), link.ServerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	images := []string{"demo:classify", "--data", "demo:classify[64:76]", "--calib", "demo:classify[0:6]", "--workers", "1"}
	grid := []string{"--methods", "direct,dqa", "--bits", "2,4", "--extra-bits", "1", "--ratio", "0.5", "--json", "-q"}
	dir := t.TempDir()
	alone, shared := filepath.Join(dir, "alone"), filepath.Join(dir, "shared")
	code, want, stderr := call(t, append(append(append([]string{"sweep"}, images...), grid...), "-o", alone)...)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	type worker struct {
		end  func() int
		said func() string
	}
	var workers []worker
	for range 2 {
		w, said := program(t, append(append([]string{"worker"}, images...), "--on", s.URL())...)
		says(t, said, "waiting for settings")
		workers = append(workers, worker{func() int { return ended(t, w, syscall.SIGTERM) }, said})
	}
	code, got, stderr := call(t, append(append(append([]string{"sweep"}, images...), grid...), "-o", shared, "--on", s.URL())...)
	if code != 0 || got != want || len(got) < 1000 {
		t.Errorf("exit code %d: %s\n%s\nalone\n%s", code, stderr, got, want)
	}
	for _, name := range []string{"report.json", "report.html", "sweep.svg"} {
		a, err := os.ReadFile(filepath.Join(alone, name))
		if err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(filepath.Join(shared, name)); err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s differs, %v", name, err)
		}
	}
	for _, w := range workers {
		if code := w.end(); code != 0 || !strings.Contains(w.said(), "settings measured") {
			t.Errorf("worker: exit code %d, %s", code, w.said())
		}
	}
	if code, _, stderr := call(t, append([]string{"worker"}, append(images, "--on", "nats://127.0.0.1:1")...)...); code != exitLink {
		t.Errorf("nobody there: exit code %d, %s", code, stderr)
	}
	if code, _, _ := call(t, append([]string{"sweep", "--methods", "nonsense"}, images...)...); code != cli.ExitUsage {
		t.Errorf("wrong method: exit code %d", code)
	}
}
