package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/dqa-go/dqa/fleet/site"
)

const siteName = "soak"

// sign makes the keys that frames and answers are signed with. Servers of the soak have no certificates: proxies cut what they carry.
func (f *fleet) sign() error {
	opt := site.Options{}
	for i := range f.options.devices {
		opt.Add = append(opt.Add, site.Member{Site: siteName, Name: fmt.Sprint("device-", i), Role: site.Device})
	}
	for i := range f.options.gateways {
		opt.Add = append(opt.Add, site.Member{Site: siteName, Name: fmt.Sprint("gateway-", i), Role: site.Gateway})
	}
	_, err := site.Init(filepath.Join(f.dir, "site"), opt)
	return err
}

// signed are the flags of a member that signs.
func (f *fleet) signed(name string, role site.Role) []string {
	file := func(key string) string { return filepath.Join(f.dir, "site", "sites", siteName, name, key) }
	if role == site.Device {
		return []string{"--sign-key", file(site.FramesKey), "--gateway-keys", file(site.GatewayKeys)}
	}
	return []string{"--sign-key", file(site.AnswersKey), "--gateway-keys", file(site.GatewayKeys), "--device-keys", file(site.DeviceKeys)}
}

// followed are the flags of a member that follows roll-outs.
func (f *fleet) followed(name string) []string {
	return []string{"--registry", filepath.Join(f.dir, name+".registry"), "--root", filepath.Join(f.dir, "keys", "trusted", "root.json"),
		"--follow-every", "1s"}
}

// release makes the registry, and publishes the second profile.
func (f *fleet) release(urls string) error {
	keys := []string{"--keys", filepath.Join(f.dir, "keys")}
	on := append(keys, "--server", urls)
	for _, args := range [][]string{
		append([]string{"keys", "new", "root", "targets", "snapshot", "timestamp"}, keys...),
		append([]string{"keys", "init", "--replicas", fmt.Sprint(f.options.servers)}, on...),
		append([]string{"publish", f.profiles[1], "--kind", "profile"}, on...),
	} {
		if out, err := exec.Command(f.program, args...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", args[0], err, out)
		}
	}
	return nil
}

// rollOut brings the second profile to half of the devices and then to all, in the midst of everything; who watches it begins anew when the
// server is gone.
func (f *fleet) rollOut(ctx context.Context, urls string) {
	if !sleep(ctx, f.length/4) {
		return
	}
	f.add(func(r *result) { r.Rollout = "running" })
	images := max(f.frames/f.options.devices/50, 20)
	args := []string{"rollout", "start", "profile/" + filepath.Base(f.profiles[1]), "--shares", "0.5,1", "--errors", "0.2", "--slower", "1000",
		"--alarms", "1000000", "--images", fmt.Sprint(images), "--keys", filepath.Join(f.dir, "keys"), "--server", urls}
	for ctx.Err() == nil {
		out, err := exec.CommandContext(ctx, f.program, args...).CombinedOutput()
		said := string(out)
		f.log("roll-out: %v %s", err, strings.TrimSpace(said[strings.LastIndexByte(strings.TrimSpace(said), '\n')+1:]))
		for _, end := range []string{"completed", "returned"} {
			if strings.Contains(said, ": "+end) {
				f.add(func(r *result) { r.Rollout = end })
				return
			}
		}
		if strings.Contains(said, "one at a time") || strings.Contains(said, "% of devices") { // it has begun
			args = []string{"rollout", "start", "--watch", "--server", urls, "--keys", filepath.Join(f.dir, "keys")}
		}
		sleep(ctx, time.Second)
	}
}
