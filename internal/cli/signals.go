package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/dqa-go/dqa/internal/file"
)

// grace is what work has to end by itself after the first signal.
const grace = 700 * time.Millisecond

// interruptible ends its context at Ctrl-C or SIGTERM. What has not ended a moment later (it may wait for a pipe), or at a
// second signal, ends as it is; files that are being written are not left behind.
func (a *App) interruptible(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	signals, done := make(chan os.Signal, 2), make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		var cause error
		select {
		case s := <-signals:
			cause = interrupted{s}
			cancel(cause)
		case <-done:
			return
		}
		select {
		case <-signals:
		case <-time.After(grace):
		case <-done:
			return
		}
		file.Abandon()
		os.Exit(a.Explain(cause))
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel(nil)
	}
}

// interrupted is a context.Canceled that says by what.
type interrupted struct{ signal os.Signal }

func (i interrupted) Error() string { return fmt.Sprintf("interrupted (signal: %v)", i.signal) }
func (interrupted) Unwrap() error   { return context.Canceled }
