package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// Progress shows how far long work is: a bar in a terminal, else a line every ten seconds.
type Progress struct {
	w     io.Writer
	bar   *progressbar.ProgressBar
	phase string
	first int // where this run began: more than 0 after a resume
	start time.Time
	last  time.Time
}

// NewProgress returns nil when nothing is to be shown; all methods work on nil. It ends when a result is printed or the program ends.
func (a *App) NewProgress() *Progress {
	if a.Quiet {
		return nil
	}
	a.bar = &Progress{w: a.Err}
	return a.bar
}

const plainInterval = 10 * time.Second

// Report is told after every step; unit is what is counted.
func (p *Progress) Report(phase, unit string, done, total int) {
	if p == nil {
		return
	}
	if phase != p.phase {
		p.begin(phase, unit, done, total)
	}
	if p.bar != nil {
		_ = p.bar.Set(done - p.first) // only fails on its own output
		return
	}
	if now := time.Now(); done < total && now.Sub(p.last) >= plainInterval {
		p.last = now
		fmt.Fprintf(p.w, "%s: %d of %d %s%s\n", phase, done, total, unit, p.left(now, done, total))
	}
}

// left is what the rate since the beginning of this run says.
func (p *Progress) left(now time.Time, done, total int) string {
	if done <= p.first {
		return ""
	}
	left := now.Sub(p.start).Seconds() / float64(done-p.first) * float64(total-done)
	return fmt.Sprintf(", %s left", time.Duration(left*float64(time.Second)).Round(time.Second))
}

func (p *Progress) begin(phase, unit string, done, total int) {
	p.Finish()
	p.phase, p.start, p.last, p.first = phase, time.Now(), time.Now(), 0
	if done > 1 {
		p.first = done
	}
	if IsTerminal(p.w) {
		p.bar = progressbar.NewOptions(total-p.first, progressbar.OptionSetWriter(p.w), progressbar.OptionSetDescription(phase),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString(unit),
			progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
	}
}

// FinishProgress ends what NewProgress has begun, for what is printed otherwise than by Print.
func (a *App) FinishProgress() { a.bar.Finish() }

// Finish removes the bar.
func (p *Progress) Finish() {
	if p == nil {
		return
	}
	p.phase = ""
	if p.bar != nil {
		_ = p.bar.Finish()
		p.bar = nil
	}
}
