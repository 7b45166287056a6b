package device

import (
	"context"
	"encoding/hex"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dqa-go/dqa/fleet/gateway"
	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/session"
)

// counts are what a device has done.
type counts struct {
	duplicates atomic.Int64
	forged     atomic.Int64
	mu         sync.Mutex
	link.Counters
	latency   link.Latencies
	accepting time.Duration
	drift     *link.Drift
	looked    time.Time // when drift was looked at
}

// alarm counts one of drift.
func (c *counts) alarm() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Alarms++
	c.looked = time.Time{} // look again, to tell which edges
}

// driftEvery is how often a stream's drift is summed up for statuses.
const driftEvery = time.Second

// maxEdges bounds the edges that a status names.
const maxEdges = 3

// watched takes what has been found, now and then; found nil: nothing is watched yet.
func (c *counts) watched(found func() *session.Drift) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if found == nil {
		c.drift = nil
		return
	}
	if time.Since(c.looked) < driftEvery {
		return
	}
	c.looked = time.Now()
	f := found()
	if f == nil {
		return
	}
	c.drift = &link.Drift{Images: int64(f.Images), Statistic: f.Statistic}
	for i, e := range f.Edges {
		c.drift.Excess += e.Excess / float64(len(f.Edges))
		if f.Raised && i < maxEdges {
			c.drift.Edges = append(c.drift.Edges, e.Name)
		}
	}
	if n := len(f.Alarms); n > 0 && f.Raised {
		c.drift.Alarm = string(f.Alarms[n-1].Like)
	}
}

func (c *counts) accept(bytes int, values int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Accepted++
	c.Bytes += int64(bytes)
	c.Values += values
}

// overhead is what accepting took beyond head and encoding.
func (c *counts) overhead(took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.accepting += took
}

func (c *counts) send(again, cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Sent++
	if again {
		c.Resent++
	}
	if cut {
		c.Cut++
	}
}

func (c *counts) answer(a Answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch a.Outcome {
	case Answered:
		c.Answered++
	case Local:
		c.Local++
	case Refused:
		c.Refused++
	case Lost:
		c.Lost++
	}
	c.latency.Add(a.Latency)
}

// Status is what the device tells of itself.
func (d *Device) Status() link.Status {
	h := d.head.Load()
	s := link.Status{
		Name: d.opt.Name, Role: link.RoleDevice, Time: time.Now(), Started: d.started, Program: session.Version, Formats: []int{d.opt.Format},
		ProfileFormats: link.ProfileFormats(), Model: h.Model, Profile: hex.EncodeToString(h.Profile[:]),
		Cut: gateway.CutOf(h.Ends).String(), Edge: h.Ends.Edge(), Linked: d.link.Conn.IsConnected(),
	}
	s.Queued, s.Bytes, _ = d.box.Usage()
	c := &d.counts
	c.mu.Lock()
	defer c.mu.Unlock()
	s.Counters, s.Latency, s.Drift = c.Counters, c.latency.Quantiles(), c.drift
	s.Counters.Duplicates, s.Counters.Forged = c.duplicates.Load(), c.forged.Load()
	return s
}

// Overhead is what accepting frames took per frame, beyond head and encoding: building the message, the disk, handing it on.
func (d *Device) Overhead() time.Duration {
	c := &d.counts
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.accepting / time.Duration(max(c.Accepted, 1))
}

// telling tells the device's status again and again.
func (d *Device) telling() {
	tick := time.NewTicker(d.opt.Tell)
	defer tick.Stop()
	for {
		ctx, cancel := context.WithTimeout(d.ctx, d.opt.Tell)
		if d.link.Conn.IsConnected() {
			_ = d.link.Tell(ctx, d.Status()) // the next one may get through
		}
		cancel()
		select {
		case <-tick.C:
		case <-d.ctx.Done():
			return
		}
	}
}
