package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is a program that is started again and again.
type process struct {
	name, kind string
	args       []string
	program    string
	remember   func(kind string, mib float64)

	mu   sync.Mutex
	cmd  *exec.Cmd
	out  *output
	done chan struct{} // it has ended
	over bool          // by itself, with exit code 0
	err  error         // it has ended otherwise, and nobody did it
	hurt bool          // somebody is ending it
}

// output keeps the end of what a program says.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.b.Len() > 1<<20 {
		o.b.Reset()
	}
	return o.b.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// start starts the process, unless it runs.
func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		select {
		case <-p.done:
		default:
			return nil
		}
	}
	c := exec.Command(p.program, p.args...)
	if p.out == nil {
		p.out = &output{}
	}
	c.Stdout, c.Stderr = p.out, p.out
	if err := c.Start(); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	p.cmd, p.done, p.hurt, p.err = c, make(chan struct{}), false, nil
	go p.watch(c, p.done)
	return nil
}

// watch notes memory while the process lives, and how it ends.
func (p *process) watch(c *exec.Cmd, done chan struct{}) {
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.remember(p.kind, peak(c.Process.Pid))
		case err := <-ended:
			p.mu.Lock()
			switch {
			case p.hurt:
			case err != nil:
				p.err = fmt.Errorf("%s ended by itself: %w: %s", p.name, err, last(p.out.String()))
			default:
				p.over = true
			}
			p.mu.Unlock()
			close(done)
			return
		}
	}
}

// last are the last lines of a text.
func last(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-6):], " | ")
}

// peak is the most that a process ever had resident, in MiB.
func peak(pid int) float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	var kib float64
	_, _ = fmt.Sscan(rest, &kib)
	return kib / 1024
}

// end ends the process, by force or so that it may end by itself.
func (p *process) end(kill bool) {
	p.mu.Lock()
	done, c := p.done, p.cmd
	p.hurt = true
	p.mu.Unlock()
	if c == nil {
		return
	}
	signal := syscall.SIGTERM
	if kill {
		signal = syscall.SIGKILL
	}
	_ = c.Process.Signal(signal)
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		_ = c.Process.Kill()
		<-done
	}
}

// restart kills the process and starts it again, unless it has ended by itself.
func (p *process) restart() error {
	p.end(true)
	if p.finished() {
		return nil
	}
	return p.start()
}

func (p *process) finished() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.over
}

func (p *process) failed() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// noServer tells whether the process has ended because no server answered.
func (p *process) noServer() bool {
	const code = 9 // dqa-fleet's
	p.mu.Lock()
	defer p.mu.Unlock()
	var exit *exec.ExitError
	return errors.As(p.err, &exit) && exit.ExitCode() == code
}

func (p *process) said(what string) bool { return strings.Contains(p.out.String(), what) }
