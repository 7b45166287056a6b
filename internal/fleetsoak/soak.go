package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"time"
)

type options struct {
	program, dir              string
	frames, devices, gateways int
	kills, cuts, stops        int
	full                      bool
	length                    time.Duration
	seed                      uint64
	images                    int // a device's, sent as often as its share of the frames needs
	servers                   int
}

// result is what a soak came to.
type result struct {
	Frames     int      `json:"frames"`
	Answered   int      `json:"answered"`
	Lost       int      `json:"lost"`       // reported, by name
	Unreported int      `json:"unreported"` // neither answered nor reported
	Duplicates int      `json:"duplicates"` // answered more than once
	Wrong      int      `json:"wrong"`      // another answer than the whole network's
	Named      []string `json:"lost_frames,omitempty"`
	Kills      int      `json:"kills"`
	Cuts       int      `json:"cuts"`
	Stops      int      `json:"server_stops"`
	Rollout    string   `json:"rollout"` // of a second profile, in the midst of it
	Second     int      `json:"answered_by_second_profile"`
	Restarts   int      `json:"gateway_restarts"` // of gateways that found no server when they were started
	DiskFull   string   `json:"disk_full"`
	Seconds    float64  `json:"seconds"`
	Seed       uint64   `json:"seed"`
	// Memory is the most that any process of a kind ever had resident, in MiB.
	Memory map[string]float64 `json:"memory_mib"`
}

// failure tells what must not be.
func (r *result) failure() error {
	if r.Answered+r.Lost != r.Frames || r.Unreported+r.Duplicates+r.Wrong+r.Lost > 0 {
		return fmt.Errorf("%d of %d frames answered, %d lost, %d unreported, %d twice, %d wrong", r.Answered, r.Frames, r.Lost, r.Unreported,
			r.Duplicates, r.Wrong)
	}
	return nil
}

// fleet is what runs.
type fleet struct {
	options
	log      func(string, ...any)
	profiles []string // the one that devices are started with, and the one that is rolled out
	urls     string   // of the servers, by proxies
	proxies  []*proxy
	servers  []*process
	gateways []*process
	devices  []*process
	disk     *disk // of the first device; nil: none of its own
	result   result
	mu       sync.Mutex // of result
}

const maxImages = 1875 // of the demonstration's 2000

func soak(ctx context.Context, opt options, log func(string, ...any)) (*result, error) {
	if opt.servers == 0 {
		opt.servers = 3
	}
	share := opt.frames / opt.devices
	repeat := (share + maxImages - 1) / maxImages
	opt.images = share / repeat
	opt.frames = opt.images * repeat * opt.devices
	if opt.dir == "" {
		dir, err := os.MkdirTemp("", "fleetsoak-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		opt.dir = dir
	}
	f := &fleet{options: opt, log: log}
	f.result = result{Frames: opt.frames, Seed: opt.seed, Memory: map[string]float64{}, DiskFull: "not asked for", Rollout: "not begun"}
	wants, err := f.prepare(ctx)
	if err == nil {
		err = f.sign()
	}
	if err != nil {
		return nil, err
	}
	defer f.stopAll()
	begun := time.Now()
	if err := f.start(repeat); err != nil {
		return nil, err
	}
	err = f.torment(ctx)
	f.result.Seconds = time.Since(begun).Seconds()
	f.stopAll()
	if err != nil {
		return &f.result, err
	}
	return &f.result, f.check(wants, repeat)
}

// torment does what it has to, until all devices are done.
func (f *fleet) torment(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var work sync.WaitGroup
	each := func(n int, seed uint64, do func(r *rand.Rand, i int) error) {
		if n == 0 {
			return
		}
		work.Go(func() {
			r := rand.New(rand.NewPCG(f.seed, seed))
			pause := f.length * 9 / 10 / time.Duration(n)
			for i := range n {
				if !sleep(ctx, pause/2+time.Duration(r.Int64N(int64(pause)))) {
					return
				}
				if err := do(r, i); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	each(f.kills, 1, f.kill)
	each(f.cuts, 2, f.cut)
	each(f.stops, 3, func(_ *rand.Rand, i int) error { return f.stop(ctx, i) })
	if f.disk != nil {
		work.Go(func() { f.fill(ctx) })
	}
	work.Go(func() { f.rollOut(ctx, f.urls) })
	err := f.wait(ctx)
	cancel(nil)
	work.Wait()
	return err
}

// wait returns when every device has ended by itself.
func (f *fleet) wait(ctx context.Context) error {
	for {
		left := 0
		for _, d := range f.devices {
			if !d.finished() {
				left++
			}
		}
		if left == 0 {
			return nil
		}
		for _, p := range slices.Concat(f.devices, f.gateways, f.servers) {
			if err := p.failed(); err != nil && (p.kind != "gateway" || !p.noServer()) {
				return err
			} else if err != nil { // as whoever watches over services does
				f.log("%v", err)
				f.add(func(r *result) { r.Restarts++ })
				if err := p.start(); err != nil {
					return err
				}
			}
		}
		if !sleep(ctx, 50*time.Millisecond) {
			return errors.Join(context.Cause(ctx), fmt.Errorf("%d devices were not done", left))
		}
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// kill kills a gateway or a device that is at work, and starts it again.
func (f *fleet) kill(r *rand.Rand, _ int) error {
	all := slices.DeleteFunc(slices.Concat(f.devices, f.gateways), func(p *process) bool { return p.finished() })
	p := all[r.IntN(len(all))]
	f.add(func(v *result) { v.Kills++ })
	f.log("killing %s", p.name)
	return p.restart()
}

// cut cuts all links by one proxy, for a moment.
func (f *fleet) cut(r *rand.Rand, _ int) error {
	f.add(func(v *result) { v.Cuts++ })
	f.proxies[r.IntN(len(f.proxies))].cut(time.Duration(r.IntN(300)) * time.Millisecond)
	return nil
}

// stop stops the servers in turn: every other one is killed.
func (f *fleet) stop(ctx context.Context, i int) error {
	s := f.servers[i%len(f.servers)]
	f.add(func(v *result) { v.Stops++ })
	f.log("stopping %s", s.name)
	s.end(i%2 == 1)
	sleep(ctx, 3*time.Second)
	return s.start()
}

// fill fills the first device's disk, and makes room again.
func (f *fleet) fill(ctx context.Context) {
	if !sleep(ctx, f.length/3) {
		return
	}
	if err := f.disk.fill(); err != nil {
		f.add(func(v *result) { v.DiskFull = err.Error() })
		return
	}
	f.log("the disk of %s is full", f.devices[0].name)
	sleep(ctx, min(10*time.Second, f.length/4))
	seen := f.devices[0].said("no space left on device")
	f.disk.empty()
	f.log("the disk of %s has room again", f.devices[0].name)
	f.add(func(v *result) {
		if v.DiskFull = "yes"; !seen {
			v.DiskFull = "yes, and the device did not say so"
		}
	})
}

func (f *fleet) add(change func(*result)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.result)
}

// remember notes what a process had in memory.
func (f *fleet) remember(kind string, mib float64) {
	f.add(func(r *result) { r.Memory[kind] = max(r.Memory[kind], mib) })
}
