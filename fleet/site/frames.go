package site

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/nats-io/nats.go"
)

// Names of files in members' folders.
const (
	FramesKey   = "frames.key"    // of a device: what it signs frames with
	AnswersKey  = "answers.key"   // of a gateway: what it signs answers with
	DeviceKeys  = "devices.keys"  // of a gateway: what it knows devices' signatures by
	GatewayKeys = "gateways.keys" // of devices and gateways: what they know gateways' signatures by
)

// What a signature is of begins with one of these: it stands for nothing else.
const (
	frameSigned  = "dqa frame 1"
	answerSigned = "dqa answer 1"
)

const (
	headerPrefix = "Dqa-"
	maxHeaders   = 32      // of a message
	maxHeader    = 4 << 10 // bytes of them
	keysLimit    = 1 << 20
)

// Signer signs the frames of one device, or the answers of one gateway. Its methods may be called from many goroutines.
type Signer struct{ key ed25519.PrivateKey }

// ReadSigner reads a key (FramesKey, AnswersKey). Errors wrap ErrPlan and file.ErrRead.
func ReadSigner(path string) (*Signer, error) {
	b, err := file.Read(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("%w: %s holds no key", ErrPlan, path)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	k, ok := key.(ed25519.PrivateKey)
	if err != nil || !ok {
		return nil, fmt.Errorf("%w: %s holds no Ed25519 key", ErrPlan, path)
	}
	return &Signer{k}, nil
}

// Sign sets link.HeaderAuth of a frame: an Ed25519 signature of the subject, all headers of the fleet's and the SHA-256 of the body.
// Nothing of these may change afterwards.
func (s *Signer) Sign(m *nats.Msg) error { return s.sign(frameSigned, m) }

// SignAnswer is Sign of an answer, which names its gateway in a header.
func (s *Signer) SignAnswer(m *nats.Msg) error { return s.sign(answerSigned, m) }

func (s *Signer) sign(as string, m *nats.Msg) error {
	text, err := signed(as, m.Subject, m.Header, m.Data)
	if err != nil {
		return err
	}
	m.Header.Set(link.HeaderAuth, base64.RawStdEncoding.EncodeToString(ed25519.Sign(s.key, text)))
	return nil
}

// signed is what a signature is of: strings with their lengths before them, so that none can run into the next. Errors wrap ErrForeign.
func signed(as, subject string, h nats.Header, body []byte) ([]byte, error) {
	if len(h) > maxHeaders {
		return nil, fmt.Errorf("%w: %d headers, at most %d", ErrForeign, len(h), maxHeaders)
	}
	text := appendString([]byte(nil), as)
	text = appendString(text, subject)
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if !strings.HasPrefix(name, headerPrefix) || name == link.HeaderAuth {
			continue
		}
		if len(h[name]) != 1 {
			return nil, fmt.Errorf("%w: header %s %d times", ErrForeign, name, len(h[name]))
		}
		if len(text)+len(name)+len(h[name][0]) > maxHeader {
			return nil, fmt.Errorf("%w: headers of more than %d bytes", ErrForeign, maxHeader)
		}
		text = appendString(appendString(text, name), h[name][0])
	}
	sum := sha256.Sum256(body)
	return append(text, sum[:]...), nil
}

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// Keys are what signatures of devices, or of gateways, are known by. One may have several, while a key takes the place of another.
type Keys map[string][]ed25519.PublicKey

// ReadKeys reads a list (DeviceKeys, GatewayKeys). Errors wrap ErrPlan and file.ErrRead.
func ReadKeys(path string) (Keys, error) {
	b, err := file.ReadLimited(path, keysLimit)
	if err != nil {
		return nil, err
	}
	k, err := ParseKeys(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return k, nil
}

// ParseKeys reads a line per key: its owner's name and the key in base64. Errors wrap ErrPlan.
func ParseKeys(text []byte) (Keys, error) {
	keys := Keys{}
	n := 0
	for line := range bytes.Lines(text) {
		n++
		fields := strings.Fields(string(line))
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) != 2 || link.CheckName(fields[0]) != nil {
			return nil, fmt.Errorf("%w: line %d: a name and its key expected", ErrPlan, n)
		}
		key, err := base64.StdEncoding.Strict().DecodeString(fields[1])
		if err != nil || len(key) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("%w: line %d: no Ed25519 key in base64", ErrPlan, n)
		}
		keys[fields[0]] = append(keys[fields[0]], key)
	}
	return keys, nil
}

// Verify refuses a frame's message that its device has not signed as it is: another subject, header or body, another device's key, or
// no signature. That a message comes twice it does not see: who answers a frame once, by its signed number, does. Errors wrap ErrForeign.
func (k Keys) Verify(subject string, h nats.Header, body []byte) error {
	device, ok := link.DeviceOf(subject)
	if !ok {
		return fmt.Errorf("%w: subject %q is no frame's", ErrForeign, subject)
	}
	return k.verify(frameSigned, device, subject, h, body)
}

// VerifyAnswer refuses an answer that the gateway which it names has not signed as it is, to the frame that its subject names. Errors wrap
// ErrForeign.
func (k Keys) VerifyAnswer(subject string, h nats.Header, body []byte) error {
	return k.verify(answerSigned, h.Get(link.HeaderGateway), subject, h, body)
}

func (k Keys) verify(as, who, subject string, h nats.Header, body []byte) error {
	wrong := func(why string) error { return fmt.Errorf("%w: %s: %s", ErrForeign, cmp.Or(who, "nobody"), why) }
	switch {
	case len(h[link.HeaderAuth]) != 1:
		return wrong("it is not signed")
	case len(k[who]) == 0:
		return wrong("its key is not known here")
	}
	signature, err := base64.RawStdEncoding.Strict().DecodeString(h.Get(link.HeaderAuth))
	if err != nil || len(signature) != ed25519.SignatureSize {
		return wrong("that is no signature")
	}
	text, err := signed(as, subject, h, body)
	if err != nil {
		return err
	}
	for _, key := range k[who] {
		if ed25519.Verify(key, text, signature) {
			return nil
		}
	}
	return wrong("the signature is another's, or something was altered")
}

// signingKeys makes keys of devices and gateways where they are missing, and gives those who verify them the lists of their site.
func (w *writer) signingKeys() error {
	for _, l := range []struct {
		of         Role
		key, list  string
		verify     []Role
		inThatFile string
	}{
		{Device, FramesKey, DeviceKeys, []Role{Gateway}, "# Devices of the site and the keys that their frames are signed with.\n"},
		{Gateway, AnswersKey, GatewayKeys, []Role{Device, Gateway}, "# Gateways of the site and the keys that their answers are signed with.\n"},
	} {
		lists := map[string][]byte{}
		for _, m := range w.plan.members() {
			if m.Role != l.of {
				continue
			}
			s, err := w.signingKey(filepath.Join(w.folder(m), l.key))
			if err != nil {
				return err
			}
			public := base64.StdEncoding.EncodeToString(s.key.Public().(ed25519.PublicKey))
			lists[m.Site] = fmt.Appendf(lists[m.Site], "%s %s\n", m.Name, public)
		}
		for _, m := range w.plan.members() {
			if !slices.Contains(l.verify, m.Role) {
				continue
			}
			if err := write(filepath.Join(w.folder(m), l.list), append([]byte(l.inThatFile), lists[m.Site]...)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *writer) signingKey(path string) (*Signer, error) {
	s, err := ReadSigner(path)
	if err == nil || !errors.Is(err, os.ErrNotExist) {
		return s, err
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	return &Signer{key}, writeKey(path, key)
}
