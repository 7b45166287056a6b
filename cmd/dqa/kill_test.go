package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/profile"
)

// TestKilledGradedEnds kills calibrations of graded at random moments and resumes them, again and again: no partial
// profile, every one ends, and all end with the bytes of one that was left in peace.
func TestKilledGradedEnds(t *testing.T) {
	if testing.Short() {
		t.Skip("runs many processes")
	}
	const images = "demo:classify[0:8]"
	kills := 2
	if os.Getenv("CI") == "true" {
		kills = 200
	}
	args := []string{"calibrate", "demo:classify", "--data", images, "--budget", "1.5", "--resume", "-q", "--workers", "2",
		"--save-every", "20ms"}
	whole := filepath.Join(t.TempDir(), "whole.dqap")
	begin := time.Now()
	if out, err := asDQA(append(args, "-o", whole)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	alone := time.Since(begin)
	want, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 14))
	for killed, runs := 0, 0; killed < kills; runs++ {
		dir := t.TempDir()
		path := filepath.Join(dir, "p.dqap")
		lives := 0
		for ended := false; !ended; lives++ {
			// Some lives are too short to get anywhere; on the whole there must be progress.
			if lives > 400 {
				t.Fatalf("not ended after %d lives", lives)
			}
			ended = live(t, append(args, "-o", path), time.Duration(rng.Float64()*float64(alone)/2))
			checkWhole(t, dir, ended)
		}
		killed += lives - 1
		got, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("run %d, killed %d times: other bytes (%v)", runs, lives-1, err)
		}
	}
}

func asDQA(args ...string) *exec.Cmd {
	self, err := os.Executable()
	cli.Must(err)
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	return cmd
}

// live lets dqa run for a while and tells whether it has ended by itself.
func live(t *testing.T, args []string, span time.Duration) bool {
	t.Helper()
	cmd := asDQA(args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(span, func() { cmd.Process.Kill() })
	err := cmd.Wait()
	if timer.Stop() || err == nil {
		if err != nil {
			t.Fatalf("%v: %s", err, &stderr)
		}
		return true
	}
	return false
}

// checkWhole: what bears a final name is whole; besides there are only progress and what a kill leaves of temporary files.
func checkWhole(t *testing.T, dir string, ended bool) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		switch name := e.Name(); {
		case name == "p.dqap":
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err == nil {
				_, err = profile.Parse(b)
			}
			if err != nil {
				t.Fatalf("a partial profile: %v", err)
			}
		case name == "p.dqap.progress" && !ended:
		case strings.HasPrefix(name, ".p.dqap") && strings.Contains(name, ".tmp-"):
		default:
			t.Fatalf("%s is left", name)
		}
	}
}
