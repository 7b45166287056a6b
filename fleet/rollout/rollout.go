// Package rollout brings a fleet from one release to the next: a few devices first run both on the same images and compare (shadow),
// then more and more of them run the new one (canary), then all. Alarms of drift, errors, latency or a lack of agreement end it, and
// every device goes back.
//
// State is what a list of events makes of nothing (Apply); events are only ever appended, so what happened can be read later. What a
// device runs follows from State and the device's name (For): one that was off for a month needs the last State and nothing between.
// Reports are counters that only grow: those that are lost, come twice or in another order change nothing in the end. Decide is pure,
// too; journal.go has the way over JetStream.
package rollout

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// Errors.
var (
	ErrEvent   = errors.New("this cannot happen now") // to Apply
	ErrPlan    = errors.New("plan of a roll-out not understood")
	ErrJournal = errors.New("the journal of roll-outs cannot be read or written")
	ErrLater   = errors.New("not now: it is tried again") // of Device.Take
	ErrBehind  = errors.New("somebody else wrote to the journal meanwhile")
	ErrOld     = errors.New("the server's roll-outs are older than what was taken from it")
)

// Release is what devices run. It may come in several variants, for readers of different schema versions. The zero value is what a
// device was started with.
type Release struct {
	Name     string    `json:"name"`
	Variants []Variant `json:"variants,omitempty"`
}

// Variant is a profile of a model.
type Variant struct {
	Profile string `json:"profile"` // SHA-256, hex
	Model   string `json:"model"`   // the same, of its network
	Format  int    `json:"format"`  // schema version of the profile
	// Replaces is the network (SHA-256, hex) of which this one takes the place, on devices that were started with that; "": it takes none's.
	Replaces string `json:"replaces,omitempty"`
	At       string `json:"at,omitempty"` // where it is cut; "": where the device's own is
}

// Fits tells whether it is for devices that were started with a model ("": any).
func (v Variant) Fits(model string) bool {
	return model == "" || v.Model == model || v.Replaces == model
}

// IsZero tells whether a release is what devices were started with.
func (r Release) IsZero() bool { return len(r.Variants) == 0 }

// For is the variant for a device that was started with a model and reads these schema versions: that of the highest.
func (r Release) For(model string, formats []int) (best Variant, ok bool) {
	for _, v := range r.Variants {
		if slices.Contains(formats, v.Format) && v.Fits(model) && (!ok || v.Format > best.Format) {
			best, ok = v, true
		}
	}
	return best, ok
}

func (r Release) has(profile string) bool {
	return slices.ContainsFunc(r.Variants, func(v Variant) bool { return v.Profile == profile })
}

// Plan is how a release is rolled out. The zero value of numbers is replaced by defaults in Start.
type Plan struct {
	Release Release   `json:"release"`
	Shares  []float64 `json:"shares"` // of devices that run it, stage by stage, each 0..1; the last is 1
	Seed    uint64    `json:"seed"`   // of which devices come first
	// Shadow is whether the first share's devices run both before they run the new one.
	Shadow       bool          `json:"shadow"`
	MinAgreement float64       `json:"min_agreement"` // of both, in shadow mode
	MaxErrors    float64       `json:"max_errors"`    // share of images
	MaxSlower    float64       `json:"max_slower"`    // latency in parts of the other devices': 1.5 allows half as much more
	MaxAlarms    int64         `json:"max_alarms"`    // of drift, in a stage
	MinImages    int64         `json:"min_images"`    // of a stage, besides what the shares above need to be sure
	Patience     time.Duration `json:"patience"`      // of a stage: without enough reports until then it ends, and all go back
}

// Defaults of a Plan.
const (
	DefaultMinAgreement = 0.98
	DefaultMaxErrors    = 0.02
	DefaultMaxSlower    = 1.5
	DefaultMinImages    = 100
	DefaultPatience     = 24 * time.Hour
)

// DefaultShares are used where a plan has none.
var DefaultShares = []float64{0.05, 0.25, 1}

const (
	maxShares   = 16
	maxVariants = 8
	maxHistory  = 32 // releases that are remembered
	maxRevoked  = 4096
)

// Filled is the plan with defaults. Errors wrap ErrPlan.
func (p Plan) Filled() (Plan, error) {
	if len(p.Shares) == 0 {
		p.Shares = slices.Clone(DefaultShares)
	}
	def := func(v *float64, d float64) {
		if *v == 0 {
			*v = d
		}
	}
	def(&p.MinAgreement, DefaultMinAgreement)
	def(&p.MaxErrors, DefaultMaxErrors)
	def(&p.MaxSlower, DefaultMaxSlower)
	if p.MinImages == 0 {
		p.MinImages = DefaultMinImages
	}
	if p.Patience == 0 {
		p.Patience = DefaultPatience
	}
	wrong := func(what string) (Plan, error) { return p, fmt.Errorf("%w: %s", ErrPlan, what) }
	switch {
	case p.Release.IsZero() || len(p.Release.Variants) > maxVariants || len(p.Release.Name) > 256:
		return wrong(fmt.Sprintf("a release has 1 to %d profiles", maxVariants))
	case len(p.Shares) > maxShares || p.Shares[len(p.Shares)-1] != 1 || !slices.IsSorted(p.Shares) || !(p.Shares[0] > 0):
		return wrong("shares grow from above 0 to 1")
	case !(p.MinAgreement > 0 && p.MinAgreement < 1) || !(p.MaxErrors > 0 && p.MaxErrors < 1) || !(p.MaxSlower >= 1):
		return wrong("agreement and errors lie between 0 and 1, latency is 1 or more")
	case p.MaxAlarms < 0 || p.MinImages < 1 || p.Patience <= 0:
		return wrong("alarms, images or patience are below their least")
	}
	return p, nil
}

// Phase is where a roll-out stands.
type Phase string

// Phases. The last two are ends.
const (
	Shadow    Phase = "shadow"
	Canary    Phase = "canary"
	Completed Phase = "completed"
	Returned  Phase = "returned"
)

// Rollout is one, running or ended.
type Rollout struct {
	ID    uint64    `json:"id"` // number of the event that began it
	Plan  Plan      `json:"plan"`
	Phase Phase     `json:"phase"`
	Stage int       `json:"stage"` // of Plan.Shares
	Since time.Time `json:"since"` // of phase and stage
	Epoch uint64    `json:"epoch"` // number of the event that began phase and stage: reports say which they count in
	Cause string    `json:"cause,omitempty"`
}

// Running tells whether it has not ended.
func (r *Rollout) Running() bool { return r != nil && (r.Phase == Shadow || r.Phase == Canary) }

// State is what a fleet shall run.
type State struct {
	Revision uint64    `json:"revision"` // number of the last event
	Stable   Release   `json:"stable"`
	History  []Release `json:"history"` // what was stable before, the newest first
	Revoked  []string  `json:"revoked"` // profiles that nobody runs again
	Rollout  *Rollout  `json:"rollout"` // the last; nil: there was none
}

// Step is what an event does.
type Step string

// Steps.
const (
	Start    Step = "start"    // a plan begins
	Advance  Step = "advance"  // the next share, or from shadow to canary
	Complete Step = "complete" // the release is stable
	Return   Step = "return"   // all go back
	Revoke   Step = "revoke"   // a profile is run no more, whoever runs it
)

// Event is one line of the journal.
type Event struct {
	Number   uint64    `json:"number"` // from 1, without a gap
	Time     time.Time `json:"time"`
	Step     Step      `json:"step"`
	By       string    `json:"by"`
	Cause    string    `json:"cause,omitempty"`
	Plan     *Plan     `json:"plan,omitempty"`    // Start
	Profile  string    `json:"profile,omitempty"` // Revoke
	Revoke   bool      `json:"revoke,omitempty"`  // Return: the release is not to be tried again
	Evidence *Evidence `json:"evidence,omitempty"`
}

// Apply is the state after an event; s is unchanged. Errors wrap ErrEvent and ErrPlan.
func (s State) Apply(e Event) (State, error) {
	wrong := func(what string) (State, error) {
		return s, fmt.Errorf("%w: event %d, %s: %s", ErrEvent, e.Number, e.Step, what)
	}
	if e.Number != s.Revision+1 {
		return wrong(fmt.Sprintf("event %d is expected", s.Revision+1))
	}
	next := s.clone()
	next.Revision = e.Number
	if e.Step != Start && e.Step != Revoke && !s.Rollout.Running() {
		return wrong("nothing is rolled out")
	}
	if err := next.do(e); err != nil {
		return s, fmt.Errorf("event %d, %s: %w", e.Number, e.Step, err)
	}
	if len(next.Revoked) > maxRevoked {
		return wrong("too many profiles are revoked")
	}
	return next, nil
}

// do changes the state by what the event does.
func (s *State) do(e Event) error {
	r := s.Rollout
	switch e.Step {
	case Start:
		return s.start(e)
	case Advance:
		if r.Phase == Shadow {
			r.Phase = Canary
		} else if r.Stage++; r.Stage >= len(r.Plan.Shares) {
			return fmt.Errorf("%w: there is no share beyond the last", ErrEvent)
		}
		r.Since, r.Epoch, r.Cause = e.Time, e.Number, e.Cause
	case Complete:
		if r.Phase != Canary || r.Stage != len(r.Plan.Shares)-1 {
			return fmt.Errorf("%w: not all devices run it", ErrEvent)
		}
		s.History = append([]Release{s.Stable}, s.History...)
		s.History = s.History[:min(len(s.History), maxHistory)]
		s.Stable = r.Plan.Release
		r.end(Completed, e)
	case Return:
		for _, v := range r.Plan.Release.Variants {
			if e.Revoke {
				s.revoke(v.Profile)
			}
		}
		r.end(Returned, e)
	case Revoke:
		s.revoke(e.Profile)
		if r.Running() && r.Plan.Release.has(e.Profile) {
			r.end(Returned, e)
		}
	default:
		return fmt.Errorf("%w: no such step", ErrEvent)
	}
	return nil
}

// clone is a copy that may be changed.
func (s State) clone() State {
	s.History, s.Revoked = slices.Clone(s.History), slices.Clone(s.Revoked)
	if s.Rollout != nil {
		r := *s.Rollout
		s.Rollout = &r
	}
	return s
}

func (s *State) start(e Event) error {
	if s.Rollout.Running() {
		return fmt.Errorf("%w: one at a time", ErrEvent)
	}
	if e.Plan == nil {
		return fmt.Errorf("%w: no plan", ErrEvent)
	}
	p, err := e.Plan.Filled()
	if err != nil {
		return err
	}
	for _, v := range p.Release.Variants {
		if slices.Contains(s.Revoked, v.Profile) {
			return fmt.Errorf("%w: profile %.12s is revoked", ErrEvent, v.Profile)
		}
	}
	s.Rollout = &Rollout{ID: e.Number, Plan: p, Phase: Canary, Since: e.Time, Epoch: e.Number, Cause: e.Cause}
	if p.Shadow {
		s.Rollout.Phase = Shadow
	}
	return nil
}

func (r *Rollout) end(p Phase, e Event) {
	r.Phase, r.Since, r.Epoch, r.Cause = p, e.Time, e.Number, e.Cause
}

func (s *State) revoke(profile string) {
	if !slices.Contains(s.Revoked, profile) {
		s.Revoked = append(s.Revoked, profile)
	}
}

// Place is where a device stands in a roll-out, 0..1: it belongs to a share that is greater. It depends on nothing but the seed and
// the device's name.
func Place(seed uint64, device string) float64 {
	h := sha256.Sum256(append(binary.LittleEndian.AppendUint64(nil, seed), device...))
	return float64(binary.LittleEndian.Uint64(h[:8])>>11) / (1 << 53)
}

// Assignment is what one device shall do.
type Assignment struct {
	Revision uint64 `json:"revision"` // those of lower ones are out of date
	// Run is what the device runs; zero: what it was started with, if that is not among Revoked.
	Run Variant `json:"run"`
	// Shadow is what it runs besides, on the same images, to compare; zero: nothing.
	Shadow  Variant  `json:"shadow"`
	Epoch   uint64   `json:"epoch"` // what its reports count in; 0: no roll-out is running
	Revoked []string `json:"revoked,omitempty"`
}

// For is what a device shall run that has this model ("": any) and reads these schema versions of profiles.
func (s State) For(device, model string, formats []int) Assignment {
	a := Assignment{Revision: s.Revision, Revoked: s.Revoked}
	for _, r := range append([]Release{s.Stable}, s.History...) {
		if v, ok := s.variant(r, model, formats); ok || r.IsZero() {
			a.Run = v
			break
		}
	}
	r := s.Rollout
	if !r.Running() {
		return a
	}
	a.Epoch = r.Epoch
	v, ok := s.variant(r.Plan.Release, model, formats)
	if !ok || Place(r.Plan.Seed, device) >= r.Plan.Shares[r.Stage] {
		return a
	}
	if r.Phase == Shadow {
		a.Shadow = v
	} else {
		a.Run = v
	}
	return a
}

// variant is Release.For without what is revoked.
func (s State) variant(r Release, model string, formats []int) (Variant, bool) {
	left := r
	left.Variants = slices.DeleteFunc(slices.Clone(r.Variants), func(v Variant) bool { return slices.Contains(s.Revoked, v.Profile) })
	return left.For(model, formats)
}

// sure is three standard errors: limits of a share are those of Wilson's interval (1927).
const sure = 3

// interval is between which shares k of n may come from.
func interval(k, n int64) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	p, m, z := float64(k)/float64(n), float64(n), float64(sure)
	centre := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(0, centre-half), min(1, centre+half)
}
