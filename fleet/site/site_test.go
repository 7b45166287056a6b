package site_test

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/site"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

const day = 24 * time.Hour

// member is one as command lines name it.
func member(t *testing.T, text string, role site.Role) site.Member {
	t.Helper()
	m, err := site.ParseMember(text, role)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func initialize(t *testing.T, dir string, opt site.Options) *site.Report {
	t.Helper()
	r, err := site.Init(dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// made are those whose certificates are new.
func made(r *site.Report) (who []string) {
	for _, c := range r.Certs {
		if c.New {
			who = append(who, c.Who)
		}
	}
	return who
}

func TestInitIsIdempotentAndGrows(t *testing.T) {
	dir := t.TempDir()
	r := initialize(t, dir, site.Options{})
	if want := []string{"ca", "server", "main/gateway", "main/operator", "main/viewer"}; !slices.Equal(made(r), want) {
		t.Errorf("at first: %q", made(r))
	}
	before := contents(t, dir)
	if r := initialize(t, dir, site.Options{}); len(made(r)) > 0 {
		t.Errorf("again: %q", made(r))
	}
	if after := contents(t, dir); len(after) != len(before) {
		t.Errorf("%d files, then %d", len(before), len(after))
	} else {
		for name, text := range before {
			if after[name] != text {
				t.Errorf("%s has changed", name)
			}
		}
	}
	r = initialize(t, dir, site.Options{Sites: []string{"b"}, Add: []site.Member{member(t, "main/cam-1", site.Device)}})
	if want := []string{"b/gateway", "b/operator", "b/viewer", "main/cam-1"}; !slices.Equal(made(r), want) {
		t.Errorf("more: %q", made(r))
	}
	r = initialize(t, dir, site.Options{Hosts: []string{"dqa.example"}})
	if !slices.Equal(made(r), []string{"server"}) {
		t.Errorf("another host: %q", made(r))
	}
	r = initialize(t, dir, site.Options{Remove: []site.Member{member(t, "main/cam-1", "")}})
	if _, err := os.Stat(filepath.Join(dir, "sites", "main", "cam-1")); !errors.Is(err, fs.ErrNotExist) || !slices.Equal(r.Removed, []string{"main/cam-1"}) {
		t.Errorf("removed %q, %v", r.Removed, err)
	}
	if b := contents(t, dir)["server.conf"]; strings.Contains(b, "cam-1") || !strings.Contains(b, "dqa://b/gateway") {
		t.Error("the configuration has other members: ", b)
	}
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[name] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// Keys can be read by their owner alone, and no folder of a member holds what another one's secret is.
func TestKeysAreSecret(t *testing.T) {
	dir := t.TempDir()
	initialize(t, dir, site.Options{Add: []site.Member{member(t, "a/cam", site.Device)}})
	n := 0
	for name := range contents(t, dir) {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "key.pem") || strings.HasSuffix(name, ".key") {
			n++
			if info.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %v", name, info.Mode())
			}
		}
	}
	if n != 8 { // authority, server, three members, the gateway's two, the device's two
		t.Errorf("%d keys", n)
	}
	gateway, err := os.ReadDir(filepath.Join(dir, "sites", "a", "gateway"))
	if err != nil || len(gateway) != 6 {
		t.Errorf("the gateway's folder: %v, %v", gateway, err)
	}
}

func TestWrongSettings(t *testing.T) {
	dir := t.TempDir()
	initialize(t, dir, site.Options{})
	for name, opt := range map[string]site.Options{
		"a site's name":    {Sites: []string{"a.b"}},
		"a role":           {Add: []site.Member{{Site: "main", Name: "x", Role: "king"}}},
		"another role":     {Add: []site.Member{{Site: "main", Name: "gateway", Role: site.Device}}},
		"nobody to remove": {Remove: []site.Member{{Site: "main", Name: "x"}}},
		"a path":           {Remove: []site.Member{{Site: "..", Name: ".."}}},
		"days":             {Days: 100000},
		"streams":          {Store: 1},
		"an address":       {Listen: "here"},
		"a quote":          {Hosts: []string{`a" b`}},
		"a variable":       {At: "$HOME"},
	} {
		if _, err := site.Init(dir, opt); !errors.Is(err, link.ErrSetting) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, text := range []string{"", "a", "a/", "/b", "a/b/c"} {
		if _, err := site.ParseMember(text, site.Device); !errors.Is(err, link.ErrSetting) {
			t.Errorf("member %q: %v", text, err)
		}
	}
	for name, text := range map[string]string{
		"fleet.json": "{", "ca-1.pem": "nothing", "ca-1.key": "nothing", "server/cert.pem": "nothing",
	} {
		dir := t.TempDir()
		initialize(t, dir, site.Options{})
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := site.Init(dir, site.Options{}); !errors.Is(err, site.ErrPlan) {
			t.Errorf("damaged %s: %v", name, err)
		}
	}
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "fleet.json"), []byte(`{"version":9}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := site.Init(other, site.Options{}); !errors.Is(err, site.ErrPlan) {
		t.Errorf("version 9: %v", err)
	}
}

// A fleet that is renewed every 45 days for twelve years: at every moment every member trusts the server's certificate and is trusted, also
// when its files are three months old, and no certificate that is in use has ended.
func TestRenewal(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	begin := now
	clock := func() time.Time { return now }
	initialize(t, dir, site.Options{Now: clock, Days: 365})
	type issued struct {
		at          time.Time
		server, man *x509.Certificate
		roots       *x509.CertPool
	}
	var history []issued
	authorities := map[string]bool{}
	for now.Sub(begin) < 12*365*day {
		r := initialize(t, dir, site.Options{Renew: true, Now: clock})
		files := contents(t, dir)
		i := issued{now, parse(t, files["server/cert.pem"]), parse(t, files["sites/main/gateway/cert.pem"]), x509.NewCertPool()}
		i.roots.AppendCertsFromPEM([]byte(files["sites/main/gateway/ca.pem"]))
		history = append(history, i)
		authorities[i.server.Issuer.CommonName] = true
		for _, old := range history {
			if now.Sub(old.at) > 90*day { // it was not brought what is new, and is not over yet
				continue
			}
			for who, c := range map[string][2]issued{"an old member the server": {old, i}, "an old server the member": {i, old}} {
				for _, cert := range []*x509.Certificate{c[1].server, c[1].man} {
					if _, err := cert.Verify(x509.VerifyOptions{Roots: c[0].roots, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
						t.Fatalf("after %v does not trust: %s: %v", now.Sub(begin), who, err)
					}
				}
			}
		}
		if len(history) == 2 && len(made(r)) > 0 {
			t.Errorf("renewed after 45 days: %q", made(r))
		}
		now = now.Add(45 * day)
	}
	if len(authorities) < 2 {
		t.Errorf("only %d authorities in twelve years", len(authorities))
	}
}

func parse(t *testing.T, text string) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		t.Fatalf("no certificate: %q", text)
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
