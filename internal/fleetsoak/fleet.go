package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dqa-go/dqa/fleet/device"
	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/site"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
)

const (
	model = "demo:classify"
	edge  = "3"
	calib = "demo:classify[1900:1908]" // behind those that are sent
)

// prepare makes the profiles, and computes what the whole quantized network answers to each image by each of them.
func (f *fleet) prepare(ctx context.Context) (wants [2][]string, err error) {
	net, err := session.Open(model, session.Options{})
	if err != nil {
		return wants, err
	}
	data, err := net.Data(calib)
	if err != nil {
		return wants, err
	}
	images, err := net.Data(f.data())
	if err != nil {
		return wants, err
	}
	var names []string
	for _, o := range net.Graph().Outputs {
		names = append(names, o.Name)
	}
	for i, bits := range []int{3, 4} {
		v := session.Variant{Setting: profile.Setting{Name: "dqa", Bits: bits, ExtraBits: 2, Ratio: .5, Ranking: "energy"}, Seed: f.seed}
		made, err := net.Calibrate(ctx, data, v, session.CalibrateOptions{})
		if err != nil {
			return wants, err
		}
		q, err := net.Bind(made.Profile)
		if err != nil {
			return wants, err
		}
		err = q.EncodeAll(ctx, images, session.EncodeOptions{Workers: 2}, func(e session.Encoded) error {
			list, err := link.OutputsOf(names, e.Outputs)
			wants[i] = append(wants[i], device.DigestOf(link.Answer{Outputs: list}))
			return err
		})
		path := filepath.Join(f.dir, fmt.Sprintf("p%d.dqap", i+1))
		if err = errors.Join(err, os.WriteFile(path, made.Profile.Append(nil), 0o644)); err != nil {
			return wants, err
		}
		f.profiles = append(f.profiles, path)
	}
	return wants, nil
}

func (f *fleet) data() string { return fmt.Sprintf("%s[0:%d]", model, f.images) }

// start starts everything.
func (f *fleet) start(repeat int) error {
	ports, err := freePorts(2 * f.options.servers)
	if err != nil {
		return err
	}
	clients, routes := ports[:f.options.servers], ports[f.options.servers:]
	var urls []string
	for i := range clients {
		if err := f.startServer(i, clients, routes); err != nil {
			return err
		}
		p, err := newProxy(fmt.Sprint("127.0.0.1:", clients[i]))
		if err != nil {
			return err
		}
		f.proxies, urls = append(f.proxies, p), append(urls, p.url())
	}
	f.urls = strings.Join(urls, ",")
	cut := []string{model, "--at", edge, "--profile", f.profiles[0], "-q=false", "--server", f.urls}
	err = f.ready(clients)
	if err == nil {
		err = f.release(f.urls)
	}
	if err != nil {
		return err
	}
	for i := range f.options.gateways {
		name := fmt.Sprint("gateway-", i)
		p := f.process(name, "gateway", slices.Concat([]string{"gateway"}, cut, f.signed(name, site.Gateway), f.followed(name), []string{
			"--replicas", fmt.Sprint(f.options.servers), "--ack-wait", "5s", "--name", name,
		})...)
		if err := p.start(); err != nil {
			return err
		}
		f.gateways = append(f.gateways, p)
	}
	every := f.length / time.Duration(f.frames/f.options.devices)
	for i := range f.options.devices {
		name := fmt.Sprint("device-", i)
		dir := filepath.Join(f.dir, name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if i == 0 && f.full {
			f.mount(dir)
		}
		p := f.process(name, "device", slices.Concat([]string{"device"}, cut, f.signed(name, site.Device), f.followed(name), []string{
			"--name", name, "--data", f.data(), "--repeat", fmt.Sprint(repeat), "--every", every.String(), "--resend", "2s",
			"--outbox", filepath.Join(dir, "box"), "--outbox-size", "4MiB", "-o", filepath.Join(f.dir, name+".jsonl"),
		})...)
		if err := p.start(); err != nil {
			return err
		}
		f.devices = append(f.devices, p)
	}
	return nil
}

func (f *fleet) process(name, kind string, args ...string) *process {
	return &process{name: name, kind: kind, program: f.program, args: args, remember: f.remember}
}

// startServer starts one of a cluster that tells clients nothing of the others: these would go round the proxies.
func (f *fleet) startServer(i int, clients, routes []int) error {
	name := fmt.Sprint("server-", i)
	var others []string
	for k, port := range routes {
		if k != i {
			others = append(others, fmt.Sprintf("nats://127.0.0.1:%d", port))
		}
	}
	text := fmt.Sprintf("server_name: %s\nlisten: \"127.0.0.1:%d\"\n"+
		"cluster { name: soak, listen: \"127.0.0.1:%d\", no_advertise: true, routes: [%s] }\n",
		name, clients[i], routes[i], strings.Join(others, ", "))
	conf := filepath.Join(f.dir, name+".conf")
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		return err
	}
	p := f.process(name, "server", "serve", filepath.Join(f.dir, name), "--server-config", conf)
	f.servers = append(f.servers, p)
	return p.start()
}

// ready waits until the cluster has a leader.
func (f *fleet) ready(ports []int) error {
	var err error
	for range 100 {
		time.Sleep(200 * time.Millisecond)
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		var l *link.Link
		if l, err = link.Connect(ctx, link.Options{URL: fmt.Sprint("nats://127.0.0.1:", ports[0]), Replicas: len(ports)}); err == nil {
			err = l.Prepare(ctx)
			l.Close()
		}
		cancel()
		if err == nil {
			return nil
		}
	}
	return err
}

func (f *fleet) stopAll() {
	for _, p := range slices.Concat(f.devices, f.gateways, f.servers) {
		p.end(false)
	}
	for _, p := range f.proxies {
		p.listener.Close()
	}
	if f.disk != nil {
		f.disk.unmount()
		f.disk = nil
	}
}

func freePorts(n int) (ports []int, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// check reads all answers.
func (f *fleet) check(wants [2][]string, repeat int) error {
	for _, d := range f.devices {
		in, err := os.Open(filepath.Join(f.dir, d.name+".jsonl"))
		if err != nil {
			return err
		}
		seen := make([]int, f.images*repeat)
		lines := bufio.NewScanner(in)
		for lines.Scan() {
			var l device.Line
			if err := json.Unmarshal(lines.Bytes(), &l); err != nil || l.Seq < 1 || l.Seq > uint64(len(seen)) {
				return fmt.Errorf("%s: %q: %w", d.name, lines.Text(), err)
			}
			i := int(l.Seq - 1)
			if seen[i]++; seen[i] > 1 {
				f.result.Duplicates++
				continue
			}
			switch {
			case l.Outcome == device.Lost:
				f.result.Lost++
				f.result.Named = append(f.result.Named, d.name+" "+l.Image)
			case l.Digest == wants[1][i%f.images]:
				f.result.Second++
			case l.Digest != wants[0][i%f.images]:
				f.result.Wrong++
			}
			if l.Outcome != device.Lost {
				f.result.Answered++
			}
		}
		in.Close()
		for _, n := range seen {
			if n == 0 {
				f.result.Unreported++
			}
		}
	}
	return nil
}

// disk is a small file system.
type disk struct{ dir string }

// mount makes the first device's folder a file system of its own, where this user may.
func (f *fleet) mount(dir string) {
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=8m", "fleetsoak", dir).CombinedOutput(); err != nil {
		f.result.DiskFull = "no: " + strings.TrimSpace(string(out))
		return
	}
	f.disk = &disk{dir}
}

func (d *disk) fill() error {
	f, err := os.Create(filepath.Join(d.dir, "filler"))
	if err != nil {
		return err
	}
	defer f.Close()
	for {
		if _, err := f.Write(make([]byte, 4096)); err != nil {
			return nil // full
		}
	}
}

func (d *disk) empty()   { _ = os.Remove(filepath.Join(d.dir, "filler")) }
func (d *disk) unmount() { _ = exec.Command("umount", d.dir).Run() }
