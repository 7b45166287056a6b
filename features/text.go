package features

import (
	"fmt"
	"io"
	"math"

	"github.com/dqa-go/dqa/internal/text"
)

// Summary is what Fit found, for people and for JSON.
type Summary struct {
	File       string      `json:"profile"`
	Bytes      int         `json:"profile_bytes"`
	Objective  string      `json:"objective"`
	Coder      string      `json:"coder"`
	Transform  Transformed `json:"transform"`
	Step       float32     `json:"step"`
	Seed       uint64      `json:"seed"`
	Learned    int         `json:"learned_rows"`
	StoredBits float64     `json:"stored_bits"`
	Quality
	Score *Score `json:"score,omitempty"`
}

// String says what was kept, and what the other choice takes; nothing where nothing was asked for.
func (t Transformed) String() string {
	switch {
	case t.Asked == TransformNone:
		return ""
	case t.Asked == TransformPCA:
		return fmt.Sprintf("pca: the array and this profile take %s", text.Size(t.With))
	case t.With == 0:
		return "none: there is nothing to transform"
	}
	return fmt.Sprintf("%s: the array and its profile take %s with pca, %s without", t.Kept, text.Size(t.With), text.Size(t.Without))
}

// Score is the user's own head, percent and points.
type Score struct {
	Before float64 `json:"before"`
	After  float64 `json:"after"`
	Loss   float64 `json:"loss"`
	LossSE float64 `json:"loss_se"`
}

// Summary describes the result; file is where the profile lies, bytes its size.
func (f *Fitted) Summary(file string, bytes int) *Summary {
	e := &f.Profile.Edges[0]
	s := &Summary{File: file, Bytes: bytes, Objective: objectiveOf(f.Profile), Coder: e.Coder.String(), Transform: f.Transform,
		Step: e.Steps[0], Seed: f.Profile.Seed,
		Learned: f.Learned, StoredBits: f.StoredBits, Quality: f.Quality}
	if !math.IsNaN(f.Loss) {
		s.Score = &Score{f.Before, f.After, f.Loss, f.LossSE}
	}
	return s
}

// WriteText writes it for people.
func (s *Summary) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "%s  %s, coder %s, step %.4g, %s; learned from %d rows (seed %d)\n\non %d other rows:\n",
		s.File, s.Objective, s.Coder, s.Step, text.Size(int64(s.Bytes)), s.Learned, s.Seed, s.Rows)
	fmt.Fprintf(w, "  %-24s %.3f (1/%.1f of float32)\n", "stored bits per value", s.StoredBits, 32/s.StoredBits)
	if line := s.Transform.String(); line != "" {
		fmt.Fprintf(w, "  %-24s %s\n", "transform", line)
	}
	if s.Score != nil {
		fmt.Fprintf(w, "  %-24s %.2f %% -> %.2f %%, %.2f +- %.2f points lost\n", "accuracy of your head", s.Score.Before, s.Score.After,
			s.Score.Loss, s.Score.LossSE)
	}
	return s.Quality.WriteText(w)
}

// WriteText writes it for people.
func (q *Quality) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "  %-24s %.3g +- %.1g\n", "relative squared error", q.Error, q.ErrorSE)
	fmt.Fprintf(w, "  %-24s %.6f +- %.6f, at least %.6f\n", "cosine", q.Cosine, q.CosineSE, q.MinCosine)
	_, err := fmt.Fprintf(w, "  %-24s %.2f %% +- %.2f (%d nearest, among %d rows)\n", "neighbours that stay",
		100*q.Neighbours, 100*q.NeighboursSE, NumNeighbours, q.Compared)
	return err
}

// WriteText writes a certificate for people; store is where it lies.
func (c *Certificate) WriteText(w io.Writer, store string) error {
	fmt.Fprintf(w, "%s  of %s, %.3f bits per value (1/%.1f of float32)\n", store, c.Source, c.StoredBits, 32/c.StoredBits)
	if c.NonFinite > 0 {
		fmt.Fprintf(w, "%d values are not finite: NaN became 0, infinities the outermost codes\n", c.NonFinite)
	}
	fmt.Fprintf(w, "array blake3 %.16s..., profile sha256 %.16s..., asked for %s\non %d rows that taught no profile:\n",
		c.Array, c.Profile, c.Objective, c.Rows)
	return c.Quality.WriteText(w)
}

// WriteText writes what was verified.
func (v *Verdict) WriteText(w io.Writer, store string, s *Store) error {
	fmt.Fprintf(w, "%s  %d rows in %d chunks, all of them decode\n", store, v.Rows, v.Chunks)
	switch {
	case s.Certificate == nil:
		_, err := fmt.Fprintln(w, "no certificate: another program wrote it")
		return err
	case !v.Against:
		fmt.Fprintln(w, "the certificate says (--against X.npy checks it):")
		return s.Certificate.WriteText(w, store)
	}
	fmt.Fprintln(w, "the certificate is of this array, bit for bit; measured anew:")
	return v.Quality.WriteText(w)
}
