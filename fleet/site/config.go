package site

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	texttemplate "text/template"

	"github.com/dqa-go/dqa/fleet/link"
)

//go:embed server.conf.tmpl
var configText string

var configTemplate = texttemplate.Must(texttemplate.New("server.conf").Funcs(texttemplate.FuncMap{
	"quote": func(s string) string { return `"` + s + `"` }, // check has refused what would need more
	"list":  func(subjects []string) string { return `["` + strings.Join(subjects, `", "`) + `"]` },
}).Parse(configText))

// account is a site as the configuration has it.
type account struct {
	Name                                 string
	Store                                int64
	Streams, Consumers, Connections, Max int
	Users                                []user
}

type user struct {
	URI                string
	Publish, Subscribe []string
}

// Quotas of a site beyond its bytes on disk.
const (
	maxStreams = 16
	memory     = 16 << 20 // bytes of streams in memory: the server needs some for consumers, we have none
	// A device has consumers for moments, while it reads the registry; a gateway one per cut and format.
	consumersPerMember = 8
	consumersBesides   = 256
	// A member that is started again may be connected twice for a while.
	connectionsPerMember = 4
)

// config is the server's configuration.
func (p *plan) config() ([]byte, error) {
	var accounts []account
	for _, site := range slices.Sorted(maps.Keys(p.Sites)) {
		n := len(p.Sites[site])
		a := account{site, p.Store, maxStreams, n*consumersPerMember + consumersBesides, n * connectionsPerMember, link.MaxPayload, nil}
		for _, m := range p.members() {
			if m.Site == site {
				publish, subscribe := permissions(m)
				a.Users = append(a.Users, user{m.URI(), publish, subscribe})
			}
		}
		accounts = append(accounts, a)
	}
	var b bytes.Buffer
	err := configTemplate.Execute(&b, map[string]any{
		"Listen": p.Listen, "Server": path.Join(p.At, "server"), "Accounts": accounts, "Memory": memory * len(p.Sites), "SiteMemory": memory,
		"Store": p.Store * int64(len(p.Sites)), "MaxPayload": link.MaxPayload,
	})
	return b.Bytes(), err
}

// all writes the whole folder: what members need first, the configuration that lets them in last.
func (w *writer) all() error {
	if err := w.authorities(); err != nil {
		return err
	}
	if err := w.server(); err != nil {
		return err
	}
	for _, m := range w.plan.members() {
		if err := w.member(m); err != nil {
			return err
		}
	}
	if err := w.signingKeys(); err != nil {
		return err
	}
	text, err := json.MarshalIndent(w.plan, "", "  ")
	if err != nil {
		return err
	}
	if err := write(w.path(planName), append(text, '\n')); err != nil {
		return err
	}
	config, err := w.plan.config()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPlan, err)
	}
	return write(w.path("server.conf"), config)
}
