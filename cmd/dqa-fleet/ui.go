package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/metrics"
	"github.com/dqa-go/dqa/fleet/rollout"
	"github.com/dqa-go/dqa/fleet/ui"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/spf13/cobra"
)

func (a *app) ui() *cobra.Command {
	var (
		opt     ui.Options
		address string
	)
	cmd := &cobra.Command{
		Use:   "ui",
		Short: "show a fleet on a page, and to Prometheus, while it works",
		Long: `ui serves a page of devices, gateways, versions, links, drift and roll-outs, and follows what they tell. It asks nothing of any
other machine than the fleet's server, and changes nothing. /state.json has what the page shows, /metrics what all members tell of
themselves: for devices that Prometheus cannot reach. It listens on the loopback interface unless --listen says otherwise; the page has
no password.`,
		Example: "  dqa-fleet ui --server tls://dqa.example.org:4222 --member fleet/sites/north/viewer",
		Args:    cli.ExactArgs(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.runUI(cmd.Context(), address, opt) },
	}
	a.linkFlags(cmd)
	f := cmd.Flags()
	f.StringVar(&address, "listen", "127.0.0.1:8642", "where the page is served: HOST:PORT")
	f.StringVar(&opt.Title, "title", "Fleet", "of the page")
	f.StringSliceVar(&opt.Hosts, "host", nil, "names that the page may be asked for by, besides addresses and localhost")
	return cmd
}

// page is where it is.
type page struct {
	URL string `json:"url"`
}

func (p page) WriteText(w io.Writer) error {
	_, err := fmt.Fprintf(w, "the page is at %s; Ctrl-C ends it\n", p.URL)
	return err
}

func (a *app) runUI(ctx context.Context, address string, opt ui.Options) error {
	w, err := listen(address)
	if err != nil {
		return err
	}
	defer w.close()
	a.link.Name, a.link.Patient, a.link.Changed = "ui", true, a.tellLink
	if a.member.Name != "" {
		a.link.Name = a.member.Name
	}
	l, err := link.Connect(ctx, a.link)
	if err != nil {
		return err
	}
	defer l.Close()
	from := &linked{l: l}
	mux := http.NewServeMux()
	health := metrics.New(from.now, from.ready).Handler()
	for _, path := range []string{"/metrics", "/healthz", "/readyz"} {
		mux.Handle(path, health)
	}
	mux.Handle("/", ui.Handler(from, opt))
	w.serve(mux)
	p := page{"http://" + w.listener.Addr().String() + "/"}
	if err := a.Print(a.Out, p, p.WriteText); err != nil {
		return err
	}
	<-ctx.Done()
	return context.Cause(ctx)
}

// linked is the page's source: what the fleet's server has.
type linked struct {
	l       *link.Link
	mu      sync.Mutex
	journal []rollout.Event // read so far
}

func (s *linked) Statuses(ctx context.Context) ([]link.Status, error) { return s.l.Statuses(ctx) }

func (s *linked) now() []link.Status {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	list, _ := s.l.Statuses(ctx) // readyz says why there are none
	return list
}

func (s *linked) ready() error {
	if !s.l.Conn.IsConnected() {
		return link.ErrConnect
	}
	return nil
}
