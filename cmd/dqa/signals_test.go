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

	"github.com/dqa-go/dqa/internal/cli"
)

// TestSignals: whatever a verb waits for or works on, a signal ends it with 130, one error and one hint.
func TestSignals(t *testing.T) {
	const fifo = "FIFO"
	for name, args := range map[string][]string{
		"a pipe that nobody writes":  {"inspect", fifo},
		"a profile that never comes": {"decode", fifo, fifo, "-o", "x.npz"},
		"a pipe that nobody reads":   {"run", "demo:classify", "--data", "demo:classify[0:1]", "-o", fifo, "-q"},
		"standard input":             {"inspect", "-"},
		"many groups": {"sweep", "demo:segment", "--data", "demo:segment[0:200]", "--calib",
			"demo:segment[200:300]", "-o", "sweep", "-q"},
		"many images": {"calibrate", "demo:segment", "--data", "demo:segment[0:400]", "-o", "p.dqap", "-q"},
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
	if code := cmd.ProcessState.ExitCode(); code != cli.ExitInterrupted {
		t.Errorf("exit code %d (%v)\n%s", code, err, &stderr)
	}
	lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "dqa: error: ") || !strings.HasPrefix(lines[1], "dqa: hint: ") {
		t.Errorf("standard error: %q", lines)
	}
}

// A sweep that is interrupted prints and writes what is done, marked as partial, ends with 130, and goes on with --resume to
// the report of one that was not.
func TestSweepInterrupted(t *testing.T) {
	dir := t.TempDir()
	args := []string{
		"sweep", "demo:classify", "--data", "demo:classify[10:14]", "--calib", "demo:classify[0:2]", "-q", "-o", "out",
		"--methods", "direct,dqa:unsigned", "--bits", "2,3,4,5,6", "--extra-bits", "1,2", "--ratio", "0.25,0.5",
	}
	run := func(stdout *bytes.Buffer, more ...string) *exec.Cmd {
		t.Helper()
		cmd := exec.Command(os.Args[0], append(args, more...)...)
		cmd.Dir, cmd.Stdout = dir, stdout
		cmd.Env = append(os.Environ(), asCommand+"=1")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	report := func() string {
		b, err := os.ReadFile(filepath.Join(dir, "out", "report.json"))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	var part, whole, again bytes.Buffer
	first := run(&part)
	for begin := time.Now(); time.Since(begin) < patience; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(filepath.Join(dir, "out", "sweep.progress")); err == nil {
			break
		}
	}
	if err := first.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := first.Wait(); first.ProcessState.ExitCode() != cli.ExitInterrupted {
		t.Fatalf("exit code %d (%v); it must not end before it is interrupted", first.ProcessState.ExitCode(), err)
	}
	if !strings.Contains(part.String(), "partial: ") || !strings.Contains(part.String(), " of 25 settings were done") {
		t.Errorf("printed:\n%s", &part)
	}
	if r := report(); !strings.Contains(r, `"partial": "`) || strings.Count(r, `"method"`) < 1+6*3 {
		t.Errorf("report:\n%s", r)
	}
	if err := run(&whole, "--resume").Wait(); err != nil {
		t.Fatal(err)
	}
	resumed := report()
	if err := run(&again).Wait(); err != nil {
		t.Fatal(err)
	}
	if report() != resumed || whole.String() != again.String() || strings.Contains(resumed, "partial") {
		t.Errorf("resumed:\n%s\nat once:\n%s", &whole, &again)
	}
}
