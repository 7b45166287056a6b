package site_test

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/site"
	"github.com/nats-io/nats.go"
)

// pair are a device's key and its gateway's list.
func pair(t testing.TB) (*site.Signer, site.Keys) {
	t.Helper()
	dir := t.TempDir()
	if _, err := site.Init(dir, site.Options{Add: []site.Member{{Site: "a", Name: "cam-1", Role: site.Device}, {Site: "a", Name: "cam-2", Role: site.Device}}}); err != nil {
		t.Fatal(err)
	}
	s, err := site.ReadSigner(filepath.Join(dir, "sites", "a", "cam-1", site.FramesKey))
	if err != nil {
		t.Fatal(err)
	}
	k, err := site.ReadKeys(filepath.Join(dir, "sites", "a", "gateway", site.DeviceKeys))
	if err != nil || len(k) != 2 {
		t.Fatal(k, err)
	}
	return s, k
}

func message() *nats.Msg {
	return &nats.Msg{
		Subject: link.FrameSubject(1, cut, "cam-1"), Data: []byte("values"),
		Header: nats.Header{link.HeaderBox: {"0102"}, link.HeaderSeq: {"7"}, link.HeaderProfile: {"ab"}, "Nats-Msg-Id": {"x"}},
	}
}

func TestSignatures(t *testing.T) {
	s, keys := pair(t)
	for name, c := range map[string]struct {
		change func(*nats.Msg)
		good   bool
	}{
		"as it is":                {func(*nats.Msg) {}, true},
		"the server's own header": {func(m *nats.Msg) { m.Header.Set("Nats-Msg-Id", "y") }, true},
		"body":                    {func(m *nats.Msg) { m.Data[0] ^= 1 }, false},
		"body cut":                {func(m *nats.Msg) { m.Data = m.Data[:3] }, false},
		"subject: cut":            {func(m *nats.Msg) { m.Subject = link.FrameSubject(1, link.Cut{9}, "cam-1") }, false},
		"subject: format":         {func(m *nats.Msg) { m.Subject = link.FrameSubject(2, cut, "cam-1") }, false},
		"another device":          {func(m *nats.Msg) { m.Subject = link.FrameSubject(1, cut, "cam-2") }, false},
		"an unknown device":       {func(m *nats.Msg) { m.Subject = link.FrameSubject(1, cut, "cam-3") }, false},
		"no frame":                {func(m *nats.Msg) { m.Subject = "elsewhere" }, false},
		"number":                  {func(m *nats.Msg) { m.Header.Set(link.HeaderSeq, "8") }, false},
		"box":                     {func(m *nats.Msg) { m.Header.Set(link.HeaderBox, "0103") }, false},
		"profile":                 {func(m *nats.Msg) { m.Header.Del(link.HeaderProfile) }, false},
		"one header more":         {func(m *nats.Msg) { m.Header.Set("Dqa-More", "") }, false},
		"a header twice":          {func(m *nats.Msg) { m.Header.Add(link.HeaderSeq, "7") }, false},
		"no signature":            {func(m *nats.Msg) { m.Header.Del(link.HeaderAuth) }, false},
		"two signatures":          {func(m *nats.Msg) { m.Header.Add(link.HeaderAuth, m.Header.Get(link.HeaderAuth)) }, false},
		"a damaged signature":     {func(m *nats.Msg) { m.Header.Set(link.HeaderAuth, strings.Repeat("A", 86)) }, false},
		"no base64":               {func(m *nats.Msg) { m.Header.Set(link.HeaderAuth, "!") }, false},
		"a large header":          {func(m *nats.Msg) { m.Header.Set("Dqa-More", strings.Repeat("x", 5000)) }, false},
		"values move to a name":   {func(m *nats.Msg) { m.Header = shift(m.Header) }, false},
	} {
		m := message()
		if err := s.Sign(m); err != nil {
			t.Fatal(err)
		}
		c.change(m)
		if err := keys.Verify(m.Subject, m.Header, m.Data); (err == nil) != c.good || err != nil && !errors.Is(err, site.ErrForeign) {
			t.Errorf("%s: %v", name, err)
		}
	}
	many := message()
	for i := range 64 {
		many.Header.Set("Dqa-"+strings.Repeat("x", i+1), "")
	}
	if err := s.Sign(many); !errors.Is(err, site.ErrForeign) {
		t.Errorf("64 headers: %v", err)
	}
}

// answer is what a gateway says to a frame.
func answer() *nats.Msg {
	return &nats.Msg{
		Subject: link.AnswerSubject("cam-1", "0102", 7), Data: []byte("values"), Header: nats.Header{link.HeaderGateway: {"gateway"}},
	}
}

// answerers are a gateway's key and a device's list.
func answerers(t testing.TB) (*site.Signer, site.Keys) {
	t.Helper()
	dir := t.TempDir()
	if _, err := site.Init(dir, site.Options{Add: []site.Member{{Site: "a", Name: "cam-1", Role: site.Device}, {Site: "b", Name: "cam-1", Role: site.Device}}}); err != nil {
		t.Fatal(err)
	}
	s, err := site.ReadSigner(filepath.Join(dir, "sites", "a", "gateway", site.AnswersKey))
	if err != nil {
		t.Fatal(err)
	}
	k, err := site.ReadKeys(filepath.Join(dir, "sites", "a", "cam-1", site.GatewayKeys))
	if err != nil || len(k) != 1 {
		t.Fatal(k, err)
	}
	other, err := site.ReadKeys(filepath.Join(dir, "sites", "b", "cam-1", site.GatewayKeys))
	if err != nil || bytes.Equal(other["gateway"][0], k["gateway"][0]) {
		t.Fatal("two sites share a gateway's key", err)
	}
	return s, k
}

func TestSignedAnswers(t *testing.T) {
	s, keys := answerers(t)
	for name, c := range map[string]struct {
		change func(*nats.Msg)
		good   bool
	}{
		"as it is":            {func(*nats.Msg) {}, true},
		"the server's header": {func(m *nats.Msg) { m.Header.Set("Nats-Sequence", "3") }, true},
		"body":                {func(m *nats.Msg) { m.Data[0] ^= 1 }, false},
		"another frame's":     {func(m *nats.Msg) { m.Subject = link.AnswerSubject("cam-1", "0102", 8) }, false},
		"another box's":       {func(m *nats.Msg) { m.Subject = link.AnswerSubject("cam-1", "0103", 7) }, false},
		"another device's":    {func(m *nats.Msg) { m.Subject = link.AnswerSubject("cam-2", "0102", 7) }, false},
		"another gateway's":   {func(m *nats.Msg) { m.Header.Set(link.HeaderGateway, "second") }, false},
		"nobody's":            {func(m *nats.Msg) { m.Header.Del(link.HeaderGateway) }, false},
		"an error":            {func(m *nats.Msg) { m.Header.Set(link.HeaderError, "no") }, false},
		"no signature":        {func(m *nats.Msg) { m.Header.Del(link.HeaderAuth) }, false},
		"two gateways":        {func(m *nats.Msg) { m.Header.Add(link.HeaderGateway, "gateway") }, false},
		"signed as a frame": {func(m *nats.Msg) {
			if err := s.Sign(m); err != nil {
				t.Fatal(err)
			}
		}, false},
	} {
		m := answer()
		if err := s.SignAnswer(m); err != nil {
			t.Fatal(err)
		}
		c.change(m)
		if err := keys.VerifyAnswer(m.Subject, m.Header, m.Data); (err == nil) != c.good || err != nil && !errors.Is(err, site.ErrForeign) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzVerifyAnswer: nothing that comes over the link panics, and nothing but what was signed is taken.
func FuzzVerifyAnswer(f *testing.F) {
	s, keys := answerers(f)
	m := answer()
	if err := s.SignAnswer(m); err != nil {
		f.Fatal(err)
	}
	auth := m.Header.Get(link.HeaderAuth)
	f.Add(m.Subject, auth, "gateway", []byte("values"))
	f.Add("dqa.answers", "", "", []byte(nil))
	f.Fuzz(func(t *testing.T, subject, signature, gateway string, body []byte) {
		h := nats.Header{link.HeaderGateway: {gateway}, link.HeaderAuth: {signature}}
		same := subject == m.Subject && signature == auth && gateway == "gateway" && bytes.Equal(body, m.Data)
		if err := keys.VerifyAnswer(subject, h, body); (err == nil) != same {
			t.Errorf("%q %q %q %q: %v", subject, signature, gateway, body, err)
		}
	})
}

// shift moves a byte from a value to the next header's name.
func shift(h nats.Header) nats.Header {
	h = maps.Clone(h)
	h.Del(link.HeaderBox)
	h.Set(link.HeaderBox+"0", "102")
	return h
}

// While a device's key takes the place of another, both are good.
func TestTwoKeys(t *testing.T) {
	s, keys := pair(t)
	old, others := pair(t)
	for name, signer := range map[string]*site.Signer{"new": s, "old": old} {
		m := message()
		if err := signer.Sign(m); err != nil {
			t.Fatal(err)
		}
		if err := (site.Keys{"cam-1": append(keys["cam-1"], others["cam-1"]...)}).Verify(m.Subject, m.Header, m.Data); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDamagedKeys(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "k")
	for _, text := range []string{"nothing", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := site.ReadSigner(path); !errors.Is(err, site.ErrPlan) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{"cam-1", "cam-1 AAAA", "a.b " + strings.Repeat("A", 43) + "=", "cam-1 " + strings.Repeat("A", 43) + "= more", "cam-1 !"} {
		if _, err := site.ParseKeys([]byte(text)); !errors.Is(err, site.ErrPlan) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := site.ReadKeys(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// FuzzVerify: nothing that comes over the link panics, and nothing but what was signed is taken.
func FuzzVerify(f *testing.F) {
	s, keys := pair(f)
	m := message()
	if err := s.Sign(m); err != nil {
		f.Fatal(err)
	}
	auth := m.Header.Get(link.HeaderAuth)
	f.Add(m.Subject, auth, "7", []byte("values"))
	f.Add("dqa.frames", "", "", []byte(nil))
	f.Fuzz(func(t *testing.T, subject, signature, seq string, body []byte) {
		h := message().Header
		h.Set(link.HeaderAuth, signature)
		h.Set(link.HeaderSeq, seq)
		same := subject == m.Subject && signature == auth && seq == "7" && bytes.Equal(body, m.Data)
		if err := keys.Verify(subject, h, body); (err == nil) != same {
			t.Errorf("%q %q %q %q: %v", subject, signature, seq, body, err)
		}
	})
}

// FuzzParseKeys: what is read is as many keys as lines say.
func FuzzParseKeys(f *testing.F) {
	f.Add([]byte("# devices\ncam-1 " + strings.Repeat("A", 43) + "=\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := site.ParseKeys(text)
		if err != nil && !errors.Is(err, site.ErrPlan) {
			t.Error(err)
		}
		for name := range keys {
			if err := link.CheckName(name); err != nil {
				t.Error(err)
			}
		}
	})
}

func BenchmarkSign(b *testing.B) {
	s, keys := pair(b)
	m := message()
	m.Data = make([]byte, 4096)
	if err := s.Sign(m); err != nil {
		b.Fatal(err)
	}
	b.Run("sign", func(b *testing.B) {
		for b.Loop() {
			if err := s.Sign(m); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			if err := keys.Verify(m.Subject, m.Header, m.Data); err != nil {
				b.Fatal(err)
			}
		}
	})
}
