package pilot

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/session"
	"github.com/dqa-go/dqa/tensor"
)

// The error of a score that a command prints is a jackknife over groups of images: the command scores all images, then all without the
// first group, and so on. Its interval is Student's (Efron and Tibshirani, An Introduction to the Bootstrap, chapter 11).
const (
	ownGroups = 10
	ownT      = 2.262157 // 97.5 % quantile of Student's distribution with ownGroups-1 degrees of freedom
	ownWait   = 5 * time.Minute
	ownTried  = 4       // images on which a command is tried before anything long begins
	ownSaid   = 1 << 16 // bytes that are kept of what a command prints, the last ones
)

// prediction is what the command is told of an image: a line of JSON.
type prediction struct {
	Name   string  `json:"name"`
	Label  *int    `json:"label"` // null: none
	Mask   []int32 `json:"mask"`  // class of every pixel, -1 where it is ignored; null: none
	Shape  []int   `json:"shape"` // of the output that is scored
	Output values  `json:"output"`
}

// values are numbers as JSON has them: what is not finite is null.
type values []float32

func (v values) MarshalJSON() ([]byte, error) {
	b := []byte{'['}
	for i, x := range v {
		if i > 0 {
			b = append(b, ',')
		}
		if x-x != 0 {
			b = append(b, "null"...)
			continue
		}
		b = strconv.AppendFloat(b, float64(x), 'g', -1, 32)
	}
	return append(b, ']'), nil
}

func predicted(ex dataset.Example, output *tensor.Tensor) prediction {
	p := prediction{Name: ex.Name, Mask: ex.Mask, Shape: output.Shape, Output: output.Data}
	if ex.Label >= 0 {
		p.Label = &ex.Label
	}
	return p
}

// ownScore runs the command on the predictions that are not in a group; -1: on all.
func ownScore(ctx context.Context, command string, all []prediction, without int) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, ownWait)
	defer cancel()
	words := strings.Fields(command)
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	read, write := io.Pipe()
	var said, complained ending
	cmd.Stdin, cmd.Stdout, cmd.Stderr = read, &said, &complained
	cmd.WaitDelay = time.Second // a program that it has begun may outlive it
	go func() { write.CloseWithError(writePredictions(write, all, without)) }()
	err := cmd.Run()
	read.Close()
	if parent := context.Cause(ctx); parent != nil && !errors.Is(parent, context.DeadlineExceeded) {
		return 0, parent
	}
	if ctx.Err() != nil {
		return 0, fmt.Errorf("%w: %s has not ended within %v", session.ErrMetricCommand, words[0], ownWait)
	}
	if err != nil {
		return 0, fmt.Errorf("%w: %s: %w%s", session.ErrMetricCommand, words[0], err, lastLine(": ", string(complained)))
	}
	line := lastLine("", string(said))
	score, err := strconv.ParseFloat(line, 64)
	if err != nil || !(score >= 0 && score <= 100) {
		return 0, fmt.Errorf("%w: %s printed %.40q, which is no score from 0 to 100", session.ErrMetricCommand, words[0], line)
	}
	return score, nil
}

// ending keeps the last bytes that are written.
type ending []byte

func (e *ending) Write(p []byte) (int, error) {
	*e = append(*e, p...)
	if more := len(*e) - ownSaid; more > 0 {
		*e = append((*e)[:0], (*e)[more:]...)
	}
	return len(p), nil
}

func writePredictions(w io.Writer, all []prediction, without int) error {
	b := bufio.NewWriterSize(w, 1<<16)
	enc := json.NewEncoder(b)
	for i := range all {
		if i%ownGroups == without {
			continue
		}
		if err := enc.Encode(&all[i]); err != nil {
			return err
		}
	}
	return b.Flush()
}

// lastLine is the last line of a text that is not empty, behind a prefix.
func lastLine(prefix, s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
		return prefix + last
	}
	return ""
}

// ownScores are those of all images, then of all without each group.
func (r *run) ownScores(ctx context.Context, what string, all []prediction) (scores []float64, err error) {
	err = parallel.Ordered(ctx, ownGroups+1, r.opt.Workers, func(_, i int) (float64, error) {
		return ownScore(ctx, r.opt.MetricCommand, all, i-1)
	}, func(i int, v float64) error {
		r.report("scoring: "+what, "runs", i+1, ownGroups+1)
		scores = append(scores, v)
		return nil
	})
	return scores, err
}

// own replaces what an outcome says of the metric by what the command says of the predictions of both networks.
func (r *run) own(ctx context.Context, what string, data *dataset.Inputs, float, got []prediction, o *Outcome) error {
	was := r.ownFloats[data]
	if was == nil {
		var err error
		if was, err = r.ownScores(ctx, "float32", float); err != nil {
			return err
		}
		if r.ownFloats == nil {
			r.ownFloats = map[*dataset.Inputs][]float64{}
		}
		r.ownFloats[data] = was
	}
	is, err := r.ownScores(ctx, what, got)
	if err != nil {
		return err
	}
	o.Float, o.Value = was[0], is[0]
	o.Loss, o.SE = jackknife(was, is, len(got))
	return nil
}

// jackknife is the difference of two scores of the same n images, of all and without each group, with its interval and standard error.
// That is never below half an image's share: no change among few images is no certainty.
func jackknife(was, is []float64, n int) (loss Interval, se float64) {
	mean, squares := 0., 0.
	for g := 1; g < len(was); g++ {
		mean += (was[g] - is[g]) / ownGroups
	}
	for g := 1; g < len(was); g++ {
		squares += (was[g] - is[g] - mean) * (was[g] - is[g] - mean)
	}
	se = max(math.Sqrt(squares*(ownGroups-1)/ownGroups), 50/float64(max(1, n)))
	d := was[0] - is[0]
	return Interval{Value: d, Low: d - ownT*se, High: d + ownT*se}, se
}

// tryOwn runs the command on a few images, so that one that fails does so at once.
func (r *run) tryOwn(ctx context.Context) error {
	if r.opt.MetricCommand == "" {
		return nil
	}
	scores, err := r.scores(r.choice)
	if err != nil {
		return err
	}
	var few []prediction
	for i := range min(ownTried, r.choice.Len()) {
		ex, err := r.choice.Example(i)
		if err != nil {
			return err
		}
		outputs, err := r.float(r.choice, i, ex.Input)
		if err != nil {
			return err
		}
		few = append(few, predicted(ex, outputs[scores.Outputs.Scored]))
	}
	start := time.Now()
	_, err = ownScore(ctx, r.opt.MetricCommand, few, -1)
	r.ownSeconds = time.Since(start).Seconds()
	return err
}
