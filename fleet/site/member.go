package site

import (
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Folder is a member's own, as it lies on the member's machine.
type Folder struct {
	Member
	Expires time.Time
	Soon    bool // less than a third of the certificate's time is left
}

// ReadMember tells whose folder it is, by its certificate. The role is known of devices and gateways only, by what else lies there.
// Errors wrap ErrPlan and those of opening files.
func ReadMember(dir string) (Folder, error) {
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	if err != nil {
		return Folder{}, fmt.Errorf("%w: %s: %w", ErrPlan, dir, err)
	}
	c := pair.Leaf
	if len(c.URIs) != 1 {
		return Folder{}, fmt.Errorf("%w: %s: the certificate names no member", ErrPlan, dir)
	}
	m, err := ParseMember(strings.TrimPrefix(c.URIs[0].String(), "dqa://"), "")
	if err != nil {
		return Folder{}, fmt.Errorf("%w: %s: %w", ErrPlan, dir, err)
	}
	for name, role := range map[string]Role{FramesKey: Device, DeviceKeys: Gateway} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			m.Role = role
		}
	}
	left := float64(time.Until(c.NotAfter)) / float64(c.NotAfter.Sub(c.NotBefore))
	return Folder{m, c.NotAfter, left < 1./3}, nil
}
