// Package site makes what a fleet needs to be safe on a network that others use, too: certificates for servers and members, a server's
// configuration with an account per site and subjects per member, and keys that devices sign frames with.
//
// A site is an account of the server: its streams, subjects and quotas are its own, and nothing of another site can be named in it. A
// member (device, gateway, operator or viewer) is known by its certificate, never by a password, and may use the subjects of its role
// alone. docs/THREATS.md says against whom that helps.
package site

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/internal/file"
)

// Errors. Those of files wrap file.ErrRead and file.ErrWrite, of names and other settings link.ErrSetting.
var (
	ErrPlan    = errors.New("no fleet's folder, or a damaged one")
	ErrForeign = errors.New("a message is not what its sender signed")
)

// Role is what a member is for.
type Role string

// Roles.
const (
	Device   Role = "device"   // sends its own frames, reads its own answers and what is rolled out
	Gateway  Role = "gateway"  // reads all frames of the site and answers them
	Operator Role = "operator" // may do everything within the site: publish, roll out
	Viewer   Role = "viewer"   // reads statuses and what is rolled out
)

// Roles are all of them.
var Roles = []Role{Device, Gateway, Operator, Viewer}

// Member is somebody of a site. Names are unique within it.
type Member struct {
	Site string `json:"site"`
	Name string `json:"name"`
	Role Role   `json:"role,omitempty"`
}

func (m Member) String() string { return m.Site + "/" + m.Name }

// URI is how certificates name a member; the server finds its permissions by it.
func (m Member) URI() string { return "dqa://" + m.String() }

// ParseMember reads SITE/NAME. Errors wrap link.ErrSetting.
func ParseMember(text string, role Role) (Member, error) {
	site, name, ok := strings.Cut(text, "/")
	m := Member{site, name, role}
	if !ok {
		return m, fmt.Errorf("%w: member %q: SITE/NAME expected", link.ErrSetting, text)
	}
	return m, errors.Join(link.CheckName(site), link.CheckName(name))
}

// Options change a fleet's folder. The zero value writes again what is there.
type Options struct {
	Sites  []string // that shall be there; a new one has a gateway, an operator and a viewer
	Add    []Member
	Remove []Member // their certificates are refused from the server's next start on
	Hosts  []string // names and addresses of the server; nil: as before, at first localhost and the loopback addresses
	Listen string   // where the server shall listen, HOST:PORT; "": as before, at first 127.0.0.1:4222
	At     string   // the folder as the server sees it, in a container for instance; "": as before, at first the folder itself
	Days   int      // how long certificates of servers and members live; 0: as before, at first 365
	Store  int64    // bytes of streams of one site on disk; 0: as before, at first 4 GiB
	Renew  bool     // make certificates anew that have less than a third of their time left
	Now    func() time.Time
}

// plan is what the folder remembers.
type plan struct {
	Version int                        `json:"version"`
	Hosts   []string                   `json:"hosts"`
	Listen  string                     `json:"listen"`
	At      string                     `json:"at"`
	Days    int                        `json:"days"`
	Store   int64                      `json:"store"`
	Sites   map[string]map[string]Role `json:"sites"`
}

const (
	planName    = "fleet.json"
	planVersion = 1
	planLimit   = 8 << 20
	maxSites    = 64
	maxMembers  = 4096 // of a site
	maxDays     = 3650
)

// Bounds that a server has where nobody says otherwise.
const (
	defaultStore = 4 << 30
	defaultDays  = 365
)

// Change is what Init did for one certificate.
type Change struct {
	Who     string    `json:"who"`    // a member, "ca" or "server"
	Folder  string    `json:"folder"` // what it needs lies there
	Expires time.Time `json:"expires"`
	New     bool      `json:"new"` // made in this run
}

// Report is what a folder holds after Init.
type Report struct {
	Dir     string   `json:"dir"`
	Config  string   `json:"config"` // of the server
	Removed []string `json:"removed,omitempty"`
	Certs   []Change `json:"certificates"`
}

// Init makes a fleet's folder, or changes one. What is there stays: keys and certificates are made where they are missing, where their
// names changed, or where Options.Renew asks for it. Keys can be read by their owner alone. A member's folder is
// meant for its machine, server and server.conf for the server's; the rest, ca-1.key above all, leaves this one never.
func Init(dir string, opt Options) (*Report, error) {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if err := file.MkdirAll(dir); err != nil {
		return nil, err
	}
	unlock, err := file.Lock(filepath.Join(dir, "lock"))
	if err != nil {
		return nil, err
	}
	defer unlock()
	p, err := readPlan(dir)
	if err != nil {
		return nil, err
	}
	r := &Report{Dir: dir, Config: filepath.Join(dir, "server.conf")}
	if r.Removed, err = p.change(dir, opt); err != nil {
		return nil, err
	}
	w := &writer{dir: dir, plan: p, now: opt.Now(), renew: opt.Renew}
	if err := w.all(); err != nil {
		return nil, err
	}
	for _, m := range opt.Remove {
		if err := os.RemoveAll(w.folder(m)); err != nil {
			return nil, fmt.Errorf("%w: %w", file.ErrWrite, err)
		}
	}
	r.Certs = w.certs
	return r, nil
}

func readPlan(dir string) (*plan, error) {
	p := &plan{Version: planVersion, Hosts: []string{"localhost", "127.0.0.1", "::1"}, Listen: "127.0.0.1:4222", Days: defaultDays,
		Store: defaultStore, Sites: map[string]map[string]Role{}}
	b, err := file.ReadLimited(filepath.Join(dir, planName), planLimit)
	if errors.Is(err, os.ErrNotExist) {
		p.At, err = filepath.Abs(dir)
		return p, err
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, p); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrPlan, planName, err)
	}
	if p.Version != planVersion {
		return nil, fmt.Errorf("%w: %s has version %d, this program reads %d", ErrPlan, planName, p.Version, planVersion)
	}
	return p, p.check()
}

// check refuses what would not do in a configuration or a path.
func (p *plan) check() error {
	if len(p.Sites) > maxSites {
		return fmt.Errorf("%w: %d sites, at most %d", link.ErrSetting, len(p.Sites), maxSites)
	}
	for site, members := range p.Sites {
		if err := link.CheckName(site); err != nil {
			return err
		}
		if len(members) > maxMembers {
			return fmt.Errorf("%w: site %s has %d members, at most %d", link.ErrSetting, site, len(members), maxMembers)
		}
		for name, role := range members {
			if err := link.CheckName(name); err != nil {
				return err
			}
			if !slices.Contains(Roles, role) {
				return fmt.Errorf("%w: role %q of %s/%s", link.ErrSetting, role, site, name)
			}
		}
	}
	if p.Days < 1 || p.Days > maxDays {
		return fmt.Errorf("%w: certificates for %d days: 1 to %d", link.ErrSetting, p.Days, maxDays)
	}
	if p.Store < 1<<20 {
		return fmt.Errorf("%w: %d bytes of streams: a MiB at least", link.ErrSetting, p.Store)
	}
	if _, _, err := net.SplitHostPort(p.Listen); err != nil {
		return fmt.Errorf("%w: listen %q: HOST:PORT expected", link.ErrSetting, p.Listen)
	}
	for _, text := range append([]string{p.Listen, p.At}, p.Hosts...) {
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' || r == '$' }) {
			return fmt.Errorf("%w: %q: no quotes, backslashes or $ in names of hosts and folders", link.ErrSetting, text)
		}
	}
	return nil
}

// change applies options; removed are the members that there are no more.
func (p *plan) change(dir string, opt Options) (removed []string, err error) {
	if opt.Hosts != nil {
		p.Hosts = opt.Hosts
	}
	set(&p.Listen, opt.Listen)
	set(&p.At, opt.At)
	set(&p.Days, opt.Days)
	set(&p.Store, opt.Store)
	sites := opt.Sites
	for _, m := range opt.Add {
		sites = append(sites, m.Site)
	}
	if len(sites)+len(p.Sites) == 0 {
		sites = []string{"main"}
	}
	for _, s := range sites {
		if p.Sites[s] == nil {
			p.Sites[s] = map[string]Role{"gateway": Gateway, "operator": Operator, "viewer": Viewer}
		}
	}
	for _, m := range opt.Add {
		if was, there := p.Sites[m.Site][m.Name]; there && was != m.Role {
			return nil, fmt.Errorf("%w: %s is a %s already", link.ErrSetting, m, was)
		}
		p.Sites[m.Site][m.Name] = m.Role
	}
	for _, m := range opt.Remove {
		if _, there := p.Sites[m.Site][m.Name]; !there {
			return nil, fmt.Errorf("%w: no member %s in %s", link.ErrSetting, m, dir)
		}
		delete(p.Sites[m.Site], m.Name)
		removed = append(removed, m.String())
	}
	return removed, p.check()
}

func set[T comparable](at *T, v T) {
	var zero T
	if v != zero {
		*at = v
	}
}

// members are all of them, sorted.
func (p *plan) members() (list []Member) {
	for _, site := range slices.Sorted(maps.Keys(p.Sites)) {
		for _, name := range slices.Sorted(maps.Keys(p.Sites[site])) {
			list = append(list, Member{site, name, p.Sites[site][name]})
		}
	}
	return list
}
