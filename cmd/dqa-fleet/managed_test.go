package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dqa-go/dqa/demo"
	"github.com/dqa-go/dqa/fleet/device"
	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
	"github.com/nats-io/nats.go/jetstream"
)

// successor writes another network, which takes what the demonstration's classifier takes, and a profile of it. wants are the digests of
// what the whole quantized network makes of images.
func successor(t *testing.T, dir, images string) (model, prof string, wants map[string]string) {
	t.Helper()
	net, _ := demo.Network("demo:classify")
	b := bytes.Clone(net.Model)
	for i := range 64 { // somewhere in the weights
		b[len(b)/8+i] ^= 0x80
	}
	model, prof = filepath.Join(dir, "second.onnx"), filepath.Join(dir, "second.dqap")
	n, err := session.Parse("second.onnx", b, session.Options{Preprocess: &net.Preprocess})
	if err != nil {
		t.Fatal(err)
	}
	calib, err := n.Data("demo:classify[0:4]")
	if err != nil {
		t.Fatal(err)
	}
	v := session.Variant{Setting: profile.Setting{Name: "direct", Bits: 3}}
	made, err := n.Calibrate(t.Context(), calib, v, session.CalibrateOptions{})
	if err == nil {
		err = errors.Join(os.WriteFile(model, b, 0o644), os.WriteFile(prof, made.Profile.Append(nil), 0o644))
	}
	if err != nil {
		t.Fatal(err)
	}
	q, err := n.Bind(made.Profile)
	if err != nil {
		t.Fatal(err)
	}
	data, err := n.Data(images)
	if err != nil {
		t.Fatal(err)
	}
	wants, whole := map[string]string{}, q.NewEncoder(session.EncodeOptions{})
	for i := range data.Len() {
		name, inputs, err := data.Feed(i)
		if err != nil {
			t.Fatal(err)
		}
		_, outputs, err := whole.EncodeInputs(nil, inputs)
		if err != nil {
			t.Fatal(err)
		}
		list, err := link.OutputsOf([]string{n.Graph().Outputs[0].Name}, outputs)
		if err != nil {
			t.Fatal(err)
		}
		wants[name] = device.DigestOf(link.Answer{Outputs: list})
	}
	return model, prof, wants
}

// lines are the answers of a device's file.
func lines(t *testing.T, path string) (all []device.Line) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for line := range bytes.Lines(b) {
		var l device.Line
		if !bytes.HasSuffix(line, []byte("\n")) {
			break // it is being written
		}
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all = append(all, l)
	}
	return all
}

// A site with certificates rolls a network out, with its profile: device and gateway take both from the registry. Another site sees nothing
// of it. Then everybody is gone but the device, which is started again and goes on with the network that it has.
func TestManagedSite(t *testing.T) {
	const images = "demo:classify[128:144]"
	dir := t.TempDir()
	old := demoProfile(t)
	model, next, wants := successor(t, dir, images)
	fleet, keys := filepath.Join(dir, "fleet"), filepath.Join(dir, "keys")
	member := func(name string) string { return filepath.Join(fleet, "sites", name) }
	owners{t, nil}.call(0, "init", fleet, "--site", "a", "--site", "b", "--device", "a/cam", "--listen", "127.0.0.1:-1")
	_, said := program(t, "serve", filepath.Join(dir, "streams"), "--server-config", filepath.Join(fleet, "server.conf"))
	_, rest, _ := strings.Cut(says(t, said, "listening on tls"), "listening on ")
	url, _, _ := strings.Cut(rest, ",")

	owners{t, []string{"--keys", keys}}.call(0, "keys", "new", "root", "targets", "snapshot", "timestamp")
	r := owners{t, []string{"--keys", keys, "--server", url, "--member", member("a/operator")}}
	r.call(0, "keys", "init")
	r.call(0, "publish", model, "--kind", "model")
	r.call(0, "publish", next, "--kind", "profile")
	first, _ := demo.Network("demo:classify")
	replaced := filepath.Join(dir, "first.onnx")
	if err := os.WriteFile(replaced, first.Model, 0o644); err != nil {
		t.Fatal(err)
	}
	r.call(0, "publish", replaced, "--kind", "model")

	common := []string{"demo:classify", "--at", "3", "--profile", old, "--server", url, "--root", filepath.Join(keys, "trusted", "root.json"),
		"--follow-every", "50ms"}
	_, says1 := program(t, append([]string{"gateway", "--member", member("a/gateway"), "--registry", filepath.Join(dir, "g")}, common...)...)
	says(t, says1, "answers frames")
	answers := filepath.Join(dir, "answers")
	args := append([]string{"device", "--member", member("a/cam"), "--registry", filepath.Join(dir, "d"), "--data", images, "--repeat", "0",
		"-o", answers, "--outbox", filepath.Join(dir, "box")}, common...)
	cam, says2 := program(t, append(args, "--every", "5ms")...)
	for end := time.Now().Add(10 * time.Second); len(lines(t, answers)) == 0 && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond) // the old network answers
	}
	out := r.call(0, "rollout", "start", "profile/second.dqap", "--replaces", "model/first.onnx", "--shares", "1", "--errors", "0.2",
		"--images", "20", "--slower", "1000", "--patience", "60s", "--every", "100ms")
	r.contains(out, "canary, 100 %", "completed")
	r.contains(r.call(0, "status"), "profile/second.dqap", "model/second.onnx", "second.onnx")
	for end := time.Now().Add(10 * time.Second); !runs(t, answers, wants); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no answer of the new network: %s%s", says1(), says2())
		}
	}
	if l := lines(t, answers)[0]; l.Digest == wants[l.Image] {
		t.Error("both networks say the same: nothing is tested here")
	}
	othersSeeNothing(t, url, member)

	ended(t, cam, os.Kill)
	alone := filepath.Join(dir, "alone")
	args = append(args, "--server", "tls://127.0.0.1:1", "--fallback", "local", "--patience", "1ms", "-o", alone, "--repeat", "1",
		"--outbox", filepath.Join(dir, "box2"))
	code, _, stderr := call(t, args...)
	if code != 0 || !strings.Contains(stderr, "goes on with what was installed last") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	list := lines(t, alone)
	for _, l := range list {
		if l.Digest != wants[l.Image] || l.Outcome != device.Local {
			t.Errorf("%+v is not of the new network", l)
		}
	}
	if len(list) != 16 {
		t.Errorf("%d answers", len(list))
	}
}

// runs tells whether the last answers are those of a network, by a gateway.
func runs(t *testing.T, path string, wants map[string]string) bool {
	t.Helper()
	list := lines(t, path)
	if len(list) == 0 {
		return false
	}
	l := list[len(list)-1]
	return l.Outcome == device.Answered && l.By == "gateway" && l.Digest == wants[l.Image]
}

// othersSeeNothing: neither frames nor answers, statuses, releases or roll-outs of site a are there for anybody of site b.
func othersSeeNothing(t *testing.T, url string, member func(string) string) {
	t.Helper()
	for _, who := range []string{"b/operator", "b/viewer", "b/gateway"} {
		folder := member(who)
		l, err := link.Connect(t.Context(), link.Options{URL: url, Name: filepath.Base(folder), CA: filepath.Join(folder, "ca.pem"),
			Cert: filepath.Join(folder, "cert.pem"), Key: filepath.Join(folder, "key.pem")})
		if err != nil {
			t.Fatal(err)
		}
		short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond) // the server drops some of what is not allowed without a word
		if list, err := l.Statuses(short); len(list) > 0 || err == nil {
			t.Errorf("%s sees %+v, %v", who, list, err)
		}
		cancel()
		if who == "b/operator" { // who may list and read all that there is
			for name := range l.JS.StreamNames(t.Context()).Name() {
				t.Errorf("%s sees stream %s", who, name)
			}
			if _, err := l.JS.Stream(t.Context(), link.Answers); !errors.Is(err, jetstream.ErrStreamNotFound) {
				t.Errorf("%s: %v", who, err)
			}
		}
		l.Close()
	}
	b := owners{t, []string{"--server", url, "--member", member("b/operator")}}
	b.call(exitLink, "rollout", "status")
}

// stream writes pictures: as the profile's, then as many of little contrast.
func stream(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range 2 * n {
		pix, _ := demo.ClassifyImage(demo.UserSeed, 128+i)
		if i >= n {
			for k, v := range pix {
				pix[k] = 128 + (v-128)/4
				if v < 128 {
					pix[k] = 128 - (128-v)/4
				}
			}
		}
		img := &image.Gray{Pix: pix, Stride: demo.ClassifySide, Rect: image.Rect(0, 0, demo.ClassifySide, demo.ClassifySide)}
		var b bytes.Buffer
		if err := errors.Join(png.Encode(&b, img), os.WriteFile(filepath.Join(dir, fmt.Sprintf("%04d.png", i)), b.Bytes(), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return "dir:" + dir
}

// A device as it is shipped watches its stream: an alarm of drift ends the roll-out, and the device runs again what it ran before.
func TestDriftEndsARollout(t *testing.T) {
	s, err := link.Start(t.TempDir(), link.ServerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	dir := t.TempDir()
	keys := filepath.Join(dir, "keys")
	owners{t, []string{"--keys", keys}}.call(0, "keys", "new", "root", "targets", "snapshot", "timestamp")
	r := owners{t, []string{"--keys", keys, "--server", s.URL()}}
	r.call(0, "keys", "init")
	old, next := demoProfile(t), calibrated(t, "next.dqap", 4)
	r.call(0, "publish", next, "--kind", "profile")
	common := []string{"demo:classify", "--at", "3", "--profile", old, "--server", s.URL(),
		"--root", filepath.Join(keys, "trusted", "root.json"),
		"--follow-every", "50ms"}
	_, says1 := program(t, append([]string{"gateway", "--name", "g", "--registry", filepath.Join(dir, "g")}, common...)...)
	says(t, says1, "answers frames")
	_, says2 := program(t, append([]string{"device", "--name", "d", "--registry", filepath.Join(dir, "d"),
		"--data", stream(t, 200),
		"--repeat", "0", "--every", "2ms", "-o", filepath.Join(dir, "answers"), "--outbox", filepath.Join(dir, "box")}, common...)...)
	out := r.call(1, "rollout", "start", "profile/next.dqap", "--shares", "1", "--errors", "0.2", "--images", "1000000",
		"--patience", "60s", "--every", "50ms")
	r.contains(out, "returned", "alarms of drift", "revoked: 1 profile")
	if t.Failed() {
		t.Logf("gateway: %s\ndevice: %s", says1(), says2())
	}
	says(t, says2, "alarm of drift")
	digest := digestOf(t, old)
	for end := time.Now().Add(10 * time.Second); !strings.Contains(r.call(0, "status"), hex.EncodeToString(digest[:6])); {
		if time.Now().After(end) {
			t.Fatal("the device does not run the profile before")
		}
	}
}
