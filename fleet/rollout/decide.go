package rollout

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Report is what one device has counted since it took an assignment. Counters only grow within an Epoch and Boot.
type Report struct {
	Device    string  `json:"device"`
	Epoch     uint64  `json:"epoch"` // of the Assignment that it works by
	Boot      int64   `json:"boot"`  // when the counting process began: a later one counts anew
	Number    uint64  `json:"number"`
	Profile   string  `json:"profile"` // that it runs, hex; "": what it was started with
	Images    int64   `json:"images"`
	Errors    int64   `json:"errors"`     // refused or lost
	Alarms    int64   `json:"alarms"`     // of drift
	LatencyMS float64 `json:"latency_ms"` // sum over Images
	Compared  int64   `json:"compared"`   // in shadow mode
	Agreed    int64   `json:"agreed"`     // of these
	// Failed says why the device cannot do what it was assigned: the release could not be verified or run.
	Failed string `json:"failed,omitempty"`
}

func (r Report) sane() bool {
	return r.Device != "" && r.Images >= 0 && r.Errors >= 0 && r.Errors <= r.Images && r.Alarms >= 0 && r.LatencyMS >= 0 &&
		r.Compared >= 0 && r.Agreed >= 0 && r.Agreed <= r.Compared
}

// Reports are those of a stage: of every device the last one. The zero value is empty.
type Reports struct {
	epoch uint64
	last  map[string]Report
	done  map[string]Report // sums of earlier boots
}

// maxDevices bounds what is kept.
const maxDevices = 1 << 16

// Add takes a report, in any order and any number of times. What belongs to another epoch than the state's counts nothing.
func (rs *Reports) Add(s State, r Report) {
	if !s.Rollout.Running() || !r.sane() {
		return
	}
	if rs.last == nil || rs.epoch != s.Rollout.Epoch {
		*rs = Reports{s.Rollout.Epoch, map[string]Report{}, map[string]Report{}}
	}
	old, known := rs.last[r.Device]
	switch {
	case r.Epoch != rs.epoch || known && (r.Boot < old.Boot || r.Boot == old.Boot && r.Number <= old.Number):
		return
	case !known && len(rs.last) >= maxDevices:
		return
	case known && r.Boot > old.Boot:
		rs.done[r.Device] = sum(rs.done[r.Device], old)
	}
	rs.last[r.Device] = r
}

func sum(a, b Report) Report {
	return Report{
		Images: a.Images + b.Images, Errors: a.Errors + b.Errors, Alarms: a.Alarms + b.Alarms, LatencyMS: a.LatencyMS + b.LatencyMS,
		Compared: a.Compared + b.Compared, Agreed: a.Agreed + b.Agreed,
	}
}

// Evidence is what a decision rests on.
type Evidence struct {
	Devices   int     `json:"devices"` // that run or compare the new release
	Images    int64   `json:"images"`
	Errors    int64   `json:"errors"`
	Alarms    int64   `json:"alarms"`
	Compared  int64   `json:"compared"`
	Agreed    int64   `json:"agreed"`
	LatencyMS float64 `json:"latency_ms"` // mean
	// The same of devices that do not.
	OtherImages    int64   `json:"other_images"`
	OtherLatencyMS float64 `json:"other_latency_ms"`
	Failed         string  `json:"failed,omitempty"` // a device that could not, and why
}

// Evidence adds the reports of a stage up.
func (rs *Reports) Evidence(s State) (e Evidence) {
	if !s.Rollout.Running() || rs.epoch != s.Rollout.Epoch {
		return e
	}
	shadow := s.Rollout.Phase == Shadow
	for _, name := range slices.Sorted(maps.Keys(rs.last)) {
		r := rs.last[name]
		all := sum(rs.done[name], r)
		in := Place(s.Rollout.Plan.Seed, name) < s.Rollout.Plan.Shares[s.Rollout.Stage]
		if r.Failed != "" && in && e.Failed == "" {
			e.Failed = name + ": " + r.Failed
		}
		if in && (shadow || s.Rollout.Plan.Release.has(r.Profile)) {
			e.Devices++
			e.Images, e.Errors, e.Alarms = e.Images+all.Images, e.Errors+all.Errors, e.Alarms+all.Alarms
			e.Compared, e.Agreed, e.LatencyMS = e.Compared+all.Compared, e.Agreed+all.Agreed, e.LatencyMS+all.LatencyMS
		} else if !in {
			e.OtherImages, e.OtherLatencyMS = e.OtherImages+all.Images, e.OtherLatencyMS+all.LatencyMS
		}
	}
	e.LatencyMS /= float64(max(e.Images, 1))
	e.OtherLatencyMS /= float64(max(e.OtherImages, 1))
	return e
}

// Controller is who writes what Decide decides.
const Controller = "controller"

// Decide is the next event that the reports ask for; ok is false where there is nothing to do but wait. A stage is passed when it is sure
// (three standard errors) that errors and agreement keep the plan, and ended when it is sure that they do not; or by alarms, latency, a
// device that could not, or when patience ends.
func (rs *Reports) Decide(s State, now time.Time) (e Event, ok bool) {
	r := s.Rollout
	if !r.Running() {
		return e, false
	}
	v := rs.Evidence(s)
	e = Event{Number: s.Revision + 1, Time: now, By: Controller, Evidence: &v}
	if cause := r.fault(v); cause != "" {
		e.Step, e.Cause, e.Revoke = Return, cause, true
		return e, true
	}
	if r.passed(v) {
		e.Step, e.Cause = Advance, fmt.Sprintf("%d images on %d devices keep the plan", max(v.Images, v.Compared), v.Devices)
		if r.Phase == Canary && r.Stage == len(r.Plan.Shares)-1 {
			e.Step = Complete
		}
		return e, true
	}
	if now.Sub(r.Since) >= r.Plan.Patience {
		e.Step, e.Cause = Return, fmt.Sprintf("not enough reports within %v", r.Plan.Patience)
		return e, true
	}
	return e, false
}

// fault is what speaks against the release for sure; "": nothing.
func (r *Rollout) fault(v Evidence) string {
	p := r.Plan
	if v.Failed != "" {
		return "a device cannot run it: " + v.Failed
	}
	if r.Phase == Shadow {
		if _, high := interval(v.Agreed, v.Compared); high < p.MinAgreement {
			return fmt.Sprintf("%d of %d images agree, below %.4g", v.Agreed, v.Compared, p.MinAgreement)
		}
		return "" // what answers is the old release
	}
	if v.Alarms > p.MaxAlarms {
		return fmt.Sprintf("alarms of drift: %d, allowed: %d", v.Alarms, p.MaxAlarms)
	}
	if low, _ := interval(v.Errors, v.Images); low > p.MaxErrors {
		return fmt.Sprintf("%d errors in %d images, above %.4g", v.Errors, v.Images, p.MaxErrors)
	}
	if v.Images >= p.MinImages && v.OtherImages >= p.MinImages && v.LatencyMS > p.MaxSlower*v.OtherLatencyMS {
		return fmt.Sprintf("%.3g ms an image, others take %.3g", v.LatencyMS, v.OtherLatencyMS)
	}
	return ""
}

func (r *Rollout) passed(v Evidence) bool {
	p := r.Plan
	if r.Phase == Shadow {
		low, _ := interval(v.Agreed, v.Compared)
		return v.Compared >= p.MinImages && low >= p.MinAgreement
	}
	_, high := interval(v.Errors, v.Images)
	return v.Images >= p.MinImages && high <= p.MaxErrors
}
