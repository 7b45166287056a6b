package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/dqa-go/dqa/fleet/device"
	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/outbox"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
)

const asProgram = "DQA_FLEET_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" { // this binary is the program, in a process of its own
		main()
	}
	os.Exit(m.Run())
}

// program starts the program in a process of its own.
func program(t *testing.T, args ...string) (c *exec.Cmd, output func() string) {
	t.Helper()
	c = exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), asProgram+"=1")
	var out lockedBuffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = c.Process.Kill(), c.Wait() })
	return c, out.String
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// says waits until a program has said something.
func says(t *testing.T, output func() string, what string) string {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if strings.Contains(output(), what) {
			return output()
		}
	}
	t.Fatalf("it does not say %q: %s", what, output())
	return ""
}

// ended waits for a program's exit code.
func ended(t *testing.T, c *exec.Cmd, signal os.Signal) int {
	t.Helper()
	if signal != nil {
		_ = c.Process.Signal(signal)
	}
	_ = c.Wait()
	return c.ProcessState.ExitCode()
}

// demoProfile writes a profile of the demonstration's classifier.
func demoProfile(t *testing.T) string { return calibrated(t, "p.dqap", 3) }

// calibrated writes a profile of so many bits.
func calibrated(t *testing.T, name string, bits int) string {
	t.Helper()
	net, err := session.Open("demo:classify", session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	data, err := net.Data("demo:classify[0:4]")
	if err != nil {
		t.Fatal(err)
	}
	v := session.Variant{Setting: profile.Setting{Name: "direct", Bits: bits}}
	made, err := net.Calibrate(t.Context(), data, v, session.CalibrateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, made.Profile.Append(nil), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// Server, gateway and device are three processes; the device is killed in between and ends what it began.
func TestThreeProcesses(t *testing.T) {
	prof, dir := demoProfile(t), t.TempDir()
	server, said := program(t, "serve", filepath.Join(dir, "streams"), "--listen", "127.0.0.1:0")
	_, rest, _ := strings.Cut(says(t, said, "listening on "), "listening on ")
	url, _, _ := strings.Cut(rest, ",")
	cut := []string{"demo:classify", "--at", "3", "--profile", prof, "--server", url}
	gate, said := program(t, append([]string{"gateway", "--name", "gate"}, cut...)...)
	says(t, said, "gate answers")
	answers := filepath.Join(dir, "answers.jsonl")
	args := append([]string{"device", "--name", "cam", "--data", "demo:classify[128:188]", "-o", answers, "--outbox",
		filepath.Join(dir, "box"), "--json", "-q"}, cut...)
	for kills := 0; ; kills++ {
		d, said := program(t, args...)
		if kills < 3 {
			time.Sleep(time.Duration(100+60*kills) * time.Millisecond)
			_ = d.Process.Kill()
			ended(t, d, nil)
			continue
		}
		if code := ended(t, d, nil); code != 0 {
			t.Fatalf("exit code %d: %s", code, said())
		}
		var s summary
		if err := json.Unmarshal([]byte(said()), &s); err != nil || s.Lost != 0 || s.Device != "cam" {
			t.Errorf("%v: %s", err, said())
		}
		break
	}
	checkAnswers(t, answers, 60)
	if code := ended(t, gate, syscall.SIGTERM); code != 0 || !strings.Contains(said(), "frames answered") {
		t.Errorf("gateway: exit code %d, %s", code, said())
	}
	if code := ended(t, server, os.Interrupt); code != 0 {
		t.Errorf("server: exit code %d", code)
	}
}

// A site with certificates: what init makes is all that server, gateway and device need, and what they show.
func TestSite(t *testing.T) {
	prof, dir := demoProfile(t), t.TempDir()
	site := filepath.Join(dir, "site")
	if code, out, stderr := call(t, "init", site, "--site", "a", "--device", "a/cam", "--listen", "127.0.0.1:-1"); code != 0 || !strings.Contains(out, "a/cam") {
		t.Fatalf("exit code %d: %s%s", code, out, stderr)
	}
	_, said := program(t, "serve", filepath.Join(dir, "streams"), "--server-config", filepath.Join(site, "server.conf"))
	_, rest, _ := strings.Cut(says(t, said, "listening on tls"), "listening on ")
	url, _, _ := strings.Cut(rest, ",")
	cut := []string{"demo:classify", "--at", "3", "--profile", prof, "--server", url}
	gate, said := program(t, append([]string{"gateway", "--member", filepath.Join(site, "sites/a/gateway"), "--metrics", "127.0.0.1:19464"}, cut...)...)
	says(t, said, "gateway answers")
	device := append([]string{"device", "--data", "demo:classify[128:140]", "--outbox", filepath.Join(dir, "box"), "--json", "-q"}, cut...)
	code, out, stderr := call(t, append(device, "--member", filepath.Join(site, "sites/a/cam"))...)
	if code != 0 || !strings.Contains(out, `"device": "cam"`) || !strings.Contains(out, `"answered": 12`) {
		t.Errorf("exit code %d: %s%s", code, out, stderr)
	}
	for path, want := range map[string]string{
		"metrics": `dqa_frames_answered_total{name="gateway",role="gateway"} 12`, "healthz": "ok", "readyz": "ready",
	} {
		if page := fetch(t, "http://127.0.0.1:19464/"+path); !strings.Contains(page, want) {
			t.Errorf("%s: %s", path, page)
		}
	}
	watcher, says2 := program(t, "ui", "--server", url, "--member", filepath.Join(site, "sites/a/viewer"), "--listen", "127.0.0.1:0")
	_, rest, _ = strings.Cut(says(t, says2, "the page is at "), "the page is at ")
	at, _, _ := strings.Cut(rest, ";")
	if page := fetch(t, at); !strings.Contains(page, "<h1>Fleet</h1>") {
		t.Error(page)
	}
	if state := fetch(t, at+"state.json"); !strings.Contains(state, `"name":"cam"`) || !strings.Contains(state, `"name":"gateway"`) {
		t.Error(state)
	}
	if page := fetch(t, at+"metrics"); !strings.Contains(page, `dqa_frames_answered_total{name="cam",role="device"} `) {
		t.Error(page)
	}
	if code := ended(t, watcher, os.Interrupt); code != cli.ExitInterrupted {
		t.Errorf("page: exit code %d, %s", code, says2())
	}
	if code := ended(t, gate, syscall.SIGTERM); code != 0 || !strings.Contains(said(), "12 frames answered, 0 refused") {
		t.Errorf("gateway: exit code %d, %s", code, said())
	}
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no certificate":     {nil, exitLink, "no server answers"},
		"a folder of nobody": {[]string{"--member", dir}, cli.ExitFormat, "no fleet's folder"},
		"no key":             {[]string{"--sign-key", prof}, cli.ExitFormat, "holds no key"},
		"an address":         {[]string{"--metrics", "nowhere"}, cli.ExitFailure, "cannot listen"},
	} {
		args := append([]string{"gateway"}, cut...)
		if name == "no key" {
			args = device
		}
		if code, _, stderr := call(t, append(args, c.args...)...); code != c.code || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: exit code %d, %s", name, code, stderr)
		}
	}
	if code, _, stderr := call(t, "init", site, "--device", "cam"); code != cli.ExitUsage || !strings.Contains(stderr, "SITE/NAME") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	if code, out, _ := call(t, "init", site, "--remove", "a/cam", "--json"); code != 0 || !strings.Contains(out, `"removed"`) {
		t.Errorf("exit code %d, %s", code, out)
	}
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func checkAnswers(t *testing.T, path string, images int) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for line := range bytes.Lines(b) {
		var l device.Line
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatal(err)
		}
		if l.Outcome != device.Answered || l.By != "gate" || l.Class == nil || seen[l.Image] {
			t.Errorf("%s", line)
		}
		seen[l.Image] = true
	}
	if len(seen) != images {
		t.Errorf("%d images are answered, not %d", len(seen), images)
	}
}

func TestDeviceAlone(t *testing.T) {
	prof, dir := demoProfile(t), t.TempDir()
	args := func(more ...string) []string {
		return append([]string{"device", "demo:classify", "--at", "3", "--profile", prof, "--server", "nats://127.0.0.1:1", "-q", "--data",
			"demo:classify[128:131]", "--outbox", filepath.Join(dir, more[0])}, more[1:]...)
	}
	code, out, errs := call(t, args("local", "--fallback", "local", "--patience", "1ms")...)
	if code != 0 || strings.Count(out, ", local (") != 3 || !strings.Contains(out, "3 images sent, 0 answered, 3 here") {
		t.Errorf("exit code %d, %s%s", code, out, errs)
	}
	code, out, errs = call(t, args("lost", "--give-up", "50ms", "--json")...)
	if code != exitLost || strings.Count(out, `"outcome": "lost"`) != 3 || !strings.Contains(errs, "frames were reported lost: 3") {
		t.Errorf("exit code %d, %s%s", code, out, errs)
	}
	box, err := outbox.Open(filepath.Join(dir, "used"), outbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer box.Close()
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{args("used"), cli.ExitWrite, "another process uses it"},
		{args("x", "--fallback", "hope"), cli.ExitUsage, "no such fallback"},
		{args("x", "--name", "a.b"), cli.ExitUsage, "letters, digits"},
		{args("x", "--outbox-size", "1KiB"), cli.ExitWrite, "too large for the outbox"},
		{args("x", "--at", "nowhere"), cli.ExitUsage, "--at nowhere"},
		{args("x", "--data", "dir:/nowhere"), cli.ExitData, "nowhere"},
		{[]string{"gateway", "demo:classify", "--at", "3", "--profile", prof, "--server", "nats://127.0.0.1:1"}, exitLink, "no server answers"},
		{[]string{"gateway", "demo:classify", "--at", "3", "--profile", "main.go"}, cli.ExitFormat, "not a DQA profile"},
	} {
		if code, out, errs := call(t, c.args...); code != c.code || !strings.Contains(errs, c.says) {
			t.Errorf("%v: exit code %d, %s%s", c.args, code, out, errs)
		}
	}
}

func TestDemo(t *testing.T) {
	code, out, errs := call(t, "demo", "--json")
	want := "{\n  \"sent\": 1040,\n  \"answered\": 1040,\n  \"lost\": 0,\n  \"duplicates\": 0,\n  \"rolled_back\": true\n}\n"
	if code != 0 || !strings.HasSuffix(out, want) || !strings.Contains(errs, "press-2 runs profile 1") {
		t.Errorf("exit code %d, %s%s", code, out, errs)
	}
}

// Every fault of the fleet's own, told as users meet it.
func TestFaults(t *testing.T) {
	a := newApp(nil, nil, nil)
	for name, err := range map[string]error{
		"link-refused": link.ErrRefused, "link-connect": link.ErrConnect, "link-server": link.ErrServer, "link-stream": link.ErrStream,
		"link-setting": link.ErrSetting, "outbox-damaged": outbox.ErrDamaged, "outbox-frame": outbox.ErrTooLarge, "lost": errLost,
	} {
		if f := a.Classify(fmt.Errorf("somewhere: %w", err)); f.Name != name {
			t.Errorf("%v is %s, not %s", err, f.Name, name)
		}
	}
	if f := a.Classify(errors.New("x")); f.Name != "other" {
		t.Error(f)
	}
}
