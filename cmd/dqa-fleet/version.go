package main

import (
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
			return a.Print(a.Out, v, v.WriteText)
		},
	}
}
