// Package report turns the results of an evaluation into what users look at: JSON, a text table, a page with a plot.
package report

import (
	"fmt"
	"strings"
)

// Result is the one JSON envelope (docs/JSON.md). Accuracies are in percent, drops in points, KL in nats per image
// (per pixel for segmentation). What does not apply is null.
type Result struct {
	Model  string   `json:"model"`
	Data   string   `json:"data"`
	Images int      `json:"images"`
	Metric *string  `json:"metric"` // "top1", "miou", or null when the data has no labels
	FP32   *float64 `json:"fp32"`
	Rows   []Row    `json:"rows"`
	// Outputs of a network that has several, or none that can be scored.
	Outputs []Output `json:"outputs,omitempty"`
	// Warnings say, a sentence each, why the figures may mean nothing.
	Warnings []string `json:"warnings,omitempty"`
	// Resize says how pictures became the network's size: "256 (bilinear, as Pillow)"; "": they had it.
	Resize string `json:"resize,omitempty"`
	// Runs are what running one image takes on one core of the machine that made this.
	Runs  []Run  `json:"runs,omitempty"`
	Drift *Drift `json:"drift,omitempty"` // demo alone
	// Partial says how much of what was asked for is there; "": all.
	Partial string `json:"partial,omitempty"`
}

// Run is one way to run the network.
type Run struct {
	Mode string  `json:"mode"` // "float", "simulated": quantized in float32, "packed": codes in memory
	MS   float64 `json:"ms"`
	Peak int64   `json:"peak_bytes"` // of activations
}

// RunsText is one line about r.Runs; "" where there are none.
func RunsText(r Result) string {
	if len(r.Runs) == 0 {
		return ""
	}
	var parts []string
	for _, run := range r.Runs {
		parts = append(parts, fmt.Sprintf("%s %.2f ms, %.0f KiB", run.Mode, run.MS, float64(run.Peak)/1024))
	}
	return "one image on one core, time and activations in memory: " + strings.Join(parts, "; ")
}

// Row is one method at one setting, stored one way.
type Row struct {
	Method       string     `json:"method"`     // "fp32", "direct", "clip", "noisyquant", "dqa", ...
	Bits         *int       `json:"bits"`       // n
	ExtraBits    *int       `json:"extra_bits"` // m; dqa only
	Budget       *float64   `json:"budget"`     // stored bits that were asked for; graded only
	Goal         *string    `json:"goal"`       // what else was asked for: "max-kl 0.05"; graded only
	Ratio        *float64   `json:"ratio"`      // r; dqa only
	Global       *bool      `json:"global"`     // true: Ratio is one of all values of the network; dqa only
	Ranking      *string    `json:"ranking"`    // dqa only
	Seed         *uint64    `json:"seed"`       // of random choices; null where there are none
	Signed       *bool      `json:"signed"`     // false: one-sided channels use unsigned codes
	Scale        *string    `json:"scale"`      // "dynamic-channel", ...
	Coder        *string    `json:"coder"`      // null: raw codes; "paper": shift errors coded; "small", "smallest": whole codes
	Scalable     *int       `json:"scalable"`   // low bits of codes that are stored apart; null: none
	BaseOnly     *bool      `json:"base_only"`  // of scalable frames: true: a receiver does without those bits
	Value        *float64   `json:"value"`      // the metric
	Drop         *float64   `json:"drop"`       // fp32 minus value on the same images
	DropSE       *float64   `json:"drop_se"`    // paired standard error
	KL           *float64   `json:"kl"`
	Agreement    *float64   `json:"agreement"`         // percent of equal arg max
	StoredBits   *float64   `json:"stored_bits"`       // 8 * bytes of frames / elements of the quantized edges
	FrameBytes   *float64   `json:"frame_bytes"`       // mean per image
	ProfileBytes *int       `json:"profile_bytes"`     // once per device, not in stored_bits
	Outputs      []Distance `json:"outputs,omitempty"` // in the order of Result.Outputs
	Halves       *Halves    `json:"halves"`            // null for float32 and below two images
}

// Halves are what a row loses on either half of the images: a variant is chosen on one and judged on the other.
type Halves struct {
	Choice  Half `json:"choice"`  // the first, third, ... image
	Confirm Half `json:"confirm"` // the others
}

// Half is what a row loses on some of the images.
type Half struct {
	Images    int      `json:"images"`
	Drop      *float64 `json:"drop"`
	DropSE    *float64 `json:"drop_se"`
	Agreement *float64 `json:"agreement"`
}
