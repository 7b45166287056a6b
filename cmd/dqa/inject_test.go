package main

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dqa-go/dqa/demo"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/internal/testdata"
	"github.com/dqa-go/dqa/session"
)

// workplace is a folder with a model and two images as files, a profile and a frame. It ends in a separator.
func workplace(t *testing.T) string {
	t.Helper()
	dir := t.TempDir() + string(filepath.Separator)
	net, _ := demo.Network("demo:classify")
	write := func(name string, b []byte) {
		if err := os.WriteFile(dir+name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("m.onnx", net.Model)
	write("m.yaml", []byte("divisor: 255\n"))
	if err := os.Mkdir(dir+"images", 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b"} {
		img := image.NewGray(image.Rect(0, 0, 64, 64))
		for i := range img.Pix {
			img.Pix[i] = uint8(i * int(name[0]))
		}
		var b bytes.Buffer
		if err := png.Encode(&b, img); err != nil {
			t.Fatal(err)
		}
		write("images/"+name+".png", b.Bytes())
	}
	for _, args := range []string{
		"calibrate @m.onnx --method dqa --data dir:@images -o @p.dqap -q",
		"encode @m.onnx --profile @p.dqap --data dir:@images[0:1] -o @made -q",
	} {
		if code, _, stderr := dqaRun(in(dir, args)...); code != 0 {
			t.Fatal(stderr)
		}
	}
	if err := os.Rename(dir+"made/a.dqaf", dir+"frame"); err != nil {
		t.Fatal(err)
	}
	return dir
}

// in splits a command, in which @ stands for the folder.
func in(dir, command string) []string { return strings.Fields(strings.ReplaceAll(command, "@", dir)) }

func dqaRun(args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = run(args, strings.NewReader(""), &out, &err)
	return code, out.String(), err.String()
}

// Every operation on files fails once, the first, the second, ... until the command gets through: each time every
// output is the old file or the whole new one, and the error is one that the catalogue knows.
func TestFaultsAnywhere(t *testing.T) {
	for name, c := range map[string]struct{ command, outputs string }{
		"calibrate": {"calibrate @m.onnx --method dqa --data dir:@images --bits 4 -o @out.dqap -q", "@out.dqap"},
		"search": {
			"calibrate @m.onnx --method dqa --data dir:@images[0:1] --ranking quantize-one --save-every 1ns --resume -o @out.dqap -q", "@out.dqap",
		},
		"encode": {"encode @m.onnx --profile @p.dqap --data dir:@images -o @frames -q", "@frames/a.dqaf @frames/b.dqaf"},
		"decode": {"decode @p.dqap @frame -o @out.npz", "@out.npz"},
		"report": {"eval @m.onnx --data dir:@images[0:1] --profile @p.dqap --report @report -q", "@report/report.html @report/report.json"},
		"sweep": {
			"sweep @m.onnx --data dir:@images[0:1] --calib dir:@images[1:2] --methods direct --bits 4 -o @report -q",
			"@report/report.html @report/report.json @report/sweep.svg",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := workplace(t)
			args := in(dir, c.command)
			if code, _, stderr := dqaRun(args...); code != 0 {
				t.Fatal(stderr)
			}
			whole := map[string][]byte{}
			for _, path := range in(dir, c.outputs) {
				b, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				whole[path] = b
			}
			operations := failOneAfterTheOther(t, dir, args, whole)
			if operations < 10 {
				t.Errorf("only %d operations: this test shows little", operations)
			}
			t.Logf("%d operations", operations)
		})
	}
}

// nextOperation is the next one that fails: every one with CI=true; else later ones, which are the first ones again with
// other contents, in steps that come upon all kinds.
func nextOperation(i int) int {
	if i >= 30 && !testdata.CI() {
		return i + 7
	}
	return i + 1
}

func failOneAfterTheOther(t *testing.T, dir string, args []string, whole map[string][]byte) (operations int) {
	t.Helper()
	t.Cleanup(func() { file.InjectFaults(dir, nil) })
	old := []byte("what was there before")
	for i := 0; ; i = nextOperation(i) {
		for path := range whole {
			if err := os.WriteFile(path, old, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_ = os.Remove(dir + "out.dqap" + session.ProgressExt)
		n, failed := 0, ""
		file.InjectFaults(dir, func(op file.Op, path string) error {
			n++
			if n-1 == i {
				failed = string(op) + " " + path
				return syscall.EIO
			}
			return nil
		})
		code, stdout, stderr := dqaRun(args...)
		file.InjectFaults(dir, nil)
		for path, want := range whole {
			got, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(got, old) && (!bytes.Equal(got, want) || code == 0 && failed != "") {
				t.Fatalf("%s fails: %s is neither old nor new (%d bytes, %v)", failed, path, len(got), err)
			}
			if leftovers, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*tmp-*")); len(leftovers) > 0 {
				t.Fatalf("%s fails: %v left", failed, leftovers)
			}
		}
		if failed == "" {
			if code != 0 {
				t.Fatal(stderr)
			}
			return i
		}
		if code == 0 || stdout != "" || strings.Count(stderr, "\n") != 2 || strings.Contains(stderr,
			"please report it with the command and its output") {
			t.Fatalf("%s fails: exit code %d, %s%s", failed, code, stdout, stderr)
		}
	}
}

// TestKilledSearchesEndAsUndisturbedOnes kills `calibrate --ranking greedy` at some random moments and resumes it.
func TestKilledSearchesEndAsUndisturbedOnes(t *testing.T) {
	model := testdata.Shared(t, "models", "resnet32_cifar10.onnx")
	calib := testdata.Shared(t, "datasets", "cifar10", "calib.bin")
	dir := t.TempDir()
	args := func(out string) []string {
		return []string{"calibrate", model, "--method", "dqa", "--data", "cifar10:" + calib + "[0:6]", "--edges", "activations", "--ranking", "greedy",
			"--save-every", "50ms", "-q", "-o", filepath.Join(dir, out)}
	}
	start := time.Now()
	if code, _, stderr := dqaRun(args("whole.dqap")...); code != 0 {
		t.Fatal(stderr)
	}
	took := time.Since(start)
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 0))
	kills := 4
	if testdata.CI() {
		kills = 10
	}
	killed, resumed := 0, 0
	for killed < kills {
		cmd := exec.Command(os.Args[0], append(args("killed.dqap"), "--resume")...)
		cmd.Env = append(os.Environ(), asCommand+"=1")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rng.Int64N(int64(took) / 5)))
		_ = cmd.Process.Kill() // fails if it has ended
		if cmd.Wait() == nil {
			break
		}
		killed++
		if _, err := os.Stat(filepath.Join(dir, "killed.dqap"+session.ProgressExt)); err == nil {
			resumed++
		} else if !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	t.Logf("seed %d: killed %d times, progress left behind %d times", seed, killed, resumed)
	if killed < 3 || resumed == 0 {
		t.Errorf("killed %d times, %d of them with progress: this test shows little", killed, resumed)
	}
	if code, _, stderr := dqaRun(append(args("killed.dqap"), "--resume")...); code != 0 {
		t.Fatal(stderr)
	}
	want, err := os.ReadFile(filepath.Join(dir, "whole.dqap"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "killed.dqap")); err != nil || !bytes.Equal(got, want) {
		t.Errorf("another profile after %d kills, seed %d: %v", killed, seed, err)
	}
}
