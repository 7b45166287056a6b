//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSignals: whatever a verb waits for or works on, a signal ends it with 130, one error and one hint.
func TestSignals(t *testing.T) {
	const fifo = "FIFO"
	for name, args := range map[string][]string{
		"a pipe that nobody writes":  {"inspect", fifo},
		"a profile that never comes": {"decode", fifo, fifo, "-o", "x.npz"},
		"a pipe that nobody reads":   {"run", "demo:classify", "--data", "demo:classify[0:1]", "-o", fifo, "-q"},
		"standard input":             {"inspect", "-"},
		"many groups":                {"sweep", "demo:segment", "--data", "demo:segment[0:200]", "--calib", "demo:segment[200:300]", "-o", "sweep", "-q"},
		"many images":                {"calibrate", "demo:segment", "--data", "demo:segment[0:400]", "-o", "p.dqap", "-q"},
	} {
		for _, signal := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
			t.Run(name+"/"+signal.String(), func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				if err := syscall.Mkfifo(filepath.Join(dir, fifo), 0o600); err != nil {
					t.Skip(err)
				}
				interrupt(t, dir, args, signal)
			})
		}
	}
}

// patience is far more than a second: other tests run, too.
const patience = 20 * time.Second

func interrupt(t *testing.T, dir string, args []string, signal os.Signal) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), asCommand+"=1")
	in, err := cmd.StdinPipe() // open and silent
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
	begin := time.Now()
	if err := cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	err = cmd.Wait()
	timer.Stop()
	t.Logf("%v after the signal", time.Since(begin).Round(time.Millisecond))
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit code %d (%v)\n%s", code, err, &stderr)
	}
	lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "dqa: error: ") || !strings.HasPrefix(lines[1], "dqa: hint: ") {
		t.Errorf("standard error: %q", lines)
	}
}
