package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// What a hostile file may cost, whatever it announces.
const (
	hostileTime   = 2 * time.Second // of processors
	hostileMemory = 256 << 10       // KiB
)

// TestHostileFiles gives every file of testdata/hostile, and of the shared cases where they are, to the verbs that would
// read it: an error of the catalogue, or a result, within two seconds of processor time and 256 MiB.
func TestHostileFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("runs many processes")
	}
	folders := []string{filepath.Join("..", "..", "testdata", "hostile")}
	if data := os.Getenv("DQA_DATA"); data != "" {
		folders = append(folders, filepath.Join(data, "..", "cases", "hostile"))
	}
	tried := map[string]bool{}
	for _, dir := range folders {
		files, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			name := filepath.Base(path)
			if tried[name] {
				continue
			}
			tried[name] = true
			t.Run(name, func(t *testing.T) {
				for _, args := range hostileCommands(t, path) {
					runHostile(t, args)
				}
			})
		}
	}
	if len(tried) < 10 {
		t.Errorf("only %d files", len(tried))
	}
}

// hostileCommands are those that read such a file.
func hostileCommands(t *testing.T, path string) [][]string {
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	beside := func(ext string) string { return strings.TrimSuffix(path, filepath.Ext(path)) + ext }
	switch filepath.Ext(path) {
	case ".dqap":
		commands := [][]string{
			{"inspect", path}, {"inspect", path, "--json"},
			{"encode", "demo:classify", "--profile", path, "--data", "demo:classify[0:1]", "-o", out},
			{"bench", "demo:classify", "--profile", path, "--data", "demo:classify[0:1]"},
		}
		if frame := beside(".dqaf"); exists(frame) {
			commands = append(commands, []string{"decode", path, frame, "-o", out}, []string{"inspect", frame, "--profile", path})
		}
		return commands
	case ".dqaf":
		return [][]string{{"inspect", path}}
	case ".onnx":
		return [][]string{{"inspect", path}, {"inspect", path, "--cost"}, {"doctor", path}}
	case ".yaml":
		link(t, filepath.Join("..", "..", "demo", "models", "classify.onnx"), filepath.Join(dir, "m.onnx"))
		link(t, path, filepath.Join(dir, "m.yaml"))
		return [][]string{{"inspect", filepath.Join(dir, "m.onnx")}, {"inspect", "demo:classify", "--config", path}}
	}
	link(t, path, filepath.Join(dir, "pictures", filepath.Base(path)))
	return [][]string{{"run", "demo:classify", "--data", "dir:" + filepath.Join(dir, "pictures"), "--size", "64", "--crop",
		"32x32", "-o", out}}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func link(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(to), 0o755)
	}
	if err == nil {
		err = os.WriteFile(to, b, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

var highWater = regexp.MustCompile(`VmHWM:\s*(\d+) kB`)

// runHostile runs dqa and watches what it takes.
func runHostile(t *testing.T, args []string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done, peak := make(chan error, 1), 0
	go func() { done <- cmd.Wait() }()
	for running := true; running; {
		select {
		case <-done:
			running = false
		case <-time.After(time.Millisecond):
			b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid)) // elsewhere only the time counts
			if m := highWater.FindSubmatch(b); m != nil {
				fmt.Sscan(string(m[1]), &peak)
			}
			if peak > 4*hostileMemory {
				cmd.Process.Kill()
			}
		}
	}
	took := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if took > hostileTime || peak > hostileMemory {
		t.Errorf("dqa %s: %v of processor time, %d MiB", strings.Join(args, " "), took, peak>>10)
	}
	if text := stderr.String(); cmd.ProcessState.ExitCode() < 0 || strings.Contains(text, "goroutine ") ||
		strings.Contains(text, "please report") {
		t.Errorf("dqa %s: %v\n%.1000s", strings.Join(args, " "), cmd.ProcessState, text)
	}
	for _, b := range stdout.String() + stderr.String() {
		if b < ' ' && b != '\n' && b != '\t' || b >= 0x7f && b < 0xa0 {
			t.Errorf("dqa %s: control character %U reaches the terminal", strings.Join(args, " "), b)
			return
		}
	}
}
