package main

import (
	"fmt"
	"io"

	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

func (a *app) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "version, formats and instruction set",
		Args:  cli.ExactArgs(),
		RunE: func(*cobra.Command, []string) error {
			v := session.NewAbout()
			return a.Print(a.Out, v, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "dqa %s (%s, %s, %s, %s)\nprofile format %d, frame format %d\n",
					v.Version, v.Revision, v.Go, v.Platform, v.ISA, v.ProfileFormat, v.FrameFormat)
				return err
			})
		},
	}
}
