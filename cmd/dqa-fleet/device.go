package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/fleet/device"
	"github.com/dqa-go/dqa/fleet/managed"
	"github.com/dqa-go/dqa/fleet/outbox"
	"github.com/dqa-go/dqa/fleet/site"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

// deviceFlags are those of the verb.
type deviceFlags struct {
	cut            cutFlags
	data, out      string
	images         int
	repeat         int
	every          time.Duration
	fallback       string
	full           bool
	allowNonFinite bool
	outbox         cli.Bytes
	sign, gateways string
	metrics        string
	opt            device.Options
}

func (a *app) device() *cobra.Command {
	f := deviceFlags{outbox: outbox.DefaultMaxBytes}
	cmd := &cobra.Command{
		Use:   "device MODEL.onnx --at EDGE --profile P.dqap --data SPEC",
		Short: "run the head of a network on images, and have gateways answer",
		Long: `device runs the head of a network, keeps the frames of what passes in an outbox on the disk, and sends them until they are
answered. It needs no server to begin with, and goes on where it stopped: started again with the same outbox, it takes the next
image. With -o, answers are lines of JSON, one per image, whatever was killed meanwhile.

--fallback says what happens when the link or the gateways are too slow or away: queue (frames wait on the disk, and when that is full,
images do), local (frames that wait longer than --patience are answered here), drop-refinements (frames of scalable profiles that wait
for others are sent without their refinements); or several, separated by commas.

Exit code 11: frames were reported lost.`,
		Example: `  dqa-fleet device resnet32.onnx --at 15 --profile resnet32.dqap --data dir:photos -o answers.jsonl
  dqa-fleet device resnet32.onnx --at 15 --profile p.dqap --data dir:photos --fallback drop-refinements,local`,
		Args: cli.ExactArgs("MODEL"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.runDevice(cmd, args[0], &f) },
	}
	f.cut.register(cmd)
	a.linkFlags(cmd)
	a.followFlags(cmd)
	host, _ := os.Hostname()
	flags := cmd.Flags()
	flags.StringVar(&f.data, "data", "", "images (SPEC, as of dqa)")
	flags.IntVar(&f.images, "images", 0, "images that are taken of it, spread over it by a seed (default: all)")
	flags.IntVar(&f.repeat, "repeat", 1, "how often all images are sent; 0: without end")
	flags.DurationVar(&f.every, "every", 0, "an image's time, as of a camera (default: as fast as it goes)")
	flags.StringVarP(&f.out, "output", "o", "", "file of answers, lines of JSON; goes on where it ends (default: standard output)")
	flags.BoolVar(&f.full, "outputs", false, "answers have all values of the outputs")
	flags.BoolVar(&f.allowNonFinite, "allow-nonfinite", false, "go on when activations are NaN or infinite")
	flags.StringVar(&f.opt.Name, "name", hostName("device-"+host), "of this device")
	flags.StringVar(&f.opt.Dir, "outbox", "", "folder of frames without an answer (default: dqa-outbox-NAME)")
	flags.Var(&f.outbox, "outbox-size", "what it may take on the disk")
	flags.StringVar(&f.fallback, "fallback", "queue", "queue, local, drop-refinements, or several with commas")
	flags.DurationVar(&f.opt.Patience, "patience", device.DefaultPatience, "after which --fallback local answers")
	flags.DurationVar(&f.opt.Resend, "resend", device.DefaultResend, "after which a frame without an answer is sent again; doubles each time")
	flags.DurationVar(&f.opt.GiveUp, "give-up", 0, "after which a frame is reported lost (default: never)")
	flags.IntVar(&f.opt.Window, "window", device.DefaultWindow, "frames on their way at once")
	flags.IntVar(&a.follow.compare, "compare", managed.DefaultEvery, "in shadow mode, one image in so many is run by both profiles")
	flags.IntVar(&a.follow.watch, "watch-drift", 0, watchHelp)
	flags.StringVar(&f.sign, "sign-key", "", "file of the key that frames are signed with (default: that of --member)")
	flags.StringVar(&f.gateways, "gateway-keys", "", "file of gateways' keys: answers that none signed are refused (default: of --member)")
	metricsFlag(cmd, &f.metrics)
	cli.Required(cmd, "data")
	return cmd
}

const watchHelp = "learn from so many images what the stream looks like, with every new profile again, and watch for drift from then on; " +
	"0: do not (default: 128 with --registry)"

const defaultWatch = 128

// watching is how drift is looked for: a device that follows roll-outs watches, because alarms end those.
func (a *app) watching(cmd *cobra.Command) session.DriftOptions {
	learn := a.follow.watch
	if a.follow.dir != "" && !cmd.Flags().Changed("watch-drift") {
		learn = defaultWatch
	}
	return session.DriftOptions{Learn: learn, Alarm: func(d session.DriftAlarm) {
		a.Note("alarm of drift: %s, since image %d of this profile", d.Like, d.Since)
	}}
}

func (a *app) runDevice(cmd *cobra.Command, model string, f *deviceFlags) (err error) {
	opt := f.opt
	if opt.Fallback, err = device.ParseFallback(f.fallback); err != nil {
		return cli.Usage(cmd, fmt.Errorf("--fallback: %w", err))
	}
	if opt.Name = a.name(cmd, opt.Name); opt.Dir == "" {
		opt.Dir = "dqa-outbox-" + opt.Name
	}
	opt.Link, opt.Outbox.MaxBytes, opt.Note = a.link, int64(f.outbox), func(s string) { a.Note("%s", s) }
	opt.Link.Changed = a.tellLink
	if opt.Sign, err = a.signer(f.sign, site.FramesKey, (*site.Signer).Sign); err != nil {
		return err
	}
	if opt.Verify, err = a.verifier(f.gateways, site.GatewayKeys, site.Keys.VerifyAnswer); err != nil {
		return err
	}
	w, err := listen(f.metrics)
	if err != nil {
		return err
	}
	defer w.close()
	opt.Observe = w.observe
	e, p, err := a.openCut(model, f.cut)
	if err != nil {
		return err
	}
	a.follow.model, a.follow.at, a.follow.network = model, f.cut.at, p.Network.Digest
	data, notes, err := e.Network().Some(f.data, f.images)
	if err != nil {
		return err
	}
	for _, note := range notes {
		a.Note("%s", note)
	}
	head := device.Head{
		Ends: e, Model: filepath.Base(model), Profile: p.Digest(), Encode: session.EncodeOptions{AllowNonFinite: f.allowNonFinite},
		Watch: a.watching(cmd),
	}
	begin := managed.Start{Factory: head, Run: head, Images: p.Preprocess}
	var s summary
	if f.out == "" {
		opt.Sink = &printed{a: a, full: f.full}
	} else {
		lines, err := device.OpenFile(f.out, f.full)
		if err != nil {
			return err
		}
		defer lines.Close()
		opt.Sink = lines
	}
	if s, err = a.sendAll(cmd.Context(), opt, begin, repeated{data, f.repeat, f.every}, w); err != nil {
		return err
	}
	if err := a.Print(a.Out, s, s.WriteText); err != nil {
		return err
	}
	if s.Lost > 0 {
		return fmt.Errorf("%w: %d", errLost, s.Lost)
	}
	return nil
}

// sendAll sends the images that were not sent before, and waits for all answers.
func (a *app) sendAll(ctx context.Context, opt device.Options, begin managed.Start, data repeated, w *watch) (s summary, err error) {
	d, send, stop, err := a.start(ctx, opt, begin)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	w.show(d.Status)
	first := int(min(d.Next()-1, uint64(data.len())))
	if first > 0 {
		a.Note("%d images were sent before", first)
	}
	bar := a.NewProgress()
	for i := first; i < data.len(); i++ {
		if err := data.wait(ctx); err != nil {
			return s, err
		}
		name, inputs, err := data.images.Feed(i % data.images.Len())
		if err != nil {
			return s, err
		}
		if _, err := send(ctx, name, inputs); err != nil {
			return s, fmt.Errorf("%s: %w", name, err)
		}
		if data.times > 0 { // else there is no end to look forward to
			bar.Report("sending", "images", i+1, data.len())
		}
	}
	a.FinishProgress()
	if err := d.Drain(ctx); err != nil {
		return s, err
	}
	c := d.Status().Counters
	return summary{
		opt.Name, c.Accepted, c.Answered, c.Local, c.Refused, c.Lost, c.Duplicates, c.Resent, c.Cut,
		8 * float64(c.Bytes) / float64(max(c.Values, 1)), float64(d.Overhead().Microseconds()) / 1000,
	}, nil
}

// repeated are images that are sent several times, at a pace.
type repeated struct {
	images *dataset.Inputs
	times  int // 0: without end
	every  time.Duration
}

func (r repeated) len() int {
	if r.times <= 0 {
		return math.MaxInt
	}
	return r.images.Len() * r.times
}

// wait waits for the next image's time.
func (r repeated) wait(ctx context.Context) error {
	if r.every <= 0 {
		return nil
	}
	select {
	case <-time.After(r.every):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// summary is what became of the images of one run.
type summary struct {
	Device     string  `json:"device"`
	Sent       int64   `json:"sent"`
	Answered   int64   `json:"answered"`
	Local      int64   `json:"local"`
	Refused    int64   `json:"refused"`
	Lost       int64   `json:"lost"`
	Duplicates int64   `json:"duplicates"` // answers that came once more and were dropped
	Resent     int64   `json:"resent"`
	Cut        int64   `json:"cut"`
	Bits       float64 `json:"bits_per_value"`
	OverheadMS float64 `json:"overhead_ms"` // per frame, beyond head and encoding
}

func (s summary) WriteText(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s: %d images sent, %d answered, %d here, %d refused, %d lost; %.3f bits per value, "+
		"%.2f ms per frame beyond the head\n", s.Device, s.Sent, s.Answered, s.Local, s.Refused, s.Lost, s.Bits, s.OverheadMS)
	return err
}

// printed is a sink that prints answers.
type printed struct {
	a    *app
	full bool
}

func (p *printed) Put(v device.Answer) error {
	p.a.FinishProgress()
	l := device.LineOf(v, p.full)
	if p.a.JSON {
		return cli.PrintJSON(p.a.Out, l)
	}
	what := string(l.Outcome)
	if l.Class != nil {
		what = fmt.Sprintf("class %d, %s", *l.Class, l.Outcome)
	}
	if l.By != "" {
		what += " by " + l.By
	}
	if l.Reason != "" {
		what += ": " + l.Reason
	}
	_, err := fmt.Fprintf(p.a.Out, "%s: %s (%.1f ms)\n", l.Image, what, l.LatencyMS)
	return err
}

func (p *printed) Flush() error       { return nil }
func (p *printed) Has(outbox.ID) bool { return false }
