package pilot

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
)

// CSVs are the tables that a study is handed on as, by the names of their files.
func (s *Study) CSVs() map[string]func(io.Writer) error {
	return map[string]func(io.Writer) error{
		"frontier.csv": s.frontierCSV, "layers.csv": s.layersCSV, "cuts.csv": s.cutsCSV, "ways.csv": s.waysCSV,
		"numbers.csv": s.numbersCSV, "classes.csv": s.classesCSV,
	}
}

func table(w io.Writer, head []string, rows [][]string) error {
	c := csv.NewWriter(w)
	if err := c.Write(head); err != nil {
		return err
	}
	return c.WriteAll(rows) // and flushes
}

func number(v float64) string {
	if v-v != 0 {
		return ""
	}
	return strconv.FormatFloat(v, 'g', 6, 64)
}

func (s *Study) frontierCSV(w io.Writer) error {
	var rows [][]string
	for i, p := range s.Frontier.Points {
		for _, part := range []struct {
			name string
			o    Outcome
		}{{Choice, p.Choice}, {Confirmation, p.Confirm}} {
			rows = append(rows, []string{
				p.Setting, fmt.Sprint(i == s.Frontier.Chosen), part.name, itoa(part.o.Images), number(part.o.StoredBits.Value),
				number(part.o.FrameBytes), number(part.o.Float), number(part.o.Value), number(part.o.Loss.Value), number(part.o.Loss.Low),
				number(part.o.Loss.High), number(part.o.Agreement), number(part.o.KL),
			})
		}
	}
	return table(w, []string{"setting", "chosen", "part", "images", "stored_bits", "frame_bytes", "float32", "value", "loss", "loss_low_95",
		"loss_high_95", "agreement", "kl"}, rows)
}

func (s *Study) layersCSV(w io.Writer) error {
	var rows [][]string
	for i, l := range s.Layers {
		rows = append(rows, []string{itoa(i), l.Name, l.Op, fmt.Sprint(l.Values), number(l.Bits), number(l.Bytes), number(l.Share),
			number(l.Sensitivity), number(l.Damage)})
	}
	return table(w, []string{"layer", "name", "op", "values", "bits_per_value", "bytes", "share_percent", "sensitivity_percent",
		"damage_percent"}, rows)
}

func (s *Study) cutsCSV(w io.Writer) error {
	var rows [][]string
	for _, c := range s.Link.Advice.Cuts {
		rows = append(rows, []string{itoa(c.Edge), c.Name, number(c.Share), fmt.Sprint(4 * c.Values), fmt.Sprint(c.Measured)})
	}
	return table(w, []string{"layer", "name", "device_share", "float32_bytes", "measured"}, rows)
}

// waysCSV are the ways to send an image.
func (s *Study) waysCSV(w io.Writer) error {
	var rows [][]string
	for i, v := range s.Link.Advice.Ways {
		row := []string{string(v.Kind), itoa(v.Edge), number(v.Budget), itoa(v.Quality), number(v.Bytes), number(v.Loss), number(v.LossSE),
			fmt.Sprint(v.Kept), fmt.Sprint(i == s.Link.Cut || i == s.Link.File), "", "", "", ""}
		if c := v.Confirmed; c != nil {
			copy(row[len(row)-4:], []string{number(c.Bytes), number(c.Loss.Value), number(c.Loss.Low), number(c.Loss.High)})
		}
		rows = append(rows, row)
	}
	return table(w, []string{"way", "layer", "budget", "quality", "bytes", "loss", "loss_se", "kept", "chosen",
		"confirmed_bytes", "confirmed_loss", "confirmed_low_95", "confirmed_high_95"}, rows)
}

func (s *Study) numbersCSV(w io.Writer) error {
	var rows [][]string
	cell := func(v *float64) string {
		if v == nil {
			return ""
		}
		return number(*v)
	}
	for _, n := range s.Numbers {
		rows = append(rows, []string{n.Name, cell(n.Value), n.Unit, cell(n.Low), cell(n.High), n.Error, itoa(n.Images), s.Part(n.Part).Digest,
			n.Command})
	}
	return table(w, []string{"name", "value", "unit", "low", "high", "error", "images", "data_sha256", "command"}, rows)
}

func (s *Study) classesCSV(w io.Writer) error {
	var rows [][]string
	for _, c := range s.Changes.ByClass {
		rows = append(rows, []string{itoa(c.Class), s.Task.Name(c.Class), itoa(c.Images), itoa(c.Worse), itoa(c.Better), number(c.Float),
			number(c.Stored)})
	}
	return table(w, []string{"class", "name", "images", "newly_wrong", "newly_right", "float32", "stored"}, rows)
}
