//go:build !device

package session

import (
	"fmt"
	"io"

	"github.com/dqa-go/dqa/internal/text"
)

// Cost is what a calibration is expected to take.
type Cost struct {
	Setting  string      `json:"setting"`
	Images   int         `json:"images"`
	Edges    int         `json:"edges"`
	Channels int         `json:"channels"`
	Workers  int         `json:"workers"`
	Phases   []PhaseCost `json:"phases"`
	Seconds  float64     `json:"seconds"`
	Memory   uint64      `json:"memory_bytes"` // from the operating system, as measured so far
	Tried    int         `json:"tried"`        // images that were run to find out
}

// SweepCost is what a sweep is expected to take.
type SweepCost struct {
	Settings    int         `json:"settings"`
	Images      int         `json:"images"`
	CalibImages int         `json:"calibration_images"`
	Phases      []PhaseCost `json:"phases"` // all settings together
	Seconds     float64     `json:"seconds"`
	Tried       int         `json:"tried"` // images that were run to find out, of either kind
}

// PhaseCost is a part of it.
type PhaseCost struct {
	Name    string  `json:"name"`
	Passes  float64 `json:"passes"` // through the network, counted in whole ones
	Seconds float64 `json:"seconds"`
	Resumes bool    `json:"resumes"` // after an interruption
}

func costsOf(phases []Phase) (all []PhaseCost) {
	for _, p := range phases {
		all = append(all, PhaseCost{p.Name, p.Passes, p.Time.Seconds(), p.Search})
	}
	return all
}

// WriteText writes a cost as people read it.
func (c *Cost) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "%s: %d images, %d edges, %d channels, %d workers; nothing is written\n\n",
		c.Setting, c.Images, c.Edges, c.Channels, c.Workers)
	err := writePhases(w, c.Phases, func(p PhaseCost) string {
		switch {
		case p.Resumes:
			return "a search: many passes per image, can be resumed"
		case p.Passes > float64(c.Images):
			return "several passes per image"
		}
		return "one pass"
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "\nabout %s, estimated from %d images; about %d MiB of memory\n", text.Duration(c.Seconds), c.Tried, c.Memory>>20)
	return err
}

// WriteText writes a cost as people read it.
func (c *SweepCost) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "%d settings, each on %d images and calibrated on %d; nothing is written\n\n", c.Settings, c.Images, c.CalibImages)
	err := writePhases(w, c.Phases, func(p PhaseCost) string {
		if p.Resumes {
			return "can be resumed"
		}
		return ""
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "\nabout %s, estimated from %d images\n", text.Duration(c.Seconds), c.Tried)
	return err
}

func writePhases(w io.Writer, phases []PhaseCost, note func(PhaseCost) string) error {
	var rows [][]string
	for _, p := range phases {
		rows = append(rows, []string{p.Name, fmt.Sprintf("%.0f", p.Passes), text.Duration(p.Seconds), note(p)})
	}
	return text.Table(w, "phase\tpasses\ttime\t", rows)
}
