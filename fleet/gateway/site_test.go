package gateway_test

import (
	"errors"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dqa-go/dqa/fleet/device"
	"github.com/dqa-go/dqa/fleet/gateway"
	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/site"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// memberOptions are how a member of site a connects.
func memberOptions(dir, url, name string) link.Options {
	folder := filepath.Join(dir, "sites", "a", name)
	return link.Options{
		URL: url, Name: name, CA: filepath.Join(folder, "ca.pem"), Cert: filepath.Join(folder, "cert.pem"), Key: filepath.Join(folder, "key.pem"),
	}
}

// signing is site a on a server, with what its members sign and know signatures by.
type signing struct {
	dir, url string
	camera   device.Options
	gateway  gateway.Options
}

func newSigning(t *testing.T) signing {
	t.Helper()
	dir := t.TempDir()
	if _, err := site.Init(dir, site.Options{Add: []site.Member{{Site: "a", Name: "cam", Role: site.Device}}, Listen: "127.0.0.1:-1"}); err != nil {
		t.Fatal(err)
	}
	s, err := link.Start(filepath.Join(dir, "streams"), link.ServerOptions{Config: filepath.Join(dir, "server.conf")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	file := func(who, name string) string { return filepath.Join(dir, "sites", "a", who, name) }
	devices, err1 := site.ReadKeys(file("gateway", site.DeviceKeys))
	gateways, err2 := site.ReadKeys(file("gateway", site.GatewayKeys))
	known, err3 := site.ReadKeys(file("cam", site.GatewayKeys))
	frames, err4 := site.ReadSigner(file("cam", site.FramesKey))
	answers, err5 := site.ReadSigner(file("gateway", site.AnswersKey))
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		t.Fatal(err)
	}
	return signing{
		dir: dir, url: s.URL(),
		camera: device.Options{Name: "cam", Link: memberOptions(dir, s.URL(), "cam"), Sign: frames.Sign, Verify: known.VerifyAnswer},
		gateway: gateway.Options{
			Name: "gateway", Link: memberOptions(dir, s.URL(), "gateway"), Verify: devices.Verify, Sign: answers.SignAnswer,
			VerifyAnswer: gateways.VerifyAnswer,
		},
	}
}

// operator may do everything at the site's server.
func (s signing) operator(t *testing.T) *link.Link {
	t.Helper()
	l, err := link.Connect(t.Context(), memberOptions(s.dir, s.url, "operator"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// A device and a gateway with certificates, permissions and signatures. Somebody who may do everything at the site's server, but has no
// device's key, alters frames, makes some up and sends recorded ones again: every image is answered once, by what the device sent.
func TestAttackerAtTheServer(t *testing.T) {
	c, a := plain(t), newSigning(t)
	g, stop := gate(t, a.url, a.gateway, c.tail)
	d, answers := begin(t, a.url, a.camera, c.head)
	sendAll(t, d, c.data)
	drain(t, d)

	forged, replayed := attack(t, a.operator(t))
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		n := g.Status().Counters
		if n.Refused == forged && n.Duplicates == replayed {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d forged, %d replayed: %+v", forged, replayed, n)
		}
	}
	sendAll(t, d, c.data) // and work goes on
	drain(t, d)
	counted(t, g, 2*images)
	if n := g.Status().Counters; n.Refused != forged {
		t.Errorf("%+v", n)
	}
	if all := answers.lines(); len(all) != 2*images {
		t.Errorf("%d answers", len(all))
	} else {
		once(t, c, all[:images], device.Answered)
	}
	stop()
}

// Somebody who may do everything at the site's server answers before the gateways do: with no signature, with one of another answer, of a
// frame, in the name of another gateway. The device waits, and the gateway's answers take the place of those in the stream. A device that
// knows no gateway's key takes what comes, as all did before answers were signed.
func TestForgedAnswers(t *testing.T) {
	c, a := plain(t), newSigning(t)
	a.camera.Resend = 100 * time.Millisecond
	evil := a.operator(t)
	if err := evil.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	d, answers := begin(t, a.url, a.camera, c.head)
	sendAll(t, d, c.data)
	forge(t, evil, c)
	for end := time.Now().Add(10 * time.Second); d.Status().Counters.Forged < 2*images && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond) // as they come, and as they are looked up
	}
	if n := d.Status().Counters; n.Forged < 2*images || len(answers.all()) > 0 {
		t.Errorf("%+v, %d answers", n, len(answers.all()))
	}
	g, _ := gate(t, a.url, a.gateway, c.tail)
	drain(t, d)
	once(t, c, answers.lines(), device.Answered)
	counted(t, g, images)
	stream, err := evil.JS.Stream(t.Context(), link.Answers)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range answers.lines() { // who looks later finds the true ones
		m, err := stream.GetLastMsgForSubject(t.Context(), link.AnswerSubject("cam", l.Box, l.Seq))
		if err != nil || a.gateway.VerifyAnswer(m.Subject, m.Header, m.Data) != nil {
			t.Errorf("frame %d: %v, %v", l.Seq, m, err)
		}
	}

	a.camera.Verify, a.camera.Dir = nil, ""
	d.Close()
	old, taken := begin(t, a.url, a.camera, c.head)
	sendAll(t, old, c.data)
	forge(t, evil, c)
	drain(t, old)
	if all := taken.all(); len(all) != images {
		t.Errorf("%d answers", len(all))
	}
}

// forge answers every frame in the stream, in one of several ways each.
func forge(t *testing.T, evil *link.Link, c cut) {
	t.Helper()
	stream, err := evil.JS.Stream(t.Context(), link.Frames)
	if err != nil {
		t.Fatal(err)
	}
	for n := uint64(0); n < images; {
		info, err := stream.Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for ; n < min(info.State.LastSeq, images); n++ {
			frame, err := stream.GetMsg(t.Context(), info.State.LastSeq-n)
			if err != nil {
				t.Fatal(err)
			}
			seq, _ := strconv.ParseUint(frame.Header.Get(link.HeaderSeq), 10, 64)
			m := nats.NewMsg(link.AnswerSubject("cam", frame.Header.Get(link.HeaderBox), seq))
			m.Data = link.AppendAnswer(nil, link.Answer{})
			m.Header.Set(link.HeaderGateway, []string{"gateway", "nobody", "cam", ""}[n%4])
			if n%3 > 0 {
				m.Header.Set(link.HeaderAuth, frame.Header.Get(link.HeaderAuth))
			}
			if _, err := evil.JS.PublishMsg(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A gateway that does not sign is refused plainly by a device that knows gateways' keys; one that signs answers in its place.
func TestGatewayOfOldDoesNotSign(t *testing.T) {
	c, a := plain(t), newSigning(t)
	a.camera.Resend = 100 * time.Millisecond
	old := a.gateway
	old.Sign, old.VerifyAnswer = nil, nil
	_, stop := gate(t, a.url, old, c.tail)
	d, answers := begin(t, a.url, a.camera, c.head)
	sendAll(t, d, c.data)
	for end := time.Now().Add(10 * time.Second); d.Status().Counters.Forged < images && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	if len(answers.all()) > 0 {
		t.Error("an answer without a signature was taken")
	}
	stop()
	gate(t, a.url, a.gateway, c.tail)
	drain(t, d)
	once(t, c, answers.lines(), device.Answered)
}

// attack sends every recorded frame again as it is, and changed in several ways.
func attack(t *testing.T, evil *link.Link) (forged, replayed int64) {
	t.Helper()
	stream, err := evil.JS.Stream(t.Context(), link.Frames)
	if err != nil {
		t.Fatal(err)
	}
	send := func(m *nats.Msg) {
		if _, err := evil.JS.PublishMsg(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	for seq := range uint64(images) {
		raw, err := stream.GetMsg(t.Context(), seq+1)
		if err != nil {
			t.Fatal(err)
		}
		again := func() *nats.Msg { return copyOf(raw) }
		send(again())
		replayed++
		for _, change := range []func(*nats.Msg){
			func(m *nats.Msg) { m.Data[len(m.Data)/2] ^= 1 },
			func(m *nats.Msg) { m.Header.Set(link.HeaderSeq, "99") }, // an old image as a new one
			func(m *nats.Msg) { m.Header.Set(link.HeaderAttempt, "1") },
			func(m *nats.Msg) { m.Header.Del(link.HeaderAuth) },
			func(m *nats.Msg) { m.Subject = strings.TrimSuffix(m.Subject, "cam") + "other" },
		} {
			m := again()
			change(m)
			send(m)
			forged++
		}
	}
	return forged, replayed
}

func copyOf(raw *jetstream.RawStreamMsg) *nats.Msg {
	m := nats.NewMsg(raw.Subject)
	m.Data = append([]byte{}, raw.Data...)
	for name := range raw.Header {
		if name != jetstream.MsgIDHeader {
			m.Header.Set(name, raw.Header.Get(name))
		}
	}
	return m
}
