package gateway_test

import (
	"path/filepath"
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

// A device and a gateway with certificates, permissions and signatures. Somebody who may do everything at the site's server, but has no
// device's key, alters frames, makes some up and sends recorded ones again: every image is answered once, by what the device sent.
func TestAttackerAtTheServer(t *testing.T) {
	c, dir := plain(t), t.TempDir()
	if _, err := site.Init(dir, site.Options{Add: []site.Member{{Site: "a", Name: "cam", Role: site.Device}}, Listen: "127.0.0.1:-1"}); err != nil {
		t.Fatal(err)
	}
	s, err := link.Start(filepath.Join(dir, "streams"), link.ServerOptions{Config: filepath.Join(dir, "server.conf")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	keys, err := site.ReadKeys(filepath.Join(dir, "sites", "a", "gateway", site.DeviceKeys))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := site.ReadSigner(filepath.Join(dir, "sites", "a", "cam", site.FramesKey))
	if err != nil {
		t.Fatal(err)
	}
	g, stop := gate(t, s.URL(), gateway.Options{Name: "gateway", Link: memberOptions(dir, s.URL(), "gateway"), Verify: keys.Verify}, c.tail)
	d, answers := begin(t, s.URL(), device.Options{Name: "cam", Link: memberOptions(dir, s.URL(), "cam"), Sign: signer.Sign}, c.head)
	sendAll(t, d, c.data)
	drain(t, d)

	evil, err := link.Connect(t.Context(), memberOptions(dir, s.URL(), "operator"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(evil.Close)
	forged, replayed := attack(t, evil)
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
