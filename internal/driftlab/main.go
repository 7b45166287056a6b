// Command driftlab measures package drift on one network, for docs/results/drift.md: runs between false alarms, delays behind 15
// corruptions, what repairs regain. It prints Markdown.
package main

import (
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/corrupt"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/drift"
	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
)

// lab is one network and what it is measured with.
type lab struct {
	net          *session.Network
	quantized    *session.Quantized
	references   []*profile.Reference
	ert          float64
	window, runs int
	most         int    // images of every source; 0: all
	images       int    // watched for false alarms
	learners     int    // images of a repair
	judges       int    // images that judge repairs
	kinds        string // of corruption; empty: all
	levels       string // of repair
	clean, shift string
	dump         string
	ctx          context.Context
	tries        int
	seed         uint64
	pool         [][]dqa.EdgeCounts
	watching     []*drift.Monitor // of the references, for delays
}

func main() {
	model, prof := flag.String("model", "", "network"), flag.String("profile", "", "its profile")
	calib := flag.String("calib", "", "images of the reference, if the profile's is not to be taken")
	references := flag.Int("references", 1, "so many references, each of its part of these images")
	clean, shift := flag.String("clean", "", "clean images, others"), flag.String("shift", "", "images that are corrupted, others")
	ert, window := flag.Float64("ert", drift.DefaultERT, "images between false alarms"), flag.Int("window", drift.DefaultWindow, "window")
	images := flag.Int("images", 200000, "images that are watched for false alarms, by each reference")
	most := flag.Int("most", 0, "images of every source at most, to see whether a measurement works; 0: all")
	runs := flag.Int("runs", 16, "streams behind every corruption")
	what := flag.String("what", "ert,video,delay", "ert, video, delay, natural, dump, repair, trials")
	natural := flag.String("natural", "", "images of natural shifts, NAME=SPEC;NAME=SPEC")
	tries, seed := flag.Int("tries", 200, "repairs of the trials"), flag.Uint64("seed", 1, "of thresholds, streams, corruptions and trials")
	dump := flag.String("dump", "", "folder for features of images, for other detectors")
	learners := flag.Int("learners", 64, "images of a repair")
	judges := flag.Int("judges", 256, "images that judge repairs")
	kinds := flag.String("kinds", "", "corruptions of delays and repairs (default: all)")
	levels := flag.String("levels", strings.Join(session.RepairLevels(), ","), "of repair")
	flag.Parse()
	l := &lab{ert: *ert, window: *window, runs: *runs, images: *images, most: *most, clean: *clean, shift: *shift, ctx: context.Background(),
		dump: *dump, tries: *tries, seed: *seed, learners: *learners, judges: *judges, kinds: *kinds, levels: *levels}
	must(l.open(*model, *prof, *calib, *references))
	for _, w := range strings.Split(*what, ",") {
		l.measure(w, *calib, *natural)
	}
}

func (l *lab) measure(what, calib, natural string) {
	switch what {
	case "ert":
		l.measureERT()
	case "video":
		l.video()
	case "delay":
		l.delays()
	case "natural":
		l.natural(natural)
	case "dump":
		l.features(calib)
	case "repair":
		l.repairs()
	case "trials":
		l.trials()
	}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "driftlab:", err)
		os.Exit(1)
	}
}

func check[T any](v T, err error) T {
	must(err)
	return v
}

func (l *lab) open(model, prof, calib string, references int) error {
	p, err := profile.Parse(check(os.ReadFile(prof)))
	if err != nil {
		return err
	}
	if l.net, err = session.Open(model, session.OptionsOf(p)); err != nil {
		return err
	}
	if l.quantized, err = l.net.Bind(p); err != nil {
		return err
	}
	if calib == "" {
		r, err := p.Reference()
		l.references = append(l.references, r)
		return err
	}
	src := check(l.source(calib))
	for k := range references {
		l.references = append(l.references, l.learn(l.counts(l.quantized, part(src, k*src.Len()/references, (k+1)*src.Len()/references))))
	}
	return nil
}

// learn is a reference of images, of all if there are not too many.
func (l *lab) learn(counts [][]dqa.EdgeCounts) *profile.Reference {
	learner := drift.NewLearner(l.quantized.Codec().Profile())
	for _, i := range drift.Pick(len(counts)) {
		learner.Add(counts[i])
	}
	return check(learner.Reference(len(counts)))
}

func (l *lab) monitor(r *profile.Reference) *drift.Monitor {
	return check(drift.New(l.quantized.Codec().Profile(), r, drift.Options{ERT: l.ert, Window: l.window, Seed: l.seed}))
}

// counts are those of all images of a source.
func (l *lab) counts(q *session.Quantized, src dataset.Source) [][]dqa.EdgeCounts {
	in := check(l.net.Inputs(src))
	type worker struct {
		counters *dqa.Counters
		enc      *dqa.Encoder
	}
	workers := make([]worker, runtime.NumCPU())
	var all [][]dqa.EdgeCounts
	must(parallel.Ordered(l.ctx, in.Len(), len(workers), func(w, i int) ([]dqa.EdgeCounts, error) {
		k := &workers[w]
		if k.enc == nil {
			k.counters = q.Codec().NewCounters()
			k.enc = q.Codec().NewEncoder(dqa.WithCounters(k.counters))
		}
		k.counters.Reset()
		x, err := in.Input(i)
		if err == nil {
			_, err = q.Program().Run(x, k.enc.Hook)
		}
		return slices.Clone(k.counters.Edges), err
	}, func(_ int, c []dqa.EdgeCounts) error {
		all = append(all, c)
		return nil
	}))
	return all
}

// source are the images of a spec, no more than are wanted.
func (l *lab) source(spec string) (dataset.Source, error) {
	src, err := dataset.Open(spec)
	if err != nil || l.most == 0 || src.Len() <= l.most {
		return src, err
	}
	return dataset.Slice(src, 0, l.most)
}

func (l *lab) cleanPool() [][]dqa.EdgeCounts {
	if l.pool == nil {
		l.pool = l.counts(l.quantized, check(l.source(l.clean)))
	}
	return l.pool
}

// falseAlarms counts alarms in so many images, blocks of a pool at random; a monitor begins anew behind an alarm.
func (l *lab) falseAlarms(r *profile.Reference, pool [][]dqa.EdgeCounts, block, images int) (alarms, watched int) {
	rng := rand.New(rand.NewPCG(l.seed, 2))
	m := l.monitor(r)
	for watched < images {
		b := rng.IntN(len(pool) / block)
		for _, c := range pool[b*block : (b+1)*block] {
			watched++
			if check(m.Add(c)) != nil {
				alarms++
				m.Restart()
			}
		}
	}
	return alarms, watched
}

// interval is that of the mean run between alarms which come at random, 95 %, by the chi-squared distribution (Wilson and Hilferty).
func interval(alarms, images int) (low, high float64) {
	quantile := func(n float64, z float64) float64 {
		return n * math.Pow(1-2/(9*n)+z*math.Sqrt(2/(9*n)), 3)
	}
	low = 2 * float64(images) / quantile(2*float64(alarms+1), 1.96)
	if alarms == 0 {
		return 2 * float64(images) / quantile(2, 1.645), math.Inf(1)
	}
	return low, 2 * float64(images) / quantile(2*float64(alarms), -1.96)
}

func (l *lab) measureERT() {
	alarms, images, each := 0, 0, []int{}
	for _, r := range l.references {
		a, n := l.falseAlarms(r, l.cleanPool(), 1, l.images)
		alarms, images, each = alarms+a, images+n, append(each, a)
	}
	low, high := interval(alarms, images)
	fmt.Printf("| clean, independent | %d images drawn from %d, %d references | %d %v | %.0f to %.0f |\n", images, len(l.pool), len(each),
		alarms, each, low, high)
}

// scene is how many images of a video-like stream show the same picture, flipped and shifted.
const scene = 8

// video learns a reference from scenes, and watches others.
func (l *lab) video() {
	src := check(l.source(l.clean))
	pictures := min(src.Len(), 288)
	var frames [scene][][]dqa.EdgeCounts
	for k := range scene {
		part, _ := dataset.HoldBack(dataset.Jitter(src, uint64(k)), src.Len()+1)
		frames[k] = l.counts(l.quantized, dataset.Pick(part, pictures, 3))
	}
	var all [][]dqa.EdgeCounts
	for i := range pictures {
		for k := range scene {
			all = append(all, frames[k][i])
		}
	}
	const learn = drift.MaxImages
	alarms, images := l.falseAlarms(l.learn(all[:learn]), all[learn:], scene, l.images)
	low, high := interval(alarms, images)
	fmt.Printf("| clean, scenes of %d images | %d images of %d scenes | %d | %.0f to %.0f |\n", scene, images,
		pictures-learn/scene, alarms, low, high)
	alarms, images = l.falseAlarms(l.references[0], all[learn:], scene, l.images/10)
	low, high = interval(alarms, images)
	fmt.Printf("| the same, reference of independent images | %d images | %d | %.0f to %.0f |\n", images, alarms, low, high)
}

// unseen is the delay from which on a change counts as not seen.
const unseen = 384

// delay is the median of images from a change to the alarm, over streams, and how many streams had none. References take turns.
func (l *lab) delay(changed [][]dqa.EdgeCounts, seed uint64) (median float64, missed int) {
	pool := l.cleanPool()
	rng := rand.New(rand.NewPCG(seed, 5))
	delays := make([]float64, l.runs)
	for s := range delays {
		m := l.watching[s%len(l.watching)]
		m.Restart()
		for range 50 {
			check(m.Add(pool[rng.IntN(len(pool))]))
		}
		delays[s] = math.Inf(1)
		for i := range unseen {
			if a := check(m.Add(changed[rng.IntN(len(changed))])); a != nil {
				delays[s] = float64(i + 1)
				break
			}
		}
		if math.IsInf(delays[s], 1) {
			missed++
		}
	}
	slices.Sort(delays)
	return delays[(len(delays)-1)/2], missed
}

// wanted are the kinds of corruption that are measured.
func (l *lab) wanted() []corrupt.Kind {
	return slices.DeleteFunc(corrupt.Kinds(), func(k corrupt.Kind) bool {
		return l.kinds != "" && !slices.Contains(strings.Split(l.kinds, ","), string(k))
	})
}

// corrupted corrupts images; of those of two channels, a board and what it is held against, the first.
func (l *lab) corrupted(src dataset.Source, c corrupt.Corruption) (dataset.Source, error) {
	changed, err := corrupt.Source(board{src}, c)
	return &kept{Source: beside{changed, src}, samples: make([]func() (dataset.Sample, error), src.Len())}, err
}

// kept are images that are made once and read often.
type kept struct {
	dataset.Source
	mu      sync.Mutex
	samples []func() (dataset.Sample, error)
}

func (k *kept) Sample(i int) (dataset.Sample, error) {
	k.mu.Lock()
	if k.samples[i] == nil {
		k.samples[i] = sync.OnceValues(func() (dataset.Sample, error) { return k.Source.Sample(i) })
	}
	sample := k.samples[i]
	k.mu.Unlock()
	return sample()
}

// board are images, of those of two channels the first.
type board struct{ dataset.Source }

func (b board) Sample(i int) (dataset.Sample, error) {
	s, err := b.Source.Sample(i)
	if im := &s.Image; err == nil && im.Channels == 2 {
		im.Channels, im.Pix = 1, im.Pix[:im.Height*im.Width]
	}
	return s, err
}

// beside are images with the channel that board has left out.
type beside struct {
	dataset.Source
	whole dataset.Source
}

func (b beside) Sample(i int) (dataset.Sample, error) {
	s, err := b.Source.Sample(i)
	if err != nil {
		return s, err
	}
	whole, err := b.whole.Sample(i)
	if im := &s.Image; err == nil && whole.Image.Channels == 2 {
		im.Channels, im.Pix = 2, slices.Concat(im.Pix, whole.Image.Pix[len(im.Pix):])
	}
	return s, err
}

func (l *lab) delays() {
	for _, r := range l.references {
		l.watching = append(l.watching, l.monitor(r))
	}
	src := check(l.source(l.shift))
	fmt.Println("\n| corruption | severity 1 | severity 3 | looks |\n|---|---:|---:|---|")
	var all [2][]float64
	for _, k := range l.wanted() {
		line := fmt.Sprintf("| %s |", k)
		like := drift.Like("")
		for n, severity := range []int{1, 3} {
			counts := l.counts(l.quantized, check(l.corrupted(src, corrupt.Corruption{Kind: k, Severity: severity, Seed: l.seed})))
			d, missed := l.delay(counts, 1000*(l.seed-1)+uint64(severity))
			all[n] = append(all[n], d)
			line += cell(d, missed, l.runs)
			like = l.looks(counts)
		}
		fmt.Println(line, like, "|")
	}
	line := "| **median** |"
	for _, d := range all {
		slices.Sort(d)
		line += cell(d[len(d)/2], 0, l.runs)
	}
	fmt.Println(line, "|")
}

func cell(d float64, missed, runs int) string {
	switch {
	case math.IsInf(d, 1) && missed == 0: // of corruptions
		return fmt.Sprintf(" not within %d |", unseen)
	case math.IsInf(d, 1):
		return fmt.Sprintf(" not within %d in %d of %d |", unseen, missed, runs)
	case missed > 0:
		return fmt.Sprintf(" %.0f (none in %d of %d) |", d, missed, runs)
	}
	return fmt.Sprintf(" %.0f |", d)
}

// looks is what an alarm says of a stream.
func (l *lab) looks(changed [][]dqa.EdgeCounts) drift.Like {
	m := l.monitor(l.references[0])
	for i := range unseen {
		if a := check(m.Add(changed[i%len(changed)])); a != nil {
			return a.Like
		}
	}
	return "-"
}

// natural watches streams that differ by themselves.
func (l *lab) natural(specs string) {
	fmt.Println("\n| stream | images | first alarm | alarms | looks |\n|---|---:|---:|---:|---|")
	for _, s := range strings.Split(specs, ";") {
		name, spec, _ := strings.Cut(s, "=")
		m, first, alarms, like := l.monitor(l.references[0]), "none", 0, drift.Like("")
		counts := l.counts(l.quantized, check(l.source(spec)))
		for _, c := range counts {
			if a := check(m.Add(c)); a != nil {
				if alarms++; alarms == 1 {
					first, like = fmt.Sprint(a.Image), a.Like
				}
			}
		}
		fmt.Printf("| %s | %d | %s | %d | %s |\n", name, len(counts), first, alarms, like)
	}
}

// features writes those of clean and corrupted images for docs/results/drift_alibi.py: of every image the coded bits of all edges, and
// the mean codes of the first edge's groups of channels, float32 in files of rows.
func (l *lab) features(calib string) {
	write := func(name string, counts [][]dqa.EdgeCounts) {
		e := counts[0]
		groups := dqa.Groups(&l.quantized.Codec().Profile().Edges[e[0].Edge])
		var b []byte
		for _, c := range counts {
			for k := range c {
				b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(c[k].Bits)))
			}
			for _, g := range c[0].Groups[:groups] {
				b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(g.Sum)/float32(max(1, g.Sampled))))
			}
		}
		head := dataset.NPYHeader([]int{len(counts), len(e) + groups}, "<f4")
		must(os.WriteFile(filepath.Join(l.dump, name+".npy"), append(head, b...), 0o666))
	}
	write("reference", l.counts(l.quantized, check(l.source(calib))))
	write("clean", l.cleanPool())
	src := check(l.source(l.shift))
	for _, k := range corrupt.Kinds() {
		for _, severity := range []int{1, 3} {
			write(fmt.Sprintf("%s-%d", k, severity), l.counts(l.quantized, check(l.corrupted(src,
				corrupt.Corruption{Kind: k, Severity: severity, Seed: l.seed}))))
		}
	}
}
