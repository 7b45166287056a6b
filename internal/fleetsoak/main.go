// Command fleetsoak runs a whole fleet on this machine and does to it what happens to fleets: servers of a cluster are stopped in turn,
// gateways and devices are killed, links are cut, a disk is full. In the end every frame must be answered once, as the whole quantized
// network answers it, or be reported lost by name.
//
//	go build -o bin/dqa-fleet ./cmd/dqa-fleet && go run ./internal/fleetsoak --program bin/dqa-fleet
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	opt := options{}
	flag.StringVar(&opt.program, "program", "bin/dqa-fleet", "the program")
	flag.StringVar(&opt.dir, "dir", "", "folder of everything (default: a temporary one)")
	flag.IntVar(&opt.frames, "frames", 30000, "of all devices together")
	flag.IntVar(&opt.devices, "devices", 8, "")
	flag.IntVar(&opt.gateways, "gateways", 2, "")
	flag.IntVar(&opt.kills, "kills", 100, "of gateways and devices")
	flag.IntVar(&opt.cuts, "cuts", 1000, "of links")
	flag.IntVar(&opt.stops, "stops", 12, "of servers, in turn")
	flag.BoolVar(&opt.full, "disk-full", true, "fill a device's disk once, if this user may mount one")
	flag.DurationVar(&opt.length, "length", 8*time.Minute, "that frames are spread over")
	flag.Uint64Var(&opt.seed, "seed", 1, "of all that is random")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	r, err := soak(ctx, opt, func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, "fleetsoak: "+format+"\n", args...)
	})
	if r != nil {
		enc := json.NewEncoder(os.Stdout)
		enc.SetIndent("", "  ")
		_ = enc.Encode(r)
	}
	if err == nil {
		err = r.failure()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "fleetsoak: error:", err)
		os.Exit(1)
	}
}
