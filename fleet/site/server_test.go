package site_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/rollout"
	"github.com/dqa-go/dqa/fleet/site"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

var cut = link.Cut{1, 2, 3}

// fleet is a folder with two sites, a and b, each with two devices, and a server that runs with its configuration.
type fleet struct {
	dir    string
	server *link.Server
}

func newFleet(t *testing.T, opt site.Options) *fleet {
	t.Helper()
	f := &fleet{dir: t.TempDir()}
	for _, name := range []string{"a/cam-1", "a/cam-2", "b/cam-1"} {
		opt.Add = append(opt.Add, member(t, name, site.Device))
	}
	opt.Listen, opt.Store = "127.0.0.1:-1", 3<<30
	initialize(t, f.dir, opt)
	f.start(t)
	for _, s := range []string{"a", "b"} {
		l := f.connect(t, s+"/gateway")
		if err := l.Prepare(t.Context()); err != nil {
			t.Fatalf("gateway of %s: %v", s, err)
		}
	}
	return f
}

func (f *fleet) start(t *testing.T) {
	t.Helper()
	s, err := link.Start(filepath.Join(f.dir, "streams"), link.ServerOptions{Config: filepath.Join(f.dir, "server.conf")})
	if err != nil {
		t.Fatal(err)
	}
	f.server = s
	t.Cleanup(s.Stop)
}

func (f *fleet) options(who string) link.Options {
	_, name, _ := strings.Cut(who, "/")
	folder := filepath.Join(f.dir, "sites", who)
	return link.Options{
		URL: f.server.URL(), Name: name, CA: filepath.Join(folder, "ca.pem"), Cert: filepath.Join(folder, "cert.pem"), Key: filepath.Join(folder, "key.pem"),
	}
}

func (f *fleet) connect(t *testing.T, who string) *link.Link {
	t.Helper()
	l, err := link.Connect(t.Context(), f.options(who))
	if err != nil {
		t.Fatalf("%s: %v", who, err)
	}
	t.Cleanup(l.Close)
	return l
}

// short bounds one try of what the server may silently drop.
func short(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

// A device does what devices do: frames out, answers back, statuses.
func TestMembersCanDoTheirWork(t *testing.T) {
	f := newFleet(t, site.Options{})
	cam, gate, page := f.connect(t, "a/cam-1"), f.connect(t, "a/gateway"), f.connect(t, "a/viewer")
	ctx := t.Context()
	answers, err := cam.Conn.SubscribeSync(link.AnswerFilter("cam-1"))
	if err == nil {
		err = cam.Conn.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cam.JS.Publish(ctx, link.FrameSubject(1, cut, "cam-1"), []byte("frame")); err != nil {
		t.Fatal(err)
	}
	frames, err := gate.JS.CreateOrUpdateConsumer(ctx, link.Frames, jetstream.ConsumerConfig{
		Durable: link.TailConsumer(1, cut), FilterSubject: link.FrameFilter(1, cut), AckPolicy: jetstream.AckExplicitPolicy,
	})
	if err != nil {
		t.Fatal(err)
	}
	m, err := frames.Next()
	if err != nil || string(m.Data()) != "frame" || m.DoubleAck(ctx) != nil {
		t.Fatalf("%v, %v", m, err)
	}
	subject := link.AnswerSubject("cam-1", "b", 1)
	if _, err := gate.JS.Publish(ctx, subject, []byte("answer")); err != nil {
		t.Fatal(err)
	}
	if m, err := answers.NextMsg(5 * time.Second); err != nil || string(m.Data) != "answer" {
		t.Fatalf("%v, %v", m, err)
	}
	if m, err := link.AnswerTo(ctx, cam, subject); err != nil || m == nil || string(m.Data) != "answer" {
		t.Fatalf("%v, %v", m, err)
	}
	for _, l := range []struct {
		*link.Link
		name string
	}{{cam, "cam-1"}, {gate, "gateway"}} {
		if err := l.Tell(ctx, link.Status{Name: l.name}); err != nil {
			t.Errorf("%s: %v", l.name, err)
		}
	}
	if list, err := page.Statuses(ctx); err != nil || len(list) != 2 {
		t.Errorf("statuses: %+v, %v", list, err)
	}
}

// What an operator publishes and rolls out everybody of the site reads, and the journal viewers.
func TestMembersReadWhatIsRolledOut(t *testing.T) {
	f := newFleet(t, site.Options{})
	ctx, ops := t.Context(), f.connect(t, "a/operator")
	bucket, err := ops.JS.CreateObjectStore(ctx, jetstream.ObjectStoreConfig{Bucket: link.TargetsBucket})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bucket.PutBytes(ctx, "targets.json", make([]byte, 300<<10)); err != nil { // several chunks
		t.Fatal(err)
	}
	journal, err := rollout.OnLink(ctx, ops, true, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := journal.Publish(ctx, rollout.State{Revision: 1}); err != nil {
		t.Fatal(err)
	}
	for _, who := range []string{"a/cam-1", "a/gateway", "a/viewer"} {
		l := f.connect(t, who)
		got, err := l.JS.ObjectStore(ctx, link.TargetsBucket)
		if err != nil {
			t.Fatalf("%s: %v", who, err)
		}
		if b, err := got.GetBytes(ctx, "targets.json"); err != nil || len(b) != 300<<10 {
			t.Errorf("%s: %d bytes, %v", who, len(b), err)
		}
		j, err := rollout.OnLink(ctx, l, false, 1)
		if err != nil {
			t.Fatalf("%s: %v", who, err)
		}
		if s, err := j.Current(ctx); err != nil || s.Revision != 1 {
			t.Errorf("%s: %+v, %v", who, s, err)
		}
		if err := j.Publish(short(t), rollout.State{Revision: 2}); err == nil {
			t.Errorf("%s rolls out", who)
		}
	}
	cam, err := rollout.OnLink(ctx, f.connect(t, "a/cam-1"), false, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := cam.Tell(ctx, rollout.Report{Device: "cam-1"}); err != nil {
		t.Error(err)
	}
	if err := cam.Tell(short(t), rollout.Report{Device: "cam-2"}); err == nil {
		t.Error("a device reports for another")
	}
	if _, err := mustJournal(t, f.connect(t, "a/viewer")).Events(ctx); err != nil {
		t.Error(err)
	}
}

func mustJournal(t *testing.T, l *link.Link) *rollout.Fleet {
	t.Helper()
	j, err := rollout.OnLink(t.Context(), l, false, 1)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// What one device must not do to another of its site, a viewer to anybody, and members of one site to another.
func TestMembersCanDoNothingElse(t *testing.T) {
	f := newFleet(t, site.Options{})
	frameOf := func(device string) func(*link.Link) error {
		return func(l *link.Link) error {
			_, err := l.JS.Publish(short(t), link.FrameSubject(1, cut, device), nil)
			return err
		}
	}
	answersOf := func(device, filter string) func(*link.Link) error {
		return func(l *link.Link) error {
			_, err := l.JS.CreateOrUpdateConsumer(short(t), link.Answers, jetstream.ConsumerConfig{Durable: "device-" + device, FilterSubject: filter})
			return err
		}
	}
	tell := func(name string) func(*link.Link) error {
		return func(l *link.Link) error {
			kv, err := l.JS.KeyValue(short(t), link.StatusBucket)
			if err == nil {
				_, err = kv.Put(short(t), name, []byte("{}"))
			}
			return err
		}
	}
	purge := func(l *link.Link) error {
		s, err := l.JS.Stream(short(t), link.Frames)
		if err == nil {
			err = s.Purge(short(t))
		}
		return err
	}
	for name, c := range map[string]struct {
		who string
		do  func(*link.Link) error
	}{
		"frames of another device":  {"a/cam-1", frameOf("cam-2")},
		"answers to another device": {"a/cam-1", answersOf("cam-2", link.AnswerFilter("cam-2"))},
		"an answer to another device": {"a/cam-1", func(l *link.Link) error {
			_, err := link.AnswerTo(short(t), l, link.AnswerSubject("cam-2", "b", 1))
			return err
		}},
		"others' answers by own name": {"a/cam-1", answersOf("cam-1", link.AnswerFilter("cam-2"))},
		"everybody's answers":         {"a/cam-1", answersOf("cam-1", "")},
		"two filters":                 {"a/cam-1", answersOf("cam-1", "dqa.answers.>")},
		"status of another":           {"a/cam-1", tell("cam-2")},
		"an answer by a device": {"a/cam-1", func(l *link.Link) error {
			_, err := l.JS.Publish(short(t), link.AnswerSubject("cam-1", "b", 1), nil)
			return err
		}},
		"a device empties the stream":  {"a/cam-1", purge},
		"a gateway empties the stream": {"a/gateway", purge},
		"a device removes the stream":  {"a/cam-1", func(l *link.Link) error { return l.JS.DeleteStream(short(t), link.Frames) }},
		"a viewer sends frames":        {"a/viewer", frameOf("cam-1")},
		"a viewer tells":               {"a/viewer", tell("viewer")},
		"a gateway sends frames":       {"a/gateway", frameOf("cam-1")},
		"a gateway rolls out": {"a/gateway", func(l *link.Link) error {
			_, err := l.JS.CreateKeyValue(short(t), jetstream.KeyValueConfig{Bucket: link.RolloutBucket})
			return err
		}},
		"a device rolls out": {"a/cam-1", func(l *link.Link) error {
			_, err := l.JS.CreateObjectStore(short(t), jetstream.ObjectStoreConfig{Bucket: link.TargetsBucket})
			return err
		}},
		"the server's own account": {"a/operator", func(l *link.Link) error {
			_, err := l.Conn.RequestWithContext(short(t), "$SYS.REQ.SERVER.PING", nil)
			return err
		}},
	} {
		if err := c.do(f.connect(t, c.who)); err == nil {
			t.Errorf("%s by %s is allowed", name, c.who)
		}
	}
}

// Nobody hears what is not for them, be it of the own site.
func TestNobodyListens(t *testing.T) {
	f := newFleet(t, site.Options{})
	for _, subject := range []string{">", "dqa.>", link.FrameSubject(1, cut, "cam-1"), link.AnswerFilter("*"), link.AnswerFilter("cam-2"), "_INBOX.>", "_INBOX.gateway.>", "$KV.>"} {
		var mu sync.Mutex
		var refused error
		l := f.connect(t, "a/cam-1")
		l.Conn.SetErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			mu.Lock()
			defer mu.Unlock()
			refused = err
		})
		if _, err := l.Conn.SubscribeSync(subject); err != nil {
			t.Fatal(err)
		}
		if err := l.Conn.Flush(); err != nil {
			t.Fatal(err)
		}
		l.Close()
		time.Sleep(20 * time.Millisecond) // handlers run by themselves
		mu.Lock()
		if !errors.Is(refused, nats.ErrPermissionViolation) {
			t.Errorf("a device listens to %q: %v", subject, refused)
		}
		mu.Unlock()
	}
}

// Two sites share a server and names, and nothing else, not even for their operators.
func TestSitesAreApart(t *testing.T) {
	f := newFleet(t, site.Options{})
	a, b := f.connect(t, "a/operator"), f.connect(t, "b/operator")
	heard, err := b.Conn.SubscribeSync(">")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Conn.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.connect(t, "a/cam-1").Tell(t.Context(), link.Status{Name: "cam-1", Queued: 7}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.connect(t, "a/cam-1").JS.Publish(t.Context(), link.FrameSubject(1, cut, "cam-1"), []byte("secret")); err != nil {
		t.Fatal(err)
	}
	if m, err := heard.NextMsg(200 * time.Millisecond); err == nil {
		t.Errorf("site b hears %s", m.Subject)
	}
	if list, err := b.Statuses(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("site b reads %+v, %v", list, err)
	}
	for l, want := range map[*link.Link]uint64{a: 1, b: 0} {
		s, err := l.JS.Stream(t.Context(), link.Frames)
		if err != nil || s.CachedInfo().State.Msgs != want {
			t.Errorf("%v frames, %v", s.CachedInfo().State.Msgs, err)
		}
	}
}

func TestWrongCertificates(t *testing.T) {
	f, other := newFleet(t, site.Options{}), t.TempDir()
	initialize(t, other, site.Options{Add: []site.Member{member(t, "a/cam-1", site.Device)}})
	for name, change := range map[string]func(*link.Options){
		"none":            func(o *link.Options) { o.Cert, o.Key = "", "" },
		"another fleet's": func(o *link.Options) { o.Cert, o.Key = theirs(other, "sites/a/cam-1") },
		"the server's":    func(o *link.Options) { o.Cert, o.Key = theirs(f.dir, "server") },
		"the authority's": func(o *link.Options) {
			o.Cert, o.Key = filepath.Join(f.dir, "ca-1.pem"), filepath.Join(f.dir, "ca-1.key")
		},
		"a password":       func(o *link.Options) { o.Cert, o.Key, o.User, o.Password = "", "", "dqa://a/cam-1", "" },
		"a foreign server": func(o *link.Options) { o.CA = filepath.Join(other, "ca.pem") },
		"no TLS":           func(o *link.Options) { o.CA, o.Cert, o.Key = "", "", "" },
	} {
		o := f.options("a/cam-1")
		change(&o)
		if l, err := link.Connect(t.Context(), o); err == nil {
			l.Close()
			t.Errorf("%s is accepted", name)
		} else if !errors.Is(err, link.ErrConnect) && !errors.Is(err, link.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func theirs(dir, folder string) (cert, key string) {
	return filepath.Join(dir, folder, "cert.pem"), filepath.Join(dir, folder, "key.pem")
}

func TestExpiredCertificates(t *testing.T) {
	f := newFleet(t, site.Options{})
	past := t.TempDir()
	if err := os.CopyFS(past, os.DirFS(f.dir)); err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-400 * day)
	initialize(t, past, site.Options{Add: []site.Member{member(t, "a/old", site.Device)}, Now: func() time.Time { return long }})
	initialize(t, f.dir, site.Options{Add: []site.Member{member(t, "a/old", site.Device)}})
	f.server.Stop()
	f.start(t)
	f.connect(t, "a/old")
	o := f.options("a/old")
	o.Cert, o.Key = theirs(past, "sites/a/old")
	if l, err := link.Connect(t.Context(), o); err == nil {
		l.Close()
		t.Error("a certificate that ended is accepted")
	}
	initialize(t, past, site.Options{Renew: true})
	o.Cert, o.Key = theirs(past, "sites/a/old")
	l, err := link.Connect(t.Context(), o)
	if err != nil {
		t.Fatalf("renewed: %v", err)
	}
	l.Close()
}

// Who was removed is refused from the server's next start on, with a certificate that has not ended.
func TestRemovedMembers(t *testing.T) {
	f := newFleet(t, site.Options{})
	kept := t.TempDir()
	if err := os.CopyFS(kept, os.DirFS(f.dir)); err != nil {
		t.Fatal(err)
	}
	initialize(t, f.dir, site.Options{Remove: []site.Member{member(t, "a/cam-1", "")}})
	f.server.Stop()
	f.start(t)
	o := f.options("a/cam-1")
	o.CA, o.Cert, o.Key = filepath.Join(kept, "ca.pem"), filepath.Join(kept, "sites/a/cam-1/cert.pem"), filepath.Join(kept, "sites/a/cam-1/key.pem")
	if l, err := link.Connect(t.Context(), o); err == nil {
		l.Close()
		t.Error("a removed device is let in")
	}
	f.connect(t, "a/cam-2")
	f.connect(t, "b/cam-1")
}

// A device gives no word to a server that is not its fleet's, nor to one without TLS.
func TestForeignServers(t *testing.T) {
	f := newFleet(t, site.Options{})
	plain, err := link.Start(t.TempDir(), link.ServerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(plain.Stop)
	o := f.options("a/cam-1")
	o.URL = plain.URL()
	if l, err := link.Connect(t.Context(), o); err == nil {
		l.Close()
		t.Error("a server without TLS is spoken to")
	}
	foreign := newFleet(t, site.Options{})
	o.URL = foreign.server.URL()
	var unknown x509.UnknownAuthorityError
	var verify *tls.CertificateVerificationError
	if l, err := link.Connect(t.Context(), o); err == nil {
		l.Close()
		t.Error("a foreign server is spoken to")
	} else if !errors.As(err, &unknown) && !errors.As(err, &verify) {
		t.Errorf("a foreign server: %v", err)
	}
}

// Quotas: a message that is too large, more connections than members need.
func TestQuotas(t *testing.T) {
	f := newFleet(t, site.Options{})
	l := f.connect(t, "a/cam-1")
	if _, err := l.JS.Publish(t.Context(), link.FrameSubject(1, cut, "cam-1"), make([]byte, link.MaxPayload+1)); !errors.Is(err, nats.ErrMaxPayload) {
		t.Errorf("a message of %d bytes: %v", link.MaxPayload+1, err)
	}
	refused := false
	for range 64 {
		l, err := link.Connect(t.Context(), f.options("a/cam-2"))
		if refused = err != nil; refused {
			break
		}
		t.Cleanup(l.Close)
	}
	if !refused {
		t.Error("a device may have 64 connections")
	}
	f.connect(t, "b/cam-1") // the other site does not suffer
}
