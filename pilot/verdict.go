package pilot

// Lights of a verdict.
const (
	Green = "green"
	Amber = "amber"
	Red   = "red"
)

// Verdict is what a manager is told. It holds codes and numbers; pages have the words.
type Verdict struct {
	Light    string    `json:"light"`
	Purposes []Purpose `json:"purposes"`
	Reasons  []Reason  `json:"reasons"` // why it is not green, red ones first; empty if it is
}

// Purpose is something that fewer bits are for, with what is gained.
type Purpose struct {
	Name string  `json:"name"` // memory, link or store
	OK   bool    `json:"ok"`
	Gain float64 `json:"gain"` // factor; 0: not measured
	Need float64 `json:"need"` // factor that is wanted at least
	Why  string  `json:"why"`  // code of why not; "" where it is
}

// Reason is why a verdict is not green.
type Reason struct {
	Code  string  `json:"code"`
	Light string  `json:"light"`
	Value float64 `json:"value"`
	Limit float64 `json:"limit"`
}

// What a verdict goes by. A gain is a factor: float32 bytes / bytes then.
const (
	MinMemoryGain = 1.5  // of activations in memory, float32 as this engine runs it / packed
	MinStoreGain  = 4.   // of stored activations: what plain 8-bit integers give anybody
	MinLinkGain   = 1.25 // of what passes at a cut, against the smallest picture file that keeps the limit

	MinCalibration               = 16 // images
	MinImages, FewImages         = 50, 150
	MinMaskImages, FewMaskImages = 10, 30
	memory, link, storage        = "memory", "link", "store"
	notMeasured, tooLittle       = "not-measured", "gain"
	fileBetter, fileUnknown      = "file-better", "no-file"
	noCut, cutLoses              = "no-cut", "cut-loses"
)

// Purposes are the words of Purpose.Name.
func Purposes() []string { return []string{memory, link, storage} }

// ReasonCodes are those of Reason.Code, and of Purpose.Why.
func ReasonCodes() (reasons, why []string) {
	return []string{"guessing", "few-images", "one-class", "few-calibration", "overlap", "drifted", "loss", "no-gain", "some-images",
		"uncertain", "unlabelled"}, []string{notMeasured, tooLittle, fileBetter, fileUnknown, noCut, cutLoses}
}

// facts are what a verdict is made of.
type facts struct {
	Guessing, OneClass, Overlap bool
	Drifted                     bool // images of the stream part do not look like those of the calibration
	Masks, Labelled             bool
	Calib, Confirm              int // images
	Loss                        Interval
	Limit                       float64
	Memory, Store               float64 // gains; 0: not measured
	Cuts                        bool    // there are some that could be measured
	Cut, CutLoss, File          float64 // bytes, points, bytes; 0: none keeps the limit
}

// judge makes the verdict. It is red where anything makes the figures worthless or the loss is beyond the limit, or where no purpose
// gains; amber where they may hold, but more should be measured before they are relied on.
func judge(f facts) Verdict {
	v := Verdict{Light: Green, Purposes: purposes(f), Reasons: []Reason{}}
	v.add(f.Guessing, "guessing", Red, 0, 0)
	least, few := MinImages, FewImages
	if f.Masks {
		least, few = MinMaskImages, FewMaskImages
	}
	v.add(f.Confirm < least, "few-images", Red, float64(f.Confirm), float64(least))
	v.add(f.OneClass, "one-class", Red, 0, 0)
	v.add(f.Calib < MinCalibration, "few-calibration", Red, float64(f.Calib), MinCalibration)
	v.add(f.Overlap, "overlap", Red, 0, 0)
	v.add(f.Drifted, "drifted", Red, 0, 0)
	over := !(f.Loss.Value <= f.Limit)
	v.add(over, "loss", Red, f.Loss.Value, f.Limit)
	any := false
	for _, p := range v.Purposes {
		any = any || p.OK
	}
	v.add(!any, "no-gain", Red, 0, 0)
	v.add(f.Confirm >= least && f.Confirm < few, "some-images", Amber, float64(f.Confirm), float64(few))
	v.add(!over && !(f.Loss.High <= f.Limit), "uncertain", Amber, f.Loss.High, f.Limit)
	v.add(!f.Labelled, "unlabelled", Amber, 0, 0)
	return v
}

func (v *Verdict) add(so bool, code, light string, value, limit float64) {
	if !so {
		return
	}
	if v.Reasons = append(v.Reasons, Reason{code, light, value, limit}); light == Red || v.Light == Green {
		v.Light = light
	}
}

// purposes says for each what is gained, and whether that is enough.
func purposes(f facts) []Purpose {
	m := Purpose{Name: memory, Gain: f.Memory, Need: MinMemoryGain}
	switch {
	case f.Memory == 0:
		m.Why = notMeasured
	case f.Memory < MinMemoryGain:
		m.Why = tooLittle
	}
	l := Purpose{Name: link, Need: MinLinkGain}
	switch {
	case !f.Cuts:
		l.Why = noCut
	case f.Cut == 0 || !(f.CutLoss <= f.Limit):
		l.Why = cutLoses
	case f.File == 0:
		l.Why = fileUnknown
	default:
		if l.Gain = f.File / f.Cut; l.Gain < MinLinkGain {
			l.Why = fileBetter
		}
	}
	s := Purpose{Name: storage, Gain: f.Store, Need: MinStoreGain}
	if f.Store < MinStoreGain {
		s.Why = tooLittle
	}
	all := []Purpose{m, l, s}
	for i := range all {
		all[i].OK = all[i].Why == ""
	}
	return all
}
