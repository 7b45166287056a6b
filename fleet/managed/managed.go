// Package managed keeps devices and gateways at what is rolled out: the profile is verified by the registry, loaded, run, compared in
// shadow mode, and what it does is counted.
package managed

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"sync"

	"github.com/dqa-go/dqa/fleet/device"
	"github.com/dqa-go/dqa/fleet/gateway"
	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/outbox"
	"github.com/dqa-go/dqa/fleet/registry"
	"github.com/dqa-go/dqa/fleet/rollout"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
	"github.com/dqa-go/dqa/tensor"
)

// Errors.
var (
	// ErrRevoked is for a device that was started with a profile which is revoked, and is assigned no other.
	ErrRevoked = errors.New("the profile that this was started with is revoked")
	ErrInputs  = errors.New("of other images")
	// ErrInstalled is what Last cannot go on with.
	ErrInstalled = errors.New("what was installed last cannot be run")
)

// Loader loads variants of releases for what one network, cut at one edge, is started with. It belongs to one goroutine.
type Loader struct {
	Registry  *registry.Client
	Dir       string // of Registry; what is installed is remembered there, too
	Model     string // file of the network
	Digest    string // its SHA-256, hex
	At        string // where it is cut
	MaxMemory int64
	Lean      bool
}

// Loaded is a variant that was verified and opened.
type Loaded struct {
	Ends    *session.Ends
	Profile *profile.Profile
	Model   string // as people call it
}

// Load verifies and opens a variant: its profile and, where that is not of the network that is here, its network. Errors wrap
// rollout.ErrLater where the registry could not be asked, or is not renewed; others mean that this variant is refused here.
func (l *Loader) Load(ctx context.Context, v rollout.Variant) (*Loaded, error) {
	if !v.Fits(l.Digest) {
		return nil, fmt.Errorf("%w: profile %.12s is of model %.12s, here is %.12s", registry.ErrForeign, v.Profile, v.Model, l.Digest)
	}
	if err := l.Registry.Refresh(ctx); err != nil {
		return nil, fmt.Errorf("%w: %w", rollout.ErrLater, err)
	}
	path, err := l.fetch(ctx, registry.Profile, v.Profile, v.Model)
	if err != nil {
		return nil, err
	}
	model := l.Model
	if v.Model != l.Digest {
		if model, err = l.fetch(ctx, registry.Model, v.Model, ""); err != nil {
			return nil, err
		}
	}
	return l.open(v, model, path)
}

// fetch is the path of a file that the newest release has.
func (l *Loader) fetch(ctx context.Context, kind registry.Kind, digest, model string) (string, error) {
	t, err := l.Registry.Find(kind, digest)
	if err != nil {
		return "", err
	}
	path, err := l.Registry.Fetch(ctx, t, model)
	if errors.Is(err, registry.ErrStore) || errors.Is(err, registry.ErrSlow) || ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", rollout.ErrLater, err)
	}
	return path, err
}

// open opens what was verified. A network that is not the profile's is refused.
func (l *Loader) open(v rollout.Variant, model, path string) (*Loaded, error) {
	b, err := file.Read(path)
	if err != nil {
		return nil, err
	}
	p, err := profile.Parse(b)
	if err != nil {
		return nil, err
	}
	if digest := p.Digest(); hex.EncodeToString(digest[:]) != v.Profile {
		return nil, fmt.Errorf("%w: profile %.12s is another one", registry.ErrUntrusted, v.Profile)
	}
	opt := session.OptionsOf(p)
	opt.Lean, opt.Data.MaxMemory = l.Lean, l.MaxMemory
	net, err := session.Open(model, opt)
	if err != nil {
		return nil, err
	}
	q, err := net.Bind(p)
	if err != nil {
		return nil, err
	}
	e, err := q.Ends(cmp.Or(v.At, l.At))
	return &Loaded{e, p, filepath.Base(p.Network.Name)}, err
}

// DefaultEvery is which part of the images is compared in shadow mode: one in so many.
const DefaultEvery = 10

// Device is a device that follows assignments. Send may be called beside Take and Count.
type Device struct {
	load    Loader
	device  *device.Device
	factory device.Head // what it was started with
	images  profile.Preprocess
	every   int

	mu     sync.Mutex
	run    device.Head
	shadow *comparison // nil: nothing is compared
	began  link.Counters
	taken  int64
	shown  rollout.Report // of comparisons
}

// Start says what a device begins with.
type Start struct {
	Factory device.Head        // what its command line says
	Run     device.Head        // what it runs: Factory, or what was installed last
	Images  profile.Preprocess // how its images become inputs
}

// NewDevice manages a device. every says which part of the images is compared in shadow mode; 0: DefaultEvery.
func NewDevice(d *device.Device, s Start, load Loader, every int) *Device {
	if every <= 0 {
		every = DefaultEvery
	}
	return &Device{load: load, device: d, factory: s.Factory, run: s.Run, images: s.Images, every: every}
}

// Take implements rollout.Device.
func (m *Device) Take(ctx context.Context, a rollout.Assignment) error {
	head, err := m.head(ctx, a)
	if err != nil {
		return err
	}
	var shadow *comparison
	if a.Shadow != (rollout.Variant{}) {
		l, err := m.loaded(ctx, a.Shadow)
		if err != nil {
			return err
		}
		shadow = newComparison(head.Ends, l.Ends, head.Encode)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if head.Profile != m.run.Profile {
		if err := m.device.Use(head); err != nil {
			return err
		}
		m.run = head
	}
	m.shadow, m.shown, m.taken = shadow, rollout.Report{}, 0
	m.began = m.device.Status().Counters
	return m.load.keep(a)
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
	l, err := m.loaded(ctx, a.Run)
	if err != nil {
		return m.factory, err
	}
	return l.head(m.factory), nil
}

// head is what runs in the place of another one.
func (l *Loaded) head(factory device.Head) device.Head {
	factory.Ends, factory.Profile = l.Ends, l.Profile.Digest()
	if l.Model != "" {
		factory.Model = l.Model
	}
	return factory
}

// loaded is Load of what can take the images that come here.
func (m *Device) loaded(ctx context.Context, v rollout.Variant) (*Loaded, error) {
	l, err := m.load.Load(ctx, v)
	if err == nil {
		err = l.takes(m.factory.Ends, m.images)
	}
	return l, err
}

// takes refuses what wants other inputs than images become here.
func (l *Loaded) takes(e *session.Ends, images profile.Preprocess) error {
	pre := l.Profile.Preprocess
	for _, p := range []*profile.Preprocess{&pre, &images} {
		p.Ignore, p.LabelShift = nil, 0 // of scores
	}
	same := func(a, b graph.Value) bool { return a.Name == b.Name && slices.Equal(a.Shape, b.Shape) }
	if !reflect.DeepEqual(pre, images) || !slices.EqualFunc(l.Ends.Network().Graph().Inputs(), e.Network().Graph().Inputs(), same) {
		return fmt.Errorf("%w: %s wants other inputs than images are made into here", ErrInputs, l.Model)
	}
	return nil
}

// Send is device.Device.Send, and compares some of the images in shadow mode.
func (m *Device) Send(ctx context.Context, image string, inputs []*tensor.Tensor) (outbox.ID, error) {
	id, err := m.device.Send(ctx, image, inputs)
	if err != nil {
		return id, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.taken++
	if m.shadow == nil || (m.taken-1)%int64(m.every) != 0 {
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
			if g.has[v.Profile] || !v.Fits(g.load.Digest) {
				continue
			}
			l, err := g.load.Load(ctx, v)
			if err == nil {
				err = g.gateway.Add(ctx, gateway.Tail{Ends: l.Ends, Model: l.Model, Profile: l.Profile.Digest()})
			}
			g.has[v.Profile] = err == nil
			all = errors.Join(all, err)
		}
	}
	return all
}
