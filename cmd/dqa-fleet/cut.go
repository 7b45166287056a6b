package main

import (
	"fmt"

	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

// cutFlags name a network, its profile and where it is cut.
type cutFlags struct{ profile, at string }

func (c *cutFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&c.profile, "profile", "", "profile of the whole network (dqa calibrate)")
	f.StringVar(&c.at, "at", "", "edge behind which the network is cut: its name, or its number (dqa inspect)")
	cli.Required(cmd, "profile", "at")
}

// openCut opens a network with its profile and cuts it.
func (a *app) openCut(model string, c cutFlags) (*session.Ends, *profile.Profile, error) {
	b, err := a.ReadInput(c.profile, cli.ProfileMagic)
	if err != nil {
		return nil, nil, err
	}
	p, err := profile.Parse(b)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", c.profile, err)
	}
	opt := session.OptionsOf(p)
	opt.Lean, opt.Data.MaxMemory = true, int64(a.MaxMemory)
	net, err := session.Open(model, opt)
	if err != nil {
		return nil, nil, err
	}
	q, err := net.Bind(p)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", c.profile, err)
	}
	e, err := q.Ends(c.at)
	if err != nil {
		return nil, nil, fmt.Errorf("--at %s: %w", c.at, err)
	}
	return e, p, nil
}

// hostName is this machine's, as far as it can be a name on the link.
func hostName(name string) string {
	b := []byte(name)
	for i, c := range b {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-') {
			b[i] = '-'
		}
	}
	return string(b[:min(len(b), 40)])
}
