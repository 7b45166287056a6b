package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/dqa-go/dqa/frame"
	"github.com/dqa-go/dqa/internal/cpu"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

func (a *app) version() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "version",
		Short: "version, formats and instruction set",
		Args:  exactArgs(),
		RunE: func(*cobra.Command, []string) error {
			info := map[string]any{
				"version": session.Version, "revision": revision(), "go": runtime.Version(),
				"platform":       runtime.GOOS + "/" + runtime.GOARCH,
				"isa":            cpu.ISA(),
				"profile_format": profile.Version, "frame_format": frame.Version,
			}
			return a.print(a.out, info, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "dqa %s (%s, %s, %s, %s)\nprofile format %d, frame format %d\n",
					session.Version, info["revision"], info["go"], info["platform"], info["isa"], profile.Version, frame.Version)
				return err
			})
		},
	}
	return cmd
}

// revision is the commit that the binary was built from, as far as Go knows.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown revision"
	}
	rev := "unknown revision"
	modified := ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			rev = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = "+changes"
		}
	}
	return rev + modified
}
