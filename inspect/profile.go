package inspect

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
)

// Profile is what a profile was made from, and how it quantizes every edge.
type Profile struct {
	File       string        `json:"file"`
	Digest     string        `json:"digest"`
	Setting    string        `json:"setting"`
	Coder      string        `json:"coder"`
	EdgeSet    string        `json:"edge_set"`
	Seed       uint64        `json:"seed"`
	Model      string        `json:"model"`
	ModelSHA   string        `json:"model_sha256"`
	Data       string        `json:"data"`
	DataSHA    string        `json:"data_sha256"`
	Images     int           `json:"images"`
	Tool       string        `json:"tool"`
	ISA        string        `json:"isa"`
	Preprocess string        `json:"preprocess"`
	Skip       []string      `json:"skip,omitempty"` // edges that stay float32
	Edges      []ProfileEdge `json:"edges"`
	Biases     []string      `json:"biases,omitempty"` // nodes
	Gains      []string      `json:"gains,omitempty"`  // nodes
	SelfTest   *SelfTest     `json:"self_test,omitempty"`
	Sections   []Section     `json:"sections"`
	Bytes      int           `json:"bytes"`
}

// ProfileEdge is how one edge is quantized and stored.
type ProfileEdge struct {
	Name         string `json:"name"`
	Channels     int    `json:"channels"`
	Rows         int    `json:"rows"`
	Cols         int    `json:"cols"`
	ChannelsLast bool   `json:"channels_last"`
	OneSided     bool   `json:"one_sided"`
	Signed       bool   `json:"signed"`
	Bits         int    `json:"bits"`
	ExtraBits    int    `json:"extra_bits"`
	Scale        string `json:"scale"`
	Important    []int  `json:"important"` // indices of channels
	Escape       bool   `json:"escape"`    // codes may leave the bits
	RowSums      bool   `json:"row_sums"`  // the engine spreads what rows lack of 1
	Means        bool   `json:"means"`     // of channels are stored with every image
	Transform    bool   `json:"transform"` // channels are decorrelated before they are quantized
	Coder        string `json:"coder"`
	Earlier      string `json:"earlier,omitempty"` // edge beside whose codes it is coded
	// What graded chose, else nothing.
	Step            float32      `json:"step,omitempty"`
	BitsPerValue    float64      `json:"bits_per_value,omitempty"`
	BitsShare       float64      `json:"bits_share,omitempty"`       // of all codes, 0 to 1
	DistortionShare Number       `json:"distortion_share,omitempty"` // of the sum over edges, 0 to 1
	Curve           []CurvePoint `json:"curve,omitempty"`
	TileChannels    int          `json:"tile_channels"`
	TileRows        int          `json:"tile_rows"`
	Tiles           int          `json:"tiles"`
}

// CurvePoint is a step of an edge's curve: what it does to the network while all other edges stay float32.
type CurvePoint struct {
	Step         float32  `json:"step"`
	BitsPerValue float64  `json:"bits_per_value"`
	Distortion   Number32 `json:"distortion"`
}

// SelfTest compares what the curves predict of the whole quantized network with what was measured.
type SelfTest struct {
	Images     int     `json:"images"` // that were measured
	Distortion string  `json:"distortion"`
	Predicted  Quality `json:"predicted"`
	Measured   Quality `json:"measured"`
	KL         Number  `json:"kl"`        // null: the outputs are neither classes nor maps of them
	Agreement  Number  `json:"agreement"` // percent; null likewise
}

// Quality is what a quantized network comes to.
type Quality struct {
	Distortion Number  `json:"distortion"`
	StoredBits float64 `json:"stored_bits"`
}

// setEvidence adds what graded decided by.
func (v *Profile) setEvidence(p *profile.Profile) {
	e := p.Evidence
	if e == nil {
		return
	}
	if e.Measured() {
		v.SelfTest = &SelfTest{
			Images: e.Images, Distortion: e.Distortion, KL: Number(e.MeasuredKL), Agreement: Number(e.MeasuredAgreement),
			Predicted: Quality{Number(e.PredictedDistortion()), float64(e.PredictedBits)},
			Measured:  Quality{Number(e.MeasuredDistortion), float64(e.MeasuredBits)},
		}
	}
	bits := 0.0
	for _, c := range e.Chosen {
		bits += float64(c.Bits)
	}
	for i, c := range e.Chosen {
		edge, n := &v.Edges[i], float64(p.Edges[i].Elements())
		edge.Step, edge.BitsPerValue = c.Step, float64(c.Bits)/n
		edge.BitsShare = float64(c.Bits) / max(bits, 1)
		edge.DistortionShare = Number(float64(c.Distortion) / max(e.PredictedDistortion(), 1e-300))
		for _, q := range e.Curves[i] {
			edge.Curve = append(edge.Curve, CurvePoint{q.Step, float64(q.Bits) / n, Number32(q.Distortion)})
		}
	}
}

// ParseProfile looks at the bytes of a profile; name is what it is called. Errors are those of profile.Parse.
func ParseProfile(name string, b []byte) (*Profile, error) {
	p, sections, err := profile.ParseSections(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	v := &Profile{
		File: name, Digest: fmt.Sprintf("%x", p.Digest()), Setting: session.Describe(p.Setting), Coder: p.Coder.String(), EdgeSet: p.EdgeSet,
		Seed: p.Seed, Model: p.Network.Name, ModelSHA: fmt.Sprintf("%x", p.Network.Digest), Data: p.Data.Spec,
		DataSHA: fmt.Sprintf("%x", p.Data.Digest), Images: p.Data.Images, Tool: p.Tool, ISA: p.ISA,
		Preprocess: describePreprocess(p.Preprocess), Bytes: len(b),
	}
	for i := range p.Edges {
		v.Edges = append(v.Edges, viewEdge(&p.Edges[i]))
		if e := p.Edges[i].Earlier; e != nil {
			v.Edges[i].Earlier = p.Edges[e.Edge].Name
		}
	}
	for _, s := range sections {
		v.Sections = append(v.Sections, Section{s.Name, s.Size})
	}
	v.Skip = p.Skip
	for _, b := range p.Bias {
		v.Biases = append(v.Biases, b.Node)
	}
	for _, g := range p.Gain {
		v.Gains = append(v.Gains, g.Node)
	}
	v.setEvidence(p)
	return v, nil
}

func viewEdge(e *profile.Edge) ProfileEdge {
	v := ProfileEdge{
		Name: e.Name, Channels: e.Channels, Rows: e.Rows, Cols: e.Cols, ChannelsLast: e.ChannelsLast, OneSided: e.OneSided,
		Signed: !e.Unsigned, Bits: e.Bits, ExtraBits: e.ExtraBits, Scale: e.Scale.String(), Important: []int{},
		TileChannels: e.Tile.Channels, TileRows: e.Tile.Rows, Tiles: e.NumTiles(),
		Escape: e.Escape, RowSums: e.RowSums, Means: e.DC, Transform: e.Transform != nil,
		Coder: e.Coder.String(),
	}
	for c := range e.Channels {
		if e.IsImportant(c) {
			v.Important = append(v.Important, c)
		}
	}
	return v
}

// describePreprocess names what differs from "as it is", in the words of the flags.
func describePreprocess(p profile.Preprocess) string {
	var parts []string
	add := func(set bool, format string, args ...any) {
		if set {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	none := profile.Size{}
	add(p.Resize != none && p.Resize.Height == 0, "size %d", p.Resize.Width)
	add(p.Resize.Height > 0, "size %dx%d", p.Resize.Height, p.Resize.Width)
	add(p.Crop != none, "crop %dx%d", p.Crop.Height, p.Crop.Width)
	add(true, "divisor %v", cmp.Or(p.Divisor, 255))
	add(p.Mean != nil, "mean %v", p.Mean)
	add(p.Std != nil, "std %v", p.Std)
	add(true, "channels %s", cmp.Or(p.Channels, "rgb"))
	add(true, "layout %s", cmp.Or(p.Layout, "nchw"))
	add(p.Shape != nil, "shape %v", p.Shape)
	add(p.Ignore != nil, "labels %v ignored", p.Ignore)
	add(p.LabelShift != 0, "labels shifted by %d", p.LabelShift)
	return strings.Join(parts, ", ")
}
