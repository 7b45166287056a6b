package advise

import (
	"context"
	"fmt"
	"io"

	"github.com/dqa-go/dqa/internal/text"
)

// conclude finds the best way, has what was chosen confirmed, and says so.
func (r *run) conclude(ctx context.Context) error {
	for i := range r.Ways {
		if r.Ways[i].Kept && (r.Best < 0 || r.Ways[i].Latency < r.Ways[r.Best].Latency) {
			r.Best = i
		}
	}
	if err := r.confirm(ctx, &r.Ways[r.Best], r.Smallest(Split), r.Smallest(JPEG, PNG, WebP)); err != nil {
		return err
	}
	r.Verdict = r.verdict()
	return nil
}

// confirm measures ways on images that took no part in the choice, if there are any.
func (r *run) confirm(ctx context.Context, ways ...*Way) error {
	for _, w := range ways {
		if r.opt.Confirm == nil || w == nil || w.again == nil || w.Confirmed != nil {
			continue
		}
		m, bytes, err := w.again(ctx, r.opt.Confirm)
		if err != nil {
			return err
		}
		s := m.Score.Summary()
		w.Confirmed = &Confirmed{Images: s.Images, Bytes: bytes}
		w.Confirmed.Value, w.Confirmed.Loss, _ = s.Loss()
	}
	return nil
}

// confirmed is the loss of a way on images that took no part in the choice.
func (a *Advice) confirmed(w *Way) float64 {
	switch {
	case a.Confirm == "":
		return w.Confirm
	case w.Confirmed == nil:
		return 0 // it loses nothing
	}
	return w.Confirmed.Loss.Value
}

// Smallest is the way of some kinds that passes fewest bytes within the limit; nil: none does.
func (a *Advice) Smallest(kinds ...Kind) (best *Way) {
	for i := range a.Ways {
		w := &a.Ways[i]
		for _, k := range kinds {
			if w.Kind == k && w.Kept && (best == nil || w.Bytes < best.Bytes) {
				best = w
			}
		}
	}
	return best
}

// Number is that of a way of Ways; -1 for nil.
func (a *Advice) Number(w *Way) int {
	for i := range a.Ways {
		if &a.Ways[i] == w {
			return i
		}
	}
	return -1
}

// CutAt is the cut behind an edge; nil: there is none.
func (a *Advice) CutAt(edge int) *Cut {
	for i := range a.Cuts {
		if a.Cuts[i].Edge == edge {
			return &a.Cuts[i]
		}
	}
	return nil
}

// verdict is what to do, in a sentence, and how the split does beside pictures.
func (a *Advice) verdict() string {
	best := a.Ways[a.Best] // local is always there and loses nothing
	s := map[bool]string{
		best.Kind == Split: fmt.Sprintf("Cut behind edge %d (%s) at %.3g bits: ", best.Edge, best.Name, best.Bits),
		best.Kind == Local: "Run it on the device: ", best.Kind == Raw: "Send the pictures as they are: ",
	}[true]
	if s == "" {
		s = fmt.Sprintf("Send %s files instead of cutting the network: ", best.title())
	}
	s += fmt.Sprintf("an answer in %s.", milliseconds(best.Latency))
	if loss := a.confirmed(&best); loss > a.Limit {
		lost := points(float64(int(100*loss+.5)) / 100)
		where := "it was chosen on half of the images; on the other half"
		if a.Confirm != "" {
			where = "on the images that took no part in the choice"
		}
		s += fmt.Sprintf(" But %s it loses %s: take more images before you rely on it.", where, lost)
	}
	split, file := a.Smallest(Split), a.Smallest(JPEG, PNG, WebP)
	limit := "within " + points(a.Limit) + " of loss"
	switch {
	case split == nil:
		s += " No cut stays " + limit + "."
	case file == nil:
		s += fmt.Sprintf(" The smallest cut %s passes %s an image.", limit, size(split.Bytes))
	case file.Bytes < split.Bytes:
		s += fmt.Sprintf(" On the link %s is smaller than any cut %s: %s beside %s an image.", file.title(), limit, size(file.Bytes),
			size(split.Bytes))
	default:
		s += fmt.Sprintf(" On the link the cut behind edge %d, with %.0f %% of the work on the device, is smaller than any picture file %s: "+
			"%s beside %s (%s) an image.", split.Edge, 100*a.share(split.Edge), limit, size(split.Bytes), size(file.Bytes), file.title())
	}
	return s
}

// share is the device's of a pass, of a cut.
func (a *Advice) share(edge int) float64 {
	if c := a.CutAt(edge); c != nil {
		return c.Share
	}
	return 1
}

func (w *Way) title() string {
	switch w.Kind {
	case Split:
		return fmt.Sprintf("cut %d", w.Edge)
	case Local, Raw:
		return string(w.Kind)
	}
	name := map[Kind]string{JPEG: "JPEG", PNG: "PNG", WebP: "WebP"}[w.Kind]
	if w.Quality > 0 {
		name += fmt.Sprintf(" %d", w.Quality)
	}
	return name
}

func size(bytes float64) string      { return text.Size(int64(bytes + .5)) }
func milliseconds(ms float64) string { return fmt.Sprintf("%.3g ms", ms) }

func points(p float64) string {
	if p == 1 {
		return "1 point"
	}
	return fmt.Sprintf("%g points", p)
}

// WriteText writes an advice as people read it.
func (a *Advice) WriteText(w io.Writer, s text.Style) error {
	fmt.Fprintf(w, "%s\n\n", s.Strong(a.Verdict))
	fmt.Fprintf(w, "%s, %s: %s, float32 %s %.2f %%, link %.4g Mbit/s, device %gx as slow as this machine, limit %s\n\n",
		a.Model, a.Data, text.Count(a.Images, "image"), a.Metric, a.Float, a.Link/1e6, a.Slower, points(a.Limit))
	if err := a.writeCuts(w); err != nil {
		return err
	}
	fmt.Fprintln(w)
	if err := a.writeWays(w, s); err != nil {
		return err
	}
	if a.Confirm == "" {
		fmt.Fprintf(w, "\nchosen on images with even numbers; the best loses %.2f points on the others\n", a.Ways[a.Best].Confirm)
	} else {
		fmt.Fprintf(w, "\nchosen by loss and its standard error; on %s, which took no part in it:\n", a.Confirm)
		for i := range a.Ways {
			if c := a.Ways[i].Confirmed; c != nil {
				l := c.Loss
				fmt.Fprintf(w, "%s: %s, loss %.2f (95 %%: %.2f to %.2f)\n", a.Ways[i].title(), size(c.Bytes), l.Value, l.Low, l.High)
			}
		}
	}
	fmt.Fprintf(w, "latency: %s\n", a.Coding)
	for _, n := range a.Notes {
		fmt.Fprintf(w, "note: %s\n", n)
	}
	return nil
}

func (a *Advice) writeCuts(w io.Writer) error {
	var rows [][]string
	for _, c := range a.Cuts {
		memory := "-"
		if c.Memory > 0 {
			memory = text.Size(c.Memory)
		}
		measured := ""
		if c.Measured {
			measured = "yes"
		}
		rows = append(rows, []string{fmt.Sprint(c.Edge), c.Name, fmt.Sprint(len(c.Passes)), fmt.Sprint(c.Values),
			fmt.Sprintf("%.2f M", float64(c.Products)/1e6), fmt.Sprintf("%.0f %%", 100*c.Share), memory,
			fmt.Sprintf("%d of %d", c.Outputs, a.Heads), measured})
	}
	return text.Table(w, "cut\tedge\ttensors\tvalues\tdevice MACs\tof all\tmemory\toutputs behind\tmeasured", rows)
}

func (a *Advice) writeWays(w io.Writer, s text.Style) error {
	var rows [][]string
	for i, v := range a.Ways {
		mark := ""
		switch {
		case i == a.Best:
			mark = s.Good("best")
		case !v.Kept:
			mark = s.Bad("loses too much")
		}
		asked, bits := "-", "-"
		if v.Kind == Split {
			asked, bits = fmt.Sprintf("%g", v.Budget), fmt.Sprintf("%.2f", v.Bits)
		}
		rows = append(rows, []string{v.title(), asked, bits, size(v.Bytes), fmt.Sprintf("%.2f ± %.2f", v.Loss, v.LossSE),
			fmt.Sprintf("%.2f", v.Agree), milliseconds(v.Device), milliseconds(v.Sending), milliseconds(v.Gateway),
			milliseconds(v.Latency), mark})
	}
	return text.Table(w, "way\tbudget\tbits\tbytes\tloss\tagree %\tdevice\tlink\tgateway\tlatency\t", rows)
}
