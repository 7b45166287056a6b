package link_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// start starts a server and a connection to it that end with the test.
func start(t *testing.T) *link.Link {
	t.Helper()
	s, err := link.Start(t.TempDir(), link.ServerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	l, err := link.Connect(t.Context(), link.Options{URL: s.URL(), Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

func TestPrepareTwiceAndOneAnswerPerFrame(t *testing.T) {
	l := start(t)
	for range 2 {
		if err := l.Prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	subject := link.AnswerSubject("dev", "box", 7)
	answer := func() error {
		_, err := l.JS.PublishMsg(t.Context(), &nats.Msg{Subject: subject, Data: []byte("yes")}, jetstream.WithExpectLastSequencePerSubject(0))
		return err
	}
	if err := answer(); err != nil {
		t.Fatal(err)
	}
	var api *jetstream.APIError
	if err := answer(); !errors.As(err, &api) || api.ErrorCode != jetstream.JSErrCodeStreamWrongLastSequence {
		t.Errorf("a second answer to one frame: %v", err)
	}
}

func TestStatuses(t *testing.T) {
	l := start(t)
	if err := l.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, s := range []link.Status{{Name: "a", Queued: 1}, {Name: "b"}, {Name: "a", Queued: 2}} {
		if err := l.Tell(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	list, err := l.Statuses(t.Context())
	if err != nil || len(list) != 2 || list[0].Queued+list[1].Queued != 2 {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestNames(t *testing.T) {
	cut := link.Cut{1, 2}
	if d, ok := link.DeviceOf(link.FrameSubject(1, cut, "cam-1")); !ok || d != "cam-1" {
		t.Errorf("device %q, %v", d, ok)
	}
	d, box, seq, ok := link.AnswerOf(link.AnswerSubject("cam-1", "b0", 9))
	if !ok || d != "cam-1" || box != "b0" || seq != 9 {
		t.Errorf("%q %q %d %v", d, box, seq, ok)
	}
	for _, s := range []string{"", "dqa.frames.v1.x", "dqa.frames.v1.x.a b", "dqa.answers.d.b.-1", "dqa.answers.d.b", "other.a.b.c"} {
		if _, ok := link.DeviceOf(s); ok {
			t.Errorf("%q names a device", s)
		}
		if _, _, _, ok := link.AnswerOf(s); ok {
			t.Errorf("%q is an answer's", s)
		}
	}
	for name, good := range map[string]bool{"cam-1": true, "": false, "a.b": false, "a*": false, "ä": false} {
		if (link.CheckName(name) == nil) != good {
			t.Errorf("name %q: %v", name, link.CheckName(name))
		}
	}
}

func TestConnectErrors(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		opt  link.Options
		want error
	}{
		"nobody listens": {link.Options{URL: "nats://127.0.0.1:1"}, link.ErrConnect},
		"no credentials": {link.Options{Credentials: "/nowhere"}, os.ErrNotExist},
		"no seed":        {link.Options{Seed: empty}, link.ErrSetting},
		"no certificate": {link.Options{CA: empty}, link.ErrSetting},
		"no key":         {link.Options{Cert: empty, Key: empty}, link.ErrSetting},
	} {
		if _, err := link.Connect(t.Context(), c.opt); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := link.Start("/proc/nowhere", link.ServerOptions{}); !errors.Is(err, link.ErrServer) {
		t.Errorf("a server without a folder: %v", err)
	}
}
