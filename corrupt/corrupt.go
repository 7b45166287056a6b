// Package corrupt makes images worse, by known amounts: the 15 corruptions of CIFAR-10-C and ImageNet-C in five severities
// (Hendrycks and Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and Perturbations", ICLR 2019), from
// their published formulas and numbers, and a camera that changes over time. It is for tests of what watches a stream.
//
// Two things are not as published: frost is drawn here, where the authors lay photographs over the image, and motion blur is that of
// the package imagecorruptions, which does what they ask another program for. check.py compares all with that package.
//
// What happens to image i depends on nothing but i, the seed, the kind and its severity.
package corrupt

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
)

// Kind is what happens to images.
type Kind string

// The kinds, in the order in which they are published, and those of a camera that changes, stronger from image to image.
const (
	GaussianNoise Kind = "gaussian-noise"
	ShotNoise     Kind = "shot-noise"
	ImpulseNoise  Kind = "impulse-noise"
	DefocusBlur   Kind = "defocus-blur"
	GlassBlur     Kind = "glass-blur"
	MotionBlur    Kind = "motion-blur"
	ZoomBlur      Kind = "zoom-blur"
	Snow          Kind = "snow"
	Frost         Kind = "frost"
	Fog           Kind = "fog"
	Brightness    Kind = "brightness"
	Contrast      Kind = "contrast"
	Elastic       Kind = "elastic"
	Pixelate      Kind = "pixelate"
	JPEG          Kind = "jpeg"

	SensorGain   Kind = "sensor-gain"
	SensorOffset Kind = "sensor-offset"
	SensorDust   Kind = "sensor-dust"
)

// MaxSeverity is the worst; 1 is the least.
const MaxSeverity = 5

// entry is what a kind does to an image in place: values 0 to 1, plane by plane.
type entry struct {
	kind  Kind
	apply func(im *Image, r *rand.Rand, severity int)
}

// published has one line per kind of CIFAR-10-C.
var published = []entry{
	{GaussianNoise, gaussianNoise}, {ShotNoise, shotNoise}, {ImpulseNoise, impulseNoise},
	{DefocusBlur, defocusBlur}, {GlassBlur, glassBlur}, {MotionBlur, motionBlur}, {ZoomBlur, zoomBlur},
	{Snow, snow}, {Frost, frost}, {Fog, fog}, {Brightness, brightness},
	{Contrast, contrast}, {Elastic, elastic}, {Pixelate, pixelate}, {JPEG, compressJPEG},
}

// sensor has those of a camera; strength is the severity times the share of SensorTime that has passed.
var sensor = map[Kind]func(im *Image, r *rand.Rand, strength float64){
	SensorGain: sensorGain, SensorOffset: sensorOffset, SensorDust: sensorDust,
}

// SensorTime is the number of images after which a camera has changed by the severity that was asked for; then it stays so.
const SensorTime = 1000

// Kinds are the 15 of CIFAR-10-C.
func Kinds() []Kind {
	var all []Kind
	for _, e := range published {
		all = append(all, e.kind)
	}
	return all
}

// SensorKinds are those of a camera that changes.
func SensorKinds() []Kind { return []Kind{SensorGain, SensorOffset, SensorDust} }

// ErrKind is wrapped where a kind or a severity does not exist.
var ErrKind = errors.New("no such corruption")

// Image is a picture of 1 or 3 channels.
type Image struct {
	Channels, Height, Width int
	Pix                     []float64 // 0 to 1, plane by plane, row by row
	// Large takes the numbers of ImageNet-C, as imagecorruptions 1.1.2 has them, instead of those of CIFAR-10-C.
	Large bool
}

// Corruption is a kind at a severity, 1 to MaxSeverity.
type Corruption struct {
	Kind     Kind
	Severity int
	Seed     uint64
}

// Check says whether there is such a corruption; errors wrap ErrKind.
func (c Corruption) Check() error {
	_, timed := sensor[c.Kind]
	if !timed && c.find() < 0 {
		return fmt.Errorf("%w: %.40q: %s, %s exist", ErrKind, c.Kind, Kinds(), SensorKinds())
	}
	if c.Severity < 1 || c.Severity > MaxSeverity {
		return fmt.Errorf("%w: severity %d, 1 to %d exist", ErrKind, c.Severity, MaxSeverity)
	}
	return nil
}

func (c Corruption) find() int {
	return slices.IndexFunc(published, func(e entry) bool { return e.kind == c.Kind })
}

// Apply corrupts image i of a sequence in place. Values end as whole levels of 255, rounded down, as the published sets have
// them. Images of other than 1 or 3 channels, or smaller than 16 pixels, are ErrKind.
func (c Corruption) Apply(im *Image, i int) error {
	if err := c.Check(); err != nil {
		return err
	}
	if im.Channels != 1 && im.Channels != 3 || min(im.Height, im.Width) < 16 {
		return fmt.Errorf("%w for %d channels of %dx%d: 1 or 3 of at least 16x16", ErrKind, im.Channels, im.Height, im.Width)
	}
	if apply, ok := sensor[c.Kind]; ok {
		// The same camera takes all images: its random numbers are the seed's alone.
		apply(im, rand.New(rand.NewPCG(c.Seed, 1<<63)), float64(c.Severity)*min(1, float64(i)/SensorTime))
	} else {
		published[c.find()].apply(im, rand.New(rand.NewPCG(c.Seed, uint64(i))), c.Severity)
	}
	for k, v := range im.Pix {
		im.Pix[k] = float64(int(255*clip(v)+1e-9)) / 255
	}
	return nil
}

func clip(v float64) float64 { return max(0, min(1, v)) }

// plane is that of channel c.
func (im *Image) plane(c int) []float64 {
	n := im.Height * im.Width
	return im.Pix[c*n:][:n]
}

// pick is the number for a severity, of CIFAR-10-C or of ImageNet-C.
func pick[T any](im *Image, severity int, small, large [MaxSeverity]T) T {
	if im.Large {
		return large[severity-1]
	}
	return small[severity-1]
}
