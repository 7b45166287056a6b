package pilot

import (
	"github.com/dqa-go/dqa/advise"
	"github.com/dqa-go/dqa/metric"
)

// Schema is the version of Study as JSON (docs/schema/pilot.schema.json).
const Schema = 1

// Study is what a pilot found out: all that the report shows, and report.json. It holds numbers and codes; the words of every language
// are the page's. Accuracies are in percent, losses in points, sizes in bytes, times in milliseconds unless a name says otherwise.
type Study struct {
	Schema   int       `json:"schema"`
	Model    Model     `json:"model"`
	Task     Task      `json:"task"`
	Metric   string    `json:"metric"` // "top1", "miou", "command", or "agreement" with float32 where there are no labels
	Parts    []Part    `json:"parts"`
	Split    bool      `json:"split_by_dqa"` // calibration images were taken from the data
	Limit    float64   `json:"limit"`        // of the loss, points
	Verdict  Verdict   `json:"verdict"`
	Frontier Frontier  `json:"frontier"`
	Bytes    Bytes     `json:"bytes_per_image"`
	Link     Link      `json:"link"`
	Memory   *Memory   `json:"memory"` // null: the engine does not tell
	Device   Device    `json:"device"`
	Changes  Changes   `json:"changes"`
	Pictures []Picture `json:"pictures"`
	Layers   []Layer   `json:"layers"`
	Cost     Cost      `json:"cost"`
	Risk     Risk      `json:"risk"`
	Burden   Burden    `json:"burden"`
	Numbers  []Number  `json:"numbers"`
	Warnings []string  `json:"warnings"` // what dqa said of data and network, in English
	Made     Made      `json:"made"`
}

// Model is the network.
type Model struct {
	Name     string `json:"name"`
	Digest   string `json:"sha256"`
	Edges    int    `json:"layers"` // tensors that are stored
	Values   int64  `json:"values_per_image"`
	Products int64  `json:"multiply_adds"`
	Input    []int  `json:"input"`
	EdgeSet  string `json:"edge_set"`
}

// Task is what the data asks of the network.
type Task struct {
	Kind    string   `json:"kind"` // "classes", "masks" or "none"
	Classes int      `json:"classes"`
	Names   []string `json:"names"`  // of classes, "" where none is known
	Normal  int      `json:"normal"` // the class without a defect; -1: there is none
}

// Name is what class c is called.
func (t *Task) Name(c int) string {
	if c >= 0 && c < len(t.Names) && t.Names[c] != "" {
		return t.Names[c]
	}
	return itoa(c)
}

// Part is a part of the images, and what it is for.
type Part struct {
	Use    string `json:"use"` // Calibration, Choice, Confirmation, Stream or Lot
	Spec   string `json:"data"`
	Images int    `json:"images"`
	Digest string `json:"sha256"`
}

// What parts are for.
const (
	Calibration  = "calibration"
	Choice       = "choice"
	Confirmation = "confirmation"
	Stream       = "stream"
	Lot          = "lot"
)

// Part is the part of a use; one without images where there is none.
func (s *Study) Part(use string) Part {
	for _, p := range s.Parts {
		if p.Use == use {
			return p
		}
	}
	return Part{Use: use}
}

// Number is a measured number with where it comes from.
type Number struct {
	Name    string   `json:"name"`
	Value   *float64 `json:"value"`
	Unit    string   `json:"unit"`
	Low     *float64 `json:"low"` // of its interval; null: see Error
	High    *float64 `json:"high"`
	Error   string   `json:"error"` // what the interval is: one of the Err words
	Images  int      `json:"images"`
	Part    string   `json:"part"` // whose digest Study.Parts has
	Command string   `json:"command"`
}

// What the error of a number is.
const (
	ErrPaired    = "paired-95"    // paired difference of two proportions, 95 %
	ErrWilson    = "wilson-95"    // proportion, 95 %
	ErrBootstrap = "bootstrap-95" // over images, 95 %
	ErrJackknife = "jackknife-95" // of what a command prints, over groups of images, 95 %
	ErrMean      = "mean-95"      // mean over images, 95 %
	ErrQuartiles = "quartiles"    // of alternating rounds
	ErrExact     = "exact"        // counted or planned: the same every time
	ErrOnce      = "once"         // measured once on this machine
	ErrShared    = "with-loss"    // of a sample: the loss has the paired error
)

// Interval is an estimate with its 95 % interval.
type Interval = metric.Interval

// Outcome is what one setting comes to on one part.
type Outcome struct {
	Images     int      `json:"images"`
	StoredBits Interval `json:"stored_bits"` // per value
	FrameBytes float64  `json:"frame_bytes"` // mean per image
	Float      float64  `json:"float32"`     // the metric
	Value      float64  `json:"value"`       // the metric of the stored network
	Loss       Interval `json:"loss"`        // points; of agreement: 100 less it
	SE         float64  `json:"loss_se"`
	Agreement  float64  `json:"agreement"`
	KL         float64  `json:"kl"`
}

// Point is a setting on both parts.
type Point struct {
	Setting string  `json:"setting"` // as `dqa eval --methods` takes it
	Tier    string  `json:"tier"`    // its name for `dqa calibrate --tier`; "" where it has none
	Ours    bool    `json:"graded"`  // false: the baseline
	Profile string  `json:"profile_sha256"`
	Bytes   int     `json:"profile_bytes"`
	Choice  Outcome `json:"choice"`
	Confirm Outcome `json:"confirmation"`
}

// Frontier is loss against stored bits.
type Frontier struct {
	Points   []Point `json:"points"`   // in the order of their bits, the baseline's behind ours
	Chosen   int     `json:"chosen"`   // index in Points; chosen on the choice part alone
	Rule     string  `json:"rule"`     // RuleWithin or RuleBest
	Baseline int     `json:"baseline"` // the baseline that the same rule chooses; -1: none keeps the limit
}

// How a point was chosen.
const (
	RuleWithin = "fewest-bits-within-limit" // loss and its standard error are within the limit
	RuleBest   = "least-loss"               // none is
)

// Bytes are sizes per image, on the confirmation part.
type Bytes struct {
	Float  int64     `json:"float32"` // of all stored tensors
	Stored Interval  `json:"stored"`
	Input  int64     `json:"input_float32"`
	JPEG   *Interval `json:"jpeg"` // of the image at quality JPEGQuality; null: the data are no pictures
}

// JPEGQuality is that of the site's JPEG, if nothing else is known.
const JPEGQuality = 90

// Link is sending an image: as a picture file, or what passes at a cut.
type Link struct {
	Rate    float64        `json:"bits_per_second"`
	Advice  *advise.Advice `json:"advice"` // all ways: what Command prints
	Cut     int            `json:"cut"`    // of Advice.Ways: the smallest within the limit, at most MaxHead of the work before it; -1: none
	File    int            `json:"file"`   // of Advice.Ways: the smallest picture file within the limit; -1: the data are no pictures
	Command string         `json:"command"`
}

// MaxHead is the share of multiply-adds that a device in front of a link is given at most.
const MaxHead = .5

// Memory is what activations of one image take at their peak.
type Memory struct {
	Float  int64 `json:"float32"` // as this engine runs it
	Ideal  int64 `json:"float32_ideal"`
	Packed int64 `json:"packed"`
}

// Device is time per image.
type Device struct {
	Asked string   `json:"asked"`    // as --device has it; "" where nothing was
	Here  []Timing `json:"here"`     // on the machine that made this
	There []Timing `json:"measured"` // on the device; null: not measured
	Load  float64  `json:"load"`     // of this machine
	CPU   string   `json:"cpu"`
}

// Timing is one way to run.
type Timing struct {
	Mode   string  `json:"mode"` // float or packed
	MS     float64 `json:"ms"`
	Low    float64 `json:"ms_first_quartile"`
	High   float64 `json:"ms_third_quartile"`
	CPUMS  float64 `json:"cpu_ms"`
	Rounds int     `json:"rounds"`
}

// Changes are what is different in practice, on the confirmation part.
type Changes struct {
	Images   int           `json:"images"`
	Changed  Interval      `json:"changed"` // percent of images whose class changes; of masks: of pixels
	Flipped  int           `json:"flipped"` // images whose class changes; of masks: images whose finding does
	Missed   int           `json:"newly_missed"`
	Alarms   int           `json:"newly_false_alarms"`
	Worse    int           `json:"newly_wrong"`
	Better   int           `json:"newly_right"`
	Other    int           `json:"otherwise_wrong"` // wrong before and after, in another way
	Worst    int           `json:"worst_class"`     // -1: none loses
	WorstBy  float64       `json:"worst_class_by"`  // images newly wrong of it; of masks: points of its IoU
	ByClass  []ClassChange `json:"by_class"`
	Labelled bool          `json:"labelled"`
}

// ClassChange is what happens to one class.
type ClassChange struct {
	Class  int     `json:"class"`
	Images int     `json:"images"`
	Worse  int     `json:"newly_wrong"`
	Better int     `json:"newly_right"`
	Float  float64 `json:"float32"` // of masks: IoU
	Stored float64 `json:"stored"`
}

// Picture is an image that is shown, with the reason.
type Picture struct {
	Name   string  `json:"name"`
	Why    string  `json:"why"`   // missed, alarm, worse, better, changed, near, worst, median, best
	Label  int     `json:"label"` // -1: none
	Float  int     `json:"float32"`
	Stored int     `json:"stored"`
	FloatP float64 `json:"float32_confidence"` // percent
	StoreP float64 `json:"stored_confidence"`
	Loss   float64 `json:"loss"`   // of masks: percent of pixels that are newly wrong (without labels: that change)
	Panels []Panel `json:"panels"` // image alone, or image, truth, float, stored, difference
}

// Panel is a picture as bytes.
type Panel struct {
	Kind string `json:"kind"`
	Type string `json:"type"` // image/png or image/jpeg
	Data []byte `json:"data"` // base64 in JSON
}

// Layer is one stored tensor.
type Layer struct {
	Name        string  `json:"name"`
	Op          string  `json:"op"`
	Values      int64   `json:"values"`
	Bits        float64 `json:"bits_per_value"`
	Bytes       float64 `json:"bytes"`       // per image
	Share       float64 `json:"share"`       // percent of all stored bytes
	Sensitivity float64 `json:"sensitivity"` // percent of the most sensitive layer's predicted harm, if stored in SensitivityBits a value
	Damage      float64 `json:"damage"`      // percent of the predicted harm
}

// SensitivityBits are the bits per value at which layers are compared.
const SensitivityBits = 2

// Cost is what it takes.
type Cost struct {
	Calibration float64 `json:"calibration_cpu_seconds"` // of the recommended setting alone
	Study       float64 `json:"study_seconds"`
	CPU         float64 `json:"study_cpu_seconds"`
	Told        float64 `json:"told_seconds"` // beforehand
	Profile     int     `json:"profile_bytes"`
	EncodeMS    float64 `json:"encode_ms"` // per image, one core of this machine
	DecodeMS    float64 `json:"decode_ms"`
	PerDay      int     `json:"images_per_day"` // assumed, of one camera
	Cameras     int     `json:"cameras"`
	Price       float64 `json:"price_per_gigabyte"`
}

// Risk is what could go wrong.
type Risk struct {
	Battery    []Trial  `json:"battery"`
	Clean      *Trial   `json:"clean"` // images of the stream part as they are: a new lot, if nothing else was given
	Unmeasured []string `json:"not_measured"`
}

// Trial is a stream that changes.
type Trial struct {
	Kind      string  `json:"kind"` // brightness, blur, lot
	Severity  int     `json:"severity"`
	Change    int     `json:"change"` // image at which it changes
	Images    int     `json:"images"`
	Alarm     int     `json:"alarm"` // image of the first alarm behind the change; -1: none
	Delay     int     `json:"delay"` // images until then; -1: none
	False     int     `json:"false_alarms"`
	Agreement float64 `json:"agreement_before"` // of stored with float32 on changed images, percent
	After     float64 `json:"agreement_repaired"`
	BitsClean float64 `json:"bits_clean"`
	Bits      float64 `json:"bits_before"`
	BitsAfter float64 `json:"bits_repaired"`
	Repaired  bool    `json:"repair_accepted"`
	Repair    int     `json:"repair_images"`
	Error     string  `json:"error"`  // code of why it was not measured: of TrialErrors; ""
	Wanted    int     `json:"wanted"` // images, where Images are too few
}

// Burden is what is to be done next.
type Burden struct {
	Commands []string `json:"commands"` // calibrate, run, watch
	Remake   string   `json:"remake"`
	Profile  string   `json:"profile_sha256"`
	Measure  string   `json:"measure_on_device"`
}

// Made is where the study comes from.
type Made struct {
	Tool    string `json:"tool"`
	Engine  string `json:"engine"`
	Machine string `json:"machine"`
	Cores   int    `json:"cores"`
	Workers int    `json:"workers"`
	Seed    uint64 `json:"seed"`
	Date    string `json:"date"`
}
