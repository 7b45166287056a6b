package site

import (
	"bytes"
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
	FramesKey  = "frames.key"   // of a device: what it signs with
	DeviceKeys = "devices.keys" // of a gateway: what it knows devices' signatures by
)

const (
	signedAs     = "dqa frame 1" // no signature stands for anything else
	headerPrefix = "Dqa-"
	maxHeaders   = 32      // of a frame's message
	maxHeader    = 4 << 10 // bytes of them
	keysLimit    = 1 << 20
)

// Signer signs the frames of one device. Its methods may be called from many goroutines.
type Signer struct{ key ed25519.PrivateKey }

// ReadSigner reads a device's key (FramesKey). Errors wrap ErrPlan and file.ErrRead.
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

// Sign sets link.HeaderAuth: an Ed25519 signature of the subject, all headers of the fleet's and the SHA-256 of the body. Nothing of
// these may change afterwards.
func (s *Signer) Sign(m *nats.Msg) error {
	text, err := signed(m.Subject, m.Header, m.Data)
	if err != nil {
		return err
	}
	m.Header.Set(link.HeaderAuth, base64.RawStdEncoding.EncodeToString(ed25519.Sign(s.key, text)))
	return nil
}

// signed is what a signature is of: strings with their lengths before them, so that none can run into the next. Errors wrap ErrForeign.
func signed(subject string, h nats.Header, body []byte) ([]byte, error) {
	if len(h) > maxHeaders {
		return nil, fmt.Errorf("%w: %d headers, at most %d", ErrForeign, len(h), maxHeaders)
	}
	text := appendString([]byte(nil), signedAs)
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

// Keys are what devices' signatures are known by. A device may have several, while one takes the place of another.
type Keys map[string][]ed25519.PublicKey

// ReadKeys reads a gateway's list (DeviceKeys). Errors wrap ErrPlan and file.ErrRead.
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

// ParseKeys reads a line per key: the device's name and the key in base64. Errors wrap ErrPlan.
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
			return nil, fmt.Errorf("%w: line %d: a device's name and its key expected", ErrPlan, n)
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
	if len(h[link.HeaderAuth]) != 1 {
		return fmt.Errorf("%w: %s has not signed it", ErrForeign, device)
	}
	signature, err := base64.RawStdEncoding.Strict().DecodeString(h.Get(link.HeaderAuth))
	if err != nil || len(signature) != ed25519.SignatureSize {
		return fmt.Errorf("%w: no signature of %s", ErrForeign, device)
	}
	text, err := signed(subject, h, body)
	if err != nil {
		return err
	}
	for _, key := range k[device] {
		if ed25519.Verify(key, text, signature) {
			return nil
		}
	}
	if len(k[device]) == 0 {
		return fmt.Errorf("%w: the key of %s is not known here", ErrForeign, device)
	}
	return fmt.Errorf("%w: the signature is not that of %s, or something was altered", ErrForeign, device)
}

// frameKeys makes devices' keys where they are missing, and gives gateways the list of their site.
func (w *writer) frameKeys() error {
	lists := map[string][]byte{}
	for _, m := range w.plan.members() {
		if m.Role != Device {
			continue
		}
		s, err := w.frameKey(filepath.Join(w.folder(m), FramesKey))
		if err != nil {
			return err
		}
		public := base64.StdEncoding.EncodeToString(s.key.Public().(ed25519.PublicKey))
		lists[m.Site] = fmt.Appendf(lists[m.Site], "%s %s\n", m.Name, public)
	}
	for _, m := range w.plan.members() {
		if m.Role != Gateway {
			continue
		}
		text := append([]byte("# Devices of the site and the keys that their frames are signed with.\n"), lists[m.Site]...)
		if err := write(filepath.Join(w.folder(m), DeviceKeys), text); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) frameKey(path string) (*Signer, error) {
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
