package main

import (
	"fmt"
	"io"
	"net"
	"strconv"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/spf13/cobra"
)

// served is where a server listens.
type served struct {
	URL string `json:"url"`
	Dir string `json:"dir"`
}

func (s served) WriteText(w io.Writer) error {
	_, err := fmt.Fprintf(w, "listening on %s, streams in %s; Ctrl-C ends it\n", s.URL, s.Dir)
	return err
}

func (a *app) serve() *cobra.Command {
	var (
		opt    link.ServerOptions
		listen string
	)
	cmd := &cobra.Command{
		Use:   "serve DIR",
		Short: "run a server that keeps its streams in a folder",
		Long: `serve runs a NATS server with JetStream inside this program, until a signal ends it. It listens on the loopback interface
unless --listen says otherwise: elsewhere give it accounts and TLS by a configuration of nats-server's own format (--server-config).`,
		Example: "  dqa-fleet serve streams\n  dqa-fleet serve streams --server-config site.conf",
		Args:    cli.ExactArgs("the folder"),
		RunE: func(cmd *cobra.Command, args []string) error {
			host, port, err := net.SplitHostPort(listen)
			if err == nil {
				opt.Port, err = strconv.Atoi(port)
			}
			if err != nil {
				return cli.Usage(cmd, fmt.Errorf("--listen %s: HOST:PORT expected", listen))
			}
			if opt.Host = host; opt.Config != "" && !cmd.Flags().Changed("listen") {
				opt.Host, opt.Port = "", 0
			}
			s, err := link.Start(args[0], opt)
			if err != nil {
				return err
			}
			defer s.Stop()
			v := served{s.URL(), args[0]}
			if err := a.Print(a.Out, v, v.WriteText); err != nil {
				return err
			}
			<-cmd.Context().Done()
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&listen, "listen", "127.0.0.1:4222", "where clients connect: HOST:PORT")
	f.StringVar(&opt.Config, "server-config", "", "file of nats-server's own format: accounts, TLS, limits, where to listen")
	return cmd
}
