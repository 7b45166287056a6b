// Package managed keeps devices and gateways at what is rolled out: the profile is verified by the registry, loaded, run, compared in
// shadow mode, and what it does is counted.
package managed

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"

	"github.com/dqa-go/dqa/fleet/device"
	"github.com/dqa-go/dqa/fleet/gateway"
	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/outbox"
	"github.com/dqa-go/dqa/fleet/registry"
	"github.com/dqa-go/dqa/fleet/rollout"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
	"github.com/dqa-go/dqa/tensor"
)

// ErrRevoked is for a device that was started with a profile which is revoked, and is assigned no other.
var ErrRevoked = errors.New("the profile that this was started with is revoked")

// Loader loads variants of releases for one network, cut at one edge. It belongs to one goroutine.
type Loader struct {
	Registry  *registry.Client
	Model     string // file of the network
	Digest    string // its SHA-256, hex
	At        string // where it is cut
	MaxMemory int64
	Lean      bool
}

// Load verifies and opens a variant. Errors wrap rollout.ErrLater where the registry could not be asked, or is not renewed; others mean
// that this variant is refused here.
func (l *Loader) Load(ctx context.Context, v rollout.Variant) (*session.Ends, *profile.Profile, error) {
	if err := l.Registry.Refresh(ctx); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", rollout.ErrLater, err)
	}
	t, err := l.Registry.Find(registry.Profile, v.Profile)
	if err != nil {
		return nil, nil, err
	}
	path, err := l.Registry.Fetch(ctx, t, l.Digest)
	if errors.Is(err, registry.ErrStore) || errors.Is(err, registry.ErrSlow) || ctx.Err() != nil {
		return nil, nil, fmt.Errorf("%w: %w", rollout.ErrLater, err)
	}
	if err != nil {
		return nil, nil, err
	}
	b, err := file.Read(path)
	if err != nil {
		return nil, nil, err
	}
	p, err := profile.Parse(b)
	if err != nil {
		return nil, nil, err
	}
	opt := session.OptionsOf(p)
	opt.Lean, opt.Data.MaxMemory = l.Lean, l.MaxMemory
	net, err := session.Open(l.Model, opt)
	if err != nil {
		return nil, nil, err
	}
	q, err := net.Bind(p)
	if err != nil {
		return nil, nil, err
	}
	e, err := q.Ends(l.At)
	return e, p, err
}

// DefaultEvery is which part of the images is compared in shadow mode: one in so many.
const DefaultEvery = 10

// Device is a device that follows assignments. Send may be called beside Take and Count.
type Device struct {
	load    Loader
	device  *device.Device
	factory device.Head // what it was started with
	every   int

	mu     sync.Mutex
	run    device.Head
	shadow *comparison // nil: nothing is compared
	began  link.Counters
	images int64
	shown  rollout.Report // of comparisons
}

// NewDevice manages a device that runs head. every says which part of the images is compared in shadow mode; 0: DefaultEvery.
func NewDevice(d *device.Device, head device.Head, load Loader, every int) *Device {
	if every <= 0 {
		every = DefaultEvery
	}
	return &Device{load: load, device: d, factory: head, run: head, every: every}
}

// Take implements rollout.Device.
func (m *Device) Take(ctx context.Context, a rollout.Assignment) error {
	head, err := m.head(ctx, a)
	if err != nil {
		return err
	}
	var shadow *comparison
	if a.Shadow != (rollout.Variant{}) {
		ends, _, err := m.load.Load(ctx, a.Shadow)
		if err != nil {
			return err
		}
		shadow = newComparison(head.Ends, ends, head.Encode)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if head.Profile != m.run.Profile {
		if err := m.device.Use(head); err != nil {
			return err
		}
		m.run = head
	}
	m.shadow, m.shown, m.images = shadow, rollout.Report{}, 0
	m.began = m.device.Status().Counters
	return nil
}

// head is what is assigned.
func (m *Device) head(ctx context.Context, a rollout.Assignment) (device.Head, error) {
	factory := hex.EncodeToString(m.factory.Profile[:])
	switch a.Run.Profile {
	case "":
		for _, p := range a.Revoked {
			if p == factory {
				return m.factory, ErrRevoked
			}
		}
		return m.factory, nil
	case factory:
		return m.factory, nil
	case hex.EncodeToString(m.run.Profile[:]):
		return m.run, nil
	}
	ends, p, err := m.load.Load(ctx, a.Run)
	head := m.factory
	if err == nil {
		head.Ends, head.Profile = ends, p.Digest()
	}
	return head, err
}

// Send is device.Device.Send, and compares some of the images in shadow mode.
func (m *Device) Send(ctx context.Context, image string, inputs []*tensor.Tensor) (outbox.ID, error) {
	id, err := m.device.Send(ctx, image, inputs)
	if err != nil {
		return id, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.images++
	if m.shadow == nil || (m.images-1)%int64(m.every) != 0 {
		return id, nil
	}
	agree, err := m.shadow.agree(inputs)
	if err != nil { // the new one cannot even run
		m.shown.Failed = err.Error()
		return id, nil
	}
	m.shown.Compared++
	if agree {
		m.shown.Agreed++
	}
	return id, nil
}

// Count implements rollout.Device. Latency is the median of the last answers, for all.
func (m *Device) Count() rollout.Report {
	s := m.device.Status()
	m.mu.Lock()
	defer m.mu.Unlock()
	r, c, b := m.shown, s.Counters, m.began
	r.Profile = hex.EncodeToString(m.run.Profile[:])
	r.Errors = c.Refused - b.Refused + c.Lost - b.Lost
	r.Images = c.Answered - b.Answered + c.Local - b.Local + r.Errors
	r.Alarms = c.Alarms - b.Alarms
	r.LatencyMS = s.Latency.P50 * float64(r.Images)
	return r
}

// comparison runs both, whole.
type comparison struct{ a, b whole }

type whole struct {
	sender   *session.Sender
	receiver *session.Receiver
	message  []byte
}

func newComparison(a, b *session.Ends, opt session.EncodeOptions) *comparison {
	return &comparison{whole{sender: a.NewSender(opt), receiver: a.NewReceiver()}, whole{sender: b.NewSender(opt), receiver: b.NewReceiver()}}
}

func (w *whole) run(inputs []*tensor.Tensor) (*tensor.Tensor, error) {
	var err error
	if w.message, err = w.sender.Send(w.message[:0], inputs); err != nil {
		return nil, err
	}
	outputs, err := w.receiver.Receive(w.message)
	if err != nil {
		return nil, err
	}
	return outputs[0], nil
}

func (c *comparison) agree(inputs []*tensor.Tensor) (bool, error) {
	a, err := c.a.run(inputs)
	if err != nil {
		return false, err
	}
	b, err := c.b.run(inputs)
	return err == nil && Agree(a, b), err
}

// minPositions is the share of an image's positions whose classes must be the same: a class has one position, a map of classes many.
const minPositions = 0.95

// Agree tells whether two outputs, 1xK or 1xKxHxW, say the same: the largest of K is the same class at nearly all positions, or with one
// channel the sign is.
func Agree(a, b *tensor.Tensor) bool {
	if len(a.Data) != len(b.Data) || len(a.Shape) < 2 || len(a.Data) == 0 {
		return false
	}
	k := a.Shape[1]
	n := len(a.Data) / k
	same := 0
	for i := range n {
		if class(a.Data, i, k, n) == class(b.Data, i, k, n) {
			same++
		}
	}
	return float64(same) >= minPositions*float64(n)
}

func class(data []float32, i, k, n int) (best int) {
	if k == 1 {
		if data[i] > 0 {
			return 1
		}
		return 0
	}
	for c := range k {
		if data[c*n+i] > data[best*n+i] {
			best = c
		}
	}
	return best
}

// Gateway gives a gateway the tails of all that devices may run.
type Gateway struct {
	load    Loader
	gateway *gateway.Gateway
	has     map[string]bool
}

// NewGateway manages a gateway that was started with a tail of this profile.
func NewGateway(g *gateway.Gateway, profile [32]byte, load Loader) *Gateway {
	return &Gateway{load, g, map[string]bool{hex.EncodeToString(profile[:]): true}}
}

// Keep adds tails of what is stable, was stable before, and is rolled out. None is taken away: devices may still have frames for it.
func (g *Gateway) Keep(ctx context.Context, s rollout.State) error {
	releases := append([]rollout.Release{s.Stable}, s.History[:min(len(s.History), 2)]...)
	if s.Rollout.Running() {
		releases = append(releases, s.Rollout.Plan.Release)
	}
	var all error
	for _, r := range releases {
		for _, v := range r.Variants {
			if g.has[v.Profile] || v.Model != g.load.Digest {
				continue
			}
			ends, p, err := g.load.Load(ctx, v)
			if err == nil {
				err = g.gateway.Add(ctx, gateway.Tail{Ends: ends, Model: g.load.Model, Profile: p.Digest()})
			}
			g.has[v.Profile] = err == nil
			all = errors.Join(all, err)
		}
	}
	return all
}
