package site

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/dqa-go/dqa/internal/file"
)

// caDays is how long a certificate authority lives. From half of that on the next one is trusted, too, so that everybody knows it when it
// begins to sign: before the old one ends by twice the time that certificates live.
const caDays = 3650

// backdate makes certificates valid for members whose clocks are behind.
const backdate = time.Hour

const day = 24 * time.Hour

// authority is a certificate authority.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// certificate reads a certificate; nil where there is none. Errors wrap ErrPlan and file.ErrRead.
func certificate(path string) (*x509.Certificate, error) {
	b, err := file.Read(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("%w: %s holds no certificate", ErrPlan, path)
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrPlan, path, err)
	}
	return c, nil
}

// readAuthority reads one; nil where there is none.
func readAuthority(certPath, keyPath string) (*authority, error) {
	c, err := certificate(certPath)
	if c == nil || err != nil {
		return nil, err
	}
	b, err := file.Read(keyPath)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("%w: %s holds no key", ErrPlan, keyPath)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	signer, ok := key.(crypto.Signer)
	if err != nil || !ok {
		return nil, fmt.Errorf("%w: %s: %w", ErrPlan, keyPath, err)
	}
	return &authority{c, signer}, nil
}

// template is what all certificates have.
func template(name, unit string, now time.Time, days int) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	subject := pkix.Name{Organization: []string{"DQA fleet"}, CommonName: name}
	if unit != "" {
		subject.OrganizationalUnit = []string{unit}
	}
	return &x509.Certificate{
		SerialNumber: serial, Subject: subject, NotBefore: now.Add(-backdate), NotAfter: now.Add(time.Duration(days) * day),
		BasicConstraintsValid: true,
	}, nil
}

// newAuthority makes one and writes it.
func newAuthority(certPath, keyPath string, now time.Time) (*authority, error) {
	t, err := template("DQA fleet CA "+now.UTC().Format("2006-01-02"), "", now, caDays)
	if err != nil {
		return nil, err
	}
	t.IsCA, t.MaxPathLenZero, t.KeyUsage = true, true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
	return issue(nil, t, certPath, keyPath)
}

// issue makes a key and its certificate, signed by an authority (nil: by itself), and writes both, the key first: what has a certificate
// has a key.
func issue(by *authority, t *x509.Certificate, certPath, keyPath string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	if by == nil {
		by = &authority{t, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, by.cert, key.Public(), by.key)
	if err != nil {
		return nil, fmt.Errorf("%w: certificate of %s: %w", ErrPlan, t.Subject.CommonName, err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	if err := writeKey(keyPath, key); err != nil {
		return nil, err
	}
	return &authority{cert, key}, file.WriteBytes(certPath, pemOf(cert))
}

func writeKey(path string, key any) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return file.WriteSecret(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func pemOf(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

// writer writes a folder.
type writer struct {
	dir   string
	plan  *plan
	now   time.Time
	renew bool
	ca    *authority
	roots []byte // PEM of all that shall be trusted
	certs []Change
}

func (w *writer) folder(m Member) string { return w.path("sites", m.Site, m.Name) }

func (w *writer) path(parts ...string) string {
	return filepath.Join(append([]string{w.dir}, parts...)...)
}

// left is the share of a certificate's time that is left.
func (w *writer) left(c *x509.Certificate) float64 {
	return float64(c.NotAfter.Sub(w.now)) / float64(c.NotAfter.Sub(c.NotBefore))
}

// authorities reads all authorities, makes the first, and the next one when it is time. All that have not ended are trusted; the oldest
// signs as long as what it signs can be renewed twice before it ends.
func (w *writer) authorities() error {
	var living []*authority
	n, made := 1, false
	for ; ; n++ {
		a, err := readAuthority(w.authority(n))
		if err != nil {
			return err
		}
		if a == nil {
			break
		}
		if w.now.Before(a.cert.NotAfter) {
			living = append(living, a)
		}
	}
	if len(living) == 0 || w.renew && len(living) == 1 && w.left(living[0].cert) < 0.5 {
		certPath, keyPath := w.authority(n)
		a, err := newAuthority(certPath, keyPath, w.now)
		if err != nil {
			return err
		}
		living, made = append(living, a), true
	}
	w.ca = living[0]
	if w.ca.cert.NotAfter.Sub(w.now) < 2*time.Duration(w.plan.Days)*day {
		w.ca = living[len(living)-1]
	}
	for _, a := range living {
		w.roots = append(w.roots, pemOf(a.cert)...)
	}
	w.certs = append(w.certs, Change{"ca", w.dir, living[len(living)-1].cert.NotAfter, made})
	return write(w.path("ca.pem"), w.roots)
}

func (w *writer) authority(n int) (certPath, keyPath string) {
	name := w.path(fmt.Sprintf("ca-%d", n))
	return name + ".pem", name + ".key"
}

// keep tells whether a certificate can stay: it names what it shall name, somebody who is trusted signed it, and it is not to be renewed.
func (w *writer) keep(c, want *x509.Certificate) bool {
	if c == nil || w.renew && w.left(c) < 1./3 {
		return false
	}
	ips := func(list []net.IP) (texts []string) {
		for _, ip := range list {
			texts = append(texts, ip.String())
		}
		return texts
	}
	uris := func(list []*url.URL) (texts []string) {
		for _, u := range list {
			texts = append(texts, u.String())
		}
		return texts
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(w.roots)
	_, err := c.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: c.NotBefore, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	return err == nil && slices.Equal(c.DNSNames, want.DNSNames) && slices.Equal(ips(c.IPAddresses), ips(want.IPAddresses)) &&
		slices.Equal(uris(c.URIs), uris(want.URIs))
}

// leaf keeps or makes one certificate, and what its owner trusts.
func (w *writer) leaf(who, folder string, t *x509.Certificate) error {
	if err := file.MkdirAll(folder); err != nil {
		return err
	}
	certPath, keyPath := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	c, err := certificate(certPath)
	if err != nil {
		return err
	}
	_, err = tls.LoadX509KeyPair(certPath, keyPath)
	made := err != nil || !w.keep(c, t)
	if made {
		a, err := issue(w.ca, t, certPath, keyPath)
		if err != nil {
			return err
		}
		c = a.cert
	}
	w.certs = append(w.certs, Change{who, folder, c.NotAfter, made})
	return write(filepath.Join(folder, "ca.pem"), w.roots)
}

// write leaves a file alone that is as it shall be.
func write(path string, data []byte) error {
	if b, err := file.Read(path); err == nil && bytes.Equal(b, data) {
		return nil
	}
	return file.WriteBytes(path, data)
}

// server is the certificate of servers: of clients' connections, and of routes between them.
func (w *writer) server() error {
	t, err := template("server", "", w.now, w.plan.Days)
	if err != nil {
		return err
	}
	for _, h := range w.plan.Hosts {
		if ip := net.ParseIP(h); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, h)
		}
	}
	t.KeyUsage = x509.KeyUsageDigitalSignature
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	return w.leaf("server", w.path("server"), t)
}

func (w *writer) member(m Member) error {
	t, err := template(m.Name, m.Site, w.now, w.plan.Days)
	if err != nil {
		return err
	}
	u, err := url.Parse(m.URI())
	if err != nil {
		return err
	}
	t.URIs, t.KeyUsage, t.ExtKeyUsage = []*url.URL{u}, x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	return w.leaf(m.String(), w.folder(m), t)
}
