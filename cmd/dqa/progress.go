package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress shows how far long work is: a bar in a terminal, else a line every ten seconds.
type progress struct {
	w     io.Writer
	bar   *progressbar.ProgressBar
	phase string
	start time.Time
	last  time.Time
}

// newProgress returns nil when nothing is to be shown; all methods work on nil.
func (a *app) newProgress() *progress {
	if a.quiet {
		return nil
	}
	return &progress{w: a.err}
}

const plainInterval = 10 * time.Second

// report is told after every step.
func (p *progress) report(phase string, done, total int) {
	if p == nil {
		return
	}
	if phase != p.phase {
		p.begin(phase, total)
	}
	if p.bar != nil {
		_ = p.bar.Set(done) // only fails on its own output
		return
	}
	if now := time.Now(); done < total && now.Sub(p.last) >= plainInterval {
		p.last = now
		left := time.Duration(float64(now.Sub(p.start)) / float64(done) * float64(total-done))
		fmt.Fprintf(p.w, "%s: %d of %d, %s left\n", phase, done, total, left.Round(time.Second))
	}
}

func (p *progress) begin(phase string, total int) {
	p.finish()
	p.phase, p.start, p.last = phase, time.Now(), time.Now()
	if f, ok := p.w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(p.w), progressbar.OptionSetDescription(phase),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("images"),
			progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
	}
}

// finish removes the bar.
func (p *progress) finish() {
	if p != nil && p.bar != nil {
		_ = p.bar.Finish()
		p.bar = nil
	}
}
