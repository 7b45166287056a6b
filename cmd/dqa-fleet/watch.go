package main

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/metrics"
	"github.com/spf13/cobra"
)

func metricsFlag(cmd *cobra.Command, address *string) {
	cmd.Flags().StringVar(address, "metrics", "", "HOST:PORT to show /metrics, /healthz and /readyz on (default: nowhere)")
}

// watch shows metrics, or nothing where no address was given.
type watch struct {
	listener net.Listener
	shown    atomic.Pointer[metrics.Exporter]
	end      context.CancelFunc
	served   sync.WaitGroup
}

// listen opens the address before work begins; show begins to answer.
func listen(address string) (*watch, error) {
	w := &watch{end: func() {}}
	if address == "" {
		return w, nil
	}
	var err error
	w.listener, err = metrics.Listen(address)
	return w, err
}

func (w *watch) observe(d time.Duration) { w.shown.Load().Observe(d) }

func (w *watch) show(status func() link.Status) {
	if w.listener == nil {
		return
	}
	e := metrics.Of(status)
	w.shown.Store(e)
	w.serve(e.Handler())
}

func (w *watch) serve(h http.Handler) {
	ctx, cancel := context.WithCancel(context.Background())
	w.end = cancel
	w.served.Go(func() { _ = metrics.Serve(ctx, w.listener, h) }) // metrics that fail end nobody's work
}

func (w *watch) close() {
	w.end()
	w.served.Wait()
	if w.listener != nil {
		_ = w.listener.Close()
	}
}
