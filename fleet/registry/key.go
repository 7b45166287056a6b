package registry

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/dqa-go/dqa/internal/file"
	"github.com/secure-systems-lab/go-securesystemslib/encrypted"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Key is an Ed25519 key: its public half, and the private one where that is at hand.
type Key struct {
	Name      string // of its file, without the ending
	ID        string // as metadata names it: hex
	Encrypted bool   // on disk
	Private   bool   // there is a file of the private half
	public    *metadata.Key
	private   ed25519.PrivateKey // nil: not read, or not there
}

// Endings of key files. NAME.pub is PEM (PKIX); NAME.key is PEM (PKCS #8), or that encrypted by a passphrase (scrypt and NaCl's
// secretbox, in securesystemslib's JSON).
const (
	publicEnding  = ".pub"
	privateEnding = ".key"
	maxKeyFile    = 16 << 10
	maxKeys       = 256 // of a folder
)

// NewKey makes a key and its two files in dir; with a passphrase the private one is encrypted. It has mode 0600 either way. What is
// there is not overwritten. Errors wrap ErrKeys and those of writing.
func NewKey(dir, name string, passphrase []byte) (*Key, error) {
	if !siteForm.MatchString(name) {
		return nil, fmt.Errorf("%w: name %q: letters, digits, '_' and '-', 64 at most", ErrKeys, name)
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	secret, err := marshalPrivate(private, passphrase)
	if err != nil {
		return nil, err
	}
	pkix, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, err
	}
	if err := file.MkdirAll(dir); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, name)
	if err := writeSecret(path+privateEnding, secret); err != nil {
		return nil, err
	}
	if err := file.WriteBytes(path+publicEnding, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkix})); err != nil {
		return nil, err
	}
	k, err := keyOf(name, public)
	if err != nil {
		return nil, err
	}
	k.private, k.Private, k.Encrypted = private, true, len(passphrase) > 0
	return k, nil
}

func marshalPrivate(private ed25519.PrivateKey, passphrase []byte) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	b := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if len(passphrase) == 0 {
		return b, nil
	}
	return encrypted.Encrypt(b, passphrase)
}

// writeSecret writes a file that nobody else may read at any time, and that was not there.
func writeSecret(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: %s is there already", ErrKeys, path)
	}
	if err != nil {
		return fmt.Errorf("%w %s: %w", file.ErrWrite, path, err)
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("%w %s: %w", file.ErrWrite, path, errors.Join(err, os.Remove(path)))
	}
	return nil
}

func keyOf(name string, public ed25519.PublicKey) (*Key, error) {
	p, err := metadata.KeyFromPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrKeys, name, err)
	}
	id, err := p.ID()
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrKeys, name, err)
	}
	return &Key{Name: name, ID: id, public: p}, nil
}

// Keys are those of a folder, by name. Private halves are not read: Unlock does. Errors wrap ErrKeys and those of reading.
func Keys(dir string) ([]*Key, error) {
	entries, err := file.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var all []*Key
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), publicEnding)
		if !ok || e.IsDir() {
			continue
		}
		if len(all) == maxKeys {
			return nil, fmt.Errorf("%w: more than %d keys in %s", ErrKeys, maxKeys, dir)
		}
		k, err := LoadKey(dir, name)
		if err != nil {
			return nil, err
		}
		all = append(all, k)
	}
	return all, nil
}

// LoadKey reads the public half of a key.
func LoadKey(dir, name string) (*Key, error) {
	path := filepath.Join(dir, name)
	b, err := file.ReadLimited(path+publicEnding, maxKeyFile)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("%w: %s holds no PEM", ErrKeys, path+publicEnding)
	}
	any, err := x509.ParsePKIXPublicKey(block.Bytes)
	public, ok := any.(ed25519.PublicKey)
	if err != nil || !ok {
		return nil, fmt.Errorf("%w: %s holds no public Ed25519 key", ErrKeys, path+publicEnding)
	}
	k, err := keyOf(name, public)
	if err != nil {
		return nil, err
	}
	b, err = readPrivate(path)
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	k.Private, k.Encrypted = err == nil, isEncrypted(b)
	return k, err
}

func readPrivate(path string) ([]byte, error) {
	path += privateEnding
	f, err := file.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	var b []byte
	if err == nil {
		b, err = file.ReadAll(f, maxKeyFile)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 { // there modes say nothing
		return nil, fmt.Errorf("%w: %s may be read by others (mode %#o): chmod 600 it", ErrKeys, path, info.Mode().Perm())
	}
	return b, nil
}

func isEncrypted(b []byte) bool { return !strings.HasPrefix(string(b), "-----BEGIN ") }

// Unlock reads the private half. passphrase is asked only for encrypted files. Errors wrap ErrKeys and those of reading.
func (k *Key) Unlock(dir string, passphrase func(name string) ([]byte, error)) error {
	if k.private != nil {
		return nil
	}
	b, err := readPrivate(filepath.Join(dir, k.Name))
	if err != nil {
		return err
	}
	if isEncrypted(b) {
		word, err := passphrase(k.Name)
		if err != nil {
			return err
		}
		if b, err = encrypted.Decrypt(b, word); err != nil {
			return fmt.Errorf("%w: %s: wrong passphrase, or a damaged file", ErrKeys, k.Name)
		}
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return fmt.Errorf("%w: %s holds no PEM", ErrKeys, k.Name+privateEnding)
	}
	any, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	private, ok := any.(ed25519.PrivateKey)
	if err != nil || !ok {
		return fmt.Errorf("%w: %s holds no private Ed25519 key", ErrKeys, k.Name+privateEnding)
	}
	if other, err := keyOf(k.Name, private.Public().(ed25519.PublicKey)); err != nil || other.ID != k.ID {
		return fmt.Errorf("%w: %s and %s are not of one key", ErrKeys, k.Name+privateEnding, k.Name+publicEnding)
	}
	k.private = private
	return nil
}

// signer is the key as go-tuf signs with it.
func (k *Key) signer() (signature.Signer, error) { return signature.LoadED25519Signer(k.private) }

// ids are the keys' IDs, in order.
func ids(keys []*Key) []string {
	var all []string
	for _, k := range keys {
		all = append(all, k.ID)
	}
	slices.Sort(all)
	return all
}
