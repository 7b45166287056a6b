package registry

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/profile"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Kind is what a target is.
type Kind string

// Kinds.
const (
	Model   Kind = "model"   // an ONNX network
	Profile Kind = "profile" // of a network: the model's digest says of which
	Binary  Kind = "binary"  // a program
)

// ParseKind reads a kind. Errors wrap ErrRequest.
func ParseKind(s string) (Kind, error) {
	switch k := Kind(s); k {
	case Model, Profile, Binary:
		return k, nil
	}
	return "", fmt.Errorf("%w: kind %q: model, profile or binary", ErrRequest, s)
}

// Target is a file that is released.
type Target struct {
	Name   string `json:"name"`           // KIND/NAME, or sites/SITE/KIND/NAME
	Site   string `json:"site,omitempty"` // whose keys have signed it; "": the fleet's
	Length int64  `json:"length"`
	Digest string `json:"sha256"` // of the file, hex
	Custom
}

// Custom is what a target says of itself, signed with the rest.
type Custom struct {
	Kind   Kind   `json:"kind"`
	Model  string `json:"model,omitempty"`  // SHA-256 of the network, hex: a model's own, a profile's network's
	Format int    `json:"format,omitempty"` // of a profile: its schema version
	Tool   string `json:"tool,omitempty"`   // version of the program that made a profile, of a binary itself
}

var (
	baseForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$`)
	siteForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	hexForm  = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// targetName is the name of a file as a target. Errors wrap ErrRequest.
func targetName(base string, kind Kind, site string) (string, error) {
	if !baseForm.MatchString(base) {
		return "", fmt.Errorf("%w: name %q: letters, digits, '.', '_', '+' and '-', 128 at most", ErrRequest, base)
	}
	if site == "" {
		return string(kind) + "/" + base, nil
	}
	return "sites/" + site + "/" + string(kind) + "/" + base, nil
}

// checkSite refuses names of sites that are not names, or are roles. Errors wrap ErrRequest.
func checkSite(site string) error {
	if !siteForm.MatchString(site) || isTop(site) {
		return fmt.Errorf("%w: site %q: letters, digits, '_' and '-', 64 at most, and no role's name", ErrRequest, site)
	}
	return nil
}

func isTop(role string) bool {
	switch role {
	case metadata.ROOT, metadata.TARGETS, metadata.SNAPSHOT, metadata.TIMESTAMP:
		return true
	}
	return false
}

// Describe reads a file and says what it is as a target of a kind. Errors are those of reading it, and of parsing a profile.
func Describe(path string, kind Kind, site, tool string) (Target, error) {
	name, err := targetName(filepath.Base(path), kind, site)
	if err != nil {
		return Target{}, err
	}
	t := Target{Name: name, Site: site, Custom: Custom{Kind: kind}}
	if kind == Profile {
		b, err := file.Read(path)
		if err != nil {
			return Target{}, err
		}
		sum := sha256.Sum256(b)
		t.Length, t.Digest = int64(len(b)), hex.EncodeToString(sum[:])
		t.Custom, err = customOf(b)
		if err != nil {
			return Target{}, fmt.Errorf("%s: %w", path, err)
		}
		return t, nil
	}
	if t.Length, t.Digest, err = digestOf(path); err != nil {
		return Target{}, err
	}
	if kind == Model {
		t.Model = t.Digest
	} else {
		t.Tool = tool
	}
	return t, nil
}

// customOf is what a profile's bytes say of themselves.
func customOf(b []byte) (Custom, error) {
	p, err := profile.Parse(b)
	if err != nil {
		return Custom{}, err
	}
	return Custom{Profile, hex.EncodeToString(p.Network.Digest[:]), p.SchemaVersion(), p.Tool}, nil
}

// digestOf is the length and the digest of a file.
func digestOf(path string) (int64, string, error) {
	f, err := file.Open(path)
	if err != nil {
		return 0, "", err
	}
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err := errors.Join(err, f.Close()); err != nil {
		return 0, "", err
	}
	return n, hex.EncodeToString(h.Sum(nil)), nil
}

// file is the target as metadata has it.
func (t Target) file() (*metadata.TargetFiles, error) {
	sum, err := hex.DecodeString(t.Digest)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(t.Custom)
	if err != nil {
		return nil, err
	}
	raw := json.RawMessage(b)
	return &metadata.TargetFiles{Length: t.Length, Hashes: metadata.Hashes{"sha256": sum}, Custom: &raw}, nil
}

// targetOf is the target that trusted metadata names; role is who signed it. Errors wrap ErrUntrusted: what is signed may still be
// nonsense.
func targetOf(name, role string, f *metadata.TargetFiles) (Target, error) {
	wrong := func(what string) (Target, error) {
		return Target{}, fmt.Errorf("%w: target %q: %s", ErrUntrusted, name, what)
	}
	if f == nil || f.Length < 0 {
		return wrong("no length")
	}
	t := Target{Name: name, Length: f.Length, Digest: hex.EncodeToString(f.Hashes["sha256"])}
	if role != metadata.TARGETS {
		t.Site = role
	}
	if !hexForm.MatchString(t.Digest) {
		return wrong("no SHA-256")
	}
	if f.Custom == nil || len(*f.Custom) > maxCustom || json.Unmarshal(*f.Custom, &t.Custom) != nil {
		return wrong("it does not say what it is")
	}
	base := name[strings.LastIndexByte(name, '/')+1:]
	if _, err := ParseKind(string(t.Kind)); err != nil {
		return wrong("of no known kind")
	}
	if want, err := targetName(base, t.Kind, t.Site); err != nil || want != name {
		return wrong("its name is not one of " + or(t.Site, "the fleet") + "'s " + string(t.Kind) + "s")
	}
	if t.Kind != Binary && !hexForm.MatchString(t.Model) {
		return wrong("no digest of a model")
	}
	return t, nil
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
