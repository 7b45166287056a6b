package pilot

import (
	"fmt"
	"runtime"

	"github.com/dqa-go/dqa/advise"
	"github.com/dqa-go/dqa/internal/cpu"
	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/report"
	"github.com/dqa-go/dqa/session"
)

// conclude makes verdict, numbers and next steps of what was measured. p is the profile that is handed on.
func (r *run) conclude(p *profile.Profile) {
	s := r.study
	chosen := s.Frontier.Points[s.Frontier.Chosen]
	f := &r.facts
	f.Masks, f.Labelled = s.Task.Kind == "masks", s.Task.Kind != "none" || s.Metric == "command"
	f.Calib, f.Confirm, f.Loss, f.Limit = r.calib.Len(), chosen.Confirm.Images, chosen.Confirm.Loss, s.Limit
	f.Store = 32 / chosen.Confirm.StoredBits.Value
	if s.Memory != nil && s.Memory.Packed > 0 {
		f.Memory = float64(s.Memory.Float) / float64(s.Memory.Packed)
	}
	for _, c := range s.Link.Advice.Cuts {
		f.Cuts = f.Cuts || c.Measured
	}
	if w := s.Link.CutWay(); w != nil {
		f.Cut, f.CutLoss = w.Confirmed.Bytes, w.Confirmed.Loss.Value
	}
	if w := s.Link.FileWay(); w != nil {
		f.File = w.Confirmed.Bytes
	}
	f.Drifted = s.Risk.Clean != nil && s.Risk.Clean.False > 0
	s.Verdict = judge(*f)
	s.Burden = r.burden(p)
	s.Made = Made{
		Tool: "dqa " + session.Version, Engine: r.net.Engine(), Machine: runtime.GOOS + "/" + runtime.GOARCH + ", " + cpu.ISA(),
		Cores: runtime.NumCPU(), Workers: max(1, r.opt.Workers), Seed: r.opt.Seed, Date: r.now().UTC().Format("2006-01-02"),
	}
	s.Numbers = r.numbers()
	s.portable()
}

// portable leaves of absolute paths the last part: reports are handed on.
func (s *Study) portable() {
	texts := []*string{&s.Model.Name, &s.Burden.Remake, &s.Burden.Measure, &s.Device.Asked}
	for i := range s.Parts {
		texts = append(texts, &s.Parts[i].Spec)
	}
	for i := range s.Numbers {
		texts = append(texts, &s.Numbers[i].Command)
	}
	for i := range s.Burden.Commands {
		texts = append(texts, &s.Burden.Commands[i])
	}
	for i := range s.Warnings {
		texts = append(texts, &s.Warnings[i])
	}
	texts = append(texts, &s.Link.Command)
	if a := s.Link.Advice; a != nil {
		texts = append(texts, &a.Model, &a.Data, &a.Calib, &a.Confirm)
	}
	for i := range s.Pictures {
		texts = append(texts, &s.Pictures[i].Name)
	}
	for _, t := range texts {
		*t = report.WithoutFolders(*t)
	}
}

// burden is what is to be done next.
func (r *run) burden(p *profile.Profile) Burden {
	m, flags := Quote(r.opt.Model), r.opt.Flags
	calib := Quote(r.study.Part(Calibration).Spec)
	budget := r.candidates[r.study.Frontier.Chosen].Budget
	return Burden{
		Commands: []string{
			fmt.Sprintf("dqa calibrate %s%s --data %s --budget %g -o profile.dqap", m, flags, calib, budget),
			fmt.Sprintf("dqa run %s --profile profile.dqap --packed --data IMAGES -o outputs.npz", m),
			fmt.Sprintf("dqa drift profile.dqap --model %s --data IMAGES", m),
		},
		Remake: r.opt.Command, Profile: fmt.Sprintf("%x", p.Digest()),
		Measure: fmt.Sprintf("dqa bench engine %s --profile profile.dqap --json > device.json", m),
	}
}

// numbers are all that pages show of what was measured, each with its error, its command and its data.
func (r *run) numbers() []Number {
	s := r.study
	c := s.Frontier.Points[s.Frontier.Chosen]
	eval := r.command("eval", Confirmation, " --profile profile.dqap")
	n := list{r: r, remake: r.opt.Command}
	n.add("bits", "bits/value", c.Confirm.StoredBits, ErrMean, Confirmation, eval)
	scored := eval
	if s.Metric == "command" {
		scored = r.opt.Command
	}
	n.add("float32", "%", Interval{Value: c.Confirm.Float}, "", Confirmation, scored)
	n.add("stored", "%", Interval{Value: c.Confirm.Value}, "", Confirmation, scored)
	n.withAccuracy(c.Confirm)
	n.add("loss", "points", c.Confirm.Loss, lossError(s.Metric), Confirmation, scored)
	n.agreement(c.Confirm, eval)
	n.add("bytes-stored", "bytes", s.Bytes.Stored, ErrMean, Confirmation, eval)
	n.exact("bytes-float32", "bytes", float64(s.Bytes.Float), "dqa inspect "+Quote(r.opt.Model))
	if s.Memory != nil {
		plan := fmt.Sprintf("dqa plan %s --profile profile.dqap", Quote(r.opt.Model))
		n.exact("memory-packed", "bytes", float64(s.Memory.Packed), plan)
		n.exact("memory-float32", "bytes", float64(s.Memory.Float), plan)
	}
	for _, t := range s.Device.Here {
		n.add("ms-"+t.Mode, "ms", Interval{Value: t.MS, Low: t.Low, High: t.High}, ErrQuartiles, "", fmt.Sprintf(
			"dqa bench engine %s --profile profile.dqap", Quote(r.opt.Model)))
	}
	n.sending()
	changed := ErrWilson
	if s.Task.Kind == "masks" {
		changed = ErrMean
	}
	n.add("changed", "%", s.Changes.Changed, changed, Confirmation, r.opt.Command)
	n.once("calibration", "s", s.Cost.Calibration, r.opt.Command)
	n.exact("profile", "bytes", float64(s.Cost.Profile), "dqa inspect profile.dqap")
	n.once("encode", "ms", s.Cost.EncodeMS, r.opt.Command)
	n.once("decode", "ms", s.Cost.DecodeMS, r.opt.Command)
	for _, t := range s.Risk.Battery {
		if t.Error == "" {
			n.part("delay-"+t.Kind, "images", float64(t.Delay), Stream)
			n.part("repair-"+t.Kind, "%", t.After, Stream)
		}
	}
	return n.all
}

func lossError(metric string) string {
	return map[string]string{"top1": ErrPaired, "miou": ErrBootstrap, "agreement": ErrWilson, "command": ErrJackknife}[metric]
}

// command is a verb on a part.
func (r *run) command(verb, part, more string) string {
	return fmt.Sprintf("dqa %s %s%s --data %s%s", verb, Quote(r.opt.Model), r.opt.Flags, Quote(r.study.Part(part).Spec), more)
}

// list gathers numbers.
type list struct {
	r      *run
	remake string
	all    []Number
}

func (l *list) add(name, unit string, v Interval, kind, part, command string) {
	n := Number{Name: name, Unit: unit, Error: kind, Part: part, Command: command, Value: finite(v.Value), Images: l.r.study.Part(part).Images}
	if kind != ErrExact && kind != ErrOnce && kind != "" {
		n.Low, n.High = finite(v.Low), finite(v.High)
	}
	l.all = append(l.all, n)
}

// agreement is a share of images, or of pixels, whose images are not independent of each other.
func (l *list) agreement(o Outcome, command string) {
	if l.r.study.Task.Kind == "masks" || l.r.study.Changes.Images > 0 && l.r.study.Changes.Flipped == 0 && o.Agreement < 100 {
		changed := l.r.study.Changes.Changed
		same := Interval{Value: 100 - changed.Value, Low: 100 - changed.High, High: 100 - changed.Low}
		l.add("agreement", "%", same, ErrMean, Confirmation, command)
		return
	}
	l.add("agreement", "%", metric.Proportion(int(o.Agreement/100*float64(o.Images)+.5), o.Images), ErrWilson, Confirmation, command)
}

// sending adds what passes at the cut, and picture files.
func (l *list) sending() {
	s := l.r.study
	if s.Bytes.JPEG != nil {
		l.add("bytes-jpeg", "bytes", *s.Bytes.JPEG, ErrMean, Confirmation, l.remake)
	}
	add := func(name string, w *advise.Way) {
		if w != nil {
			l.add(name+"-bytes", "bytes", Interval{Value: w.Confirmed.Bytes}, ErrExact, Confirmation, s.Link.Command)
			l.add(name+"-loss", "points", w.Confirmed.Loss, lossError(s.Link.Advice.Metric), Confirmation, s.Link.Command)
		}
	}
	add("cut", s.Link.CutWay())
	add("file", s.Link.FileWay())
}

// withAccuracy gives the two accuracies their intervals: shares of images have Wilson's, others share the loss's command.
func (l *list) withAccuracy(o Outcome) {
	for i := range l.all {
		n := &l.all[i]
		if n.Name != "float32" && n.Name != "stored" {
			continue
		}
		n.Error = ErrShared
		if l.r.study.Metric == "top1" && n.Value != nil {
			v := metric.Proportion(int(*n.Value/100*float64(o.Images)+.5), o.Images)
			n.Error, n.Low, n.High = ErrWilson, finite(v.Low), finite(v.High)
		}
	}
}

func (l *list) exact(name, unit string, v float64, command string) {
	l.add(name, unit, Interval{Value: v}, ErrExact, "", command)
}

func (l *list) once(name, unit string, v float64, command string) {
	l.add(name, unit, Interval{Value: v}, ErrOnce, "", command)
}

func (l *list) part(name, unit string, v float64, part string) {
	l.add(name, unit, Interval{Value: v}, ErrOnce, part, l.remake)
}

// finite is nil for what is no number in JSON.
func finite(v float64) *float64 {
	if v-v != 0 {
		return nil
	}
	return &v
}
