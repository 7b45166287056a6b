package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/frame"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

func (a *app) inspect() *cobra.Command {
	var (
		pre        preprocessFlags
		edges, ref string
		prof       string
		cost       bool
	)
	cmd := &cobra.Command{
		Use:   "inspect FILE",
		Short: "what is in a model, a profile or a frame",
		Long: `inspect tells of a model: operators, edges and why each is one, and what is unsupported (exit code 1 if anything is);
of a profile: what it was made from, how every edge is quantized, and of a graded one what every edge's curve says and
what the whole quantized network came to; of a frame: what its bytes are spent on.`,
		Example: "  dqa inspect resnet32.onnx --edges activations\n  dqa inspect resnet32.onnx --cost\n  dqa inspect resnet32.dqap\n  dqa inspect frames/000000.dqaf --profile resnet32.dqap",
		Args:    exactArgs("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			view, err := a.lookAt(cmd.Context(), args[0], &pre, edges, ref, cost)
			if frame, ok := view.(*frameView); ok && err == nil && prof != "" {
				err = a.accountFrame(frame, prof)
			}
			if err != nil {
				return err
			}
			err = a.print(a.out, view, view.text)
			if p, ok := view.(interface{ problem() bool }); ok && err == nil && p.problem() {
				return errReported
			}
			return err
		},
	}
	pre.register(cmd)
	cmd.Flags().StringVar(&edges, "edges", "stored", "of a model: stored or activations")
	cmd.Flags().StringVar(&ref, "reference", "", "of a model: compare its outputs on a formula's input with those of another runtime in this JSON file; exit code 1 if they differ")
	cmd.Flags().BoolVar(&cost, "cost", false, "of a model: what running up to and from every edge takes, relative to a whole pass")
	cmd.Flags().StringVar(&prof, "profile", "", "of a frame: the profile that it was made with, to see how near its codes are to what the models allow")
	completeWords(cmd, "edges", []string{"stored", "activations"})
	return cmd
}

// lookAt chooses what is shown of the file.
func (a *app) lookAt(ctx context.Context, path string, flags *preprocessFlags, edges, ref string, cost bool) (view, error) {
	if ref == "" && !cost {
		return a.look(path, flags, edges)
	}
	set, err := (&methodFlags{edges: edges}).edgeSet()
	if err != nil {
		return nil, err
	}
	pre, err := flags.resolve(path, nil)
	if err != nil {
		return nil, err
	}
	if ref != "" {
		return a.compareReference(path, pre, ref)
	}
	return a.measureCost(ctx, path, pre, set)
}

func (v *modelView) problem() bool     { return len(v.Unsupported) > 0 }
func (v *referenceView) problem() bool { return !v.Within }

// view is what inspect shows: its exported fields as JSON, or text.
type view interface{ text(io.Writer) error }

// look finds out what the file is by its first bytes.
func (a *app) look(path string, pre *preprocessFlags, edges string) (view, error) {
	if session.BuiltIn(path) {
		return a.inspectModel(path, pre, edges)
	}
	f, err := file.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var head [4]byte
	if _, err := io.ReadFull(f, head[:]); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.Equal(head[:], []byte("DQAP")):
		return inspectProfile(path)
	case bytes.Equal(head[:], []byte("DQAF")):
		return inspectFrame(path)
	}
	return a.inspectModel(path, pre, edges)
}

// tableOf writes rows with aligned columns.
func tableOf(w io.Writer, header string, rows [][]string) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, header)
	for _, r := range rows {
		fmt.Fprintln(tw, strings.Join(r, "\t"))
	}
	return tw.Flush()
}

type modelView struct {
	Model       string            `json:"model"`
	Digest      string            `json:"sha256"`
	Opset       int               `json:"opset"`
	Input       []int             `json:"input_shape"`
	Outputs     [][]int           `json:"output_shapes"`
	Operators   map[string]int    `json:"operators"`
	EdgeSet     string            `json:"edge_set"`
	Values      int               `json:"values_per_image"`
	Edges       []edgeView        `json:"edges"`
	Others      map[string]string `json:"not_edges"`
	Unsupported []string          `json:"unsupported"`
}

type edgeView struct {
	Name     string `json:"name"`
	Op       string `json:"op"`
	Shape    []int  `json:"shape"`
	OneSided bool   `json:"one_sided"`
	Reason   string `json:"reason"`
}

func (a *app) inspectModel(path string, flags *preprocessFlags, set string) (view, error) {
	pre, err := flags.resolve(path, nil)
	if err != nil {
		return nil, err
	}
	v := &modelView{Model: path, EdgeSet: set, Operators: map[string]int{}, Others: map[string]string{}, Edges: []edgeView{}, Unsupported: []string{}}
	g, edges, err := a.tryModel(path, pre, onnx.EdgeSet(set))
	var unsupported *onnx.UnsupportedError
	if errors.As(err, &unsupported) {
		for _, n := range unsupported.Nodes {
			v.Unsupported = append(v.Unsupported, fmt.Sprintf("%s (node %s, opset %d): %s", n.Op, n.Name, n.Opset, n.Reason))
		}
		return v, nil
	}
	if err != nil {
		return nil, err
	}
	return v, v.fill(g, edges)
}

// tryModel goes as far as running the model would: what the reader accepts the engine may still lack.
func (a *app) tryModel(path string, pre profile.Preprocess, set onnx.EdgeSet) (*onnx.Graph, []onnx.Edge, error) {
	g, err := session.Load(path, pre)
	if err != nil {
		return nil, nil, err
	}
	edges, err := g.FindEdges(set)
	if err != nil {
		return nil, nil, err
	}
	return g, edges, session.Supported(g, a.options(pre, set, nil))
}

func (v *modelView) fill(g *onnx.Graph, edges []onnx.Edge) error {
	v.Digest, v.Opset, v.Input = fmt.Sprintf("%x", g.Digest), g.Opset, g.Input.Shape
	for _, o := range g.Outputs {
		v.Outputs = append(v.Outputs, o.Shape)
	}
	for _, n := range g.Nodes {
		v.Operators[n.Op]++
	}
	for _, e := range edges {
		v.Values += e.Channels * e.Rows * e.Cols
		v.Edges = append(v.Edges, edgeView{e.Name, e.Op, e.Shape, e.OneSided, e.Reason})
	}
	reasons, err := g.ExplainValues(onnx.EdgeSet(v.EdgeSet))
	for _, r := range reasons {
		if !r.Edge {
			v.Others[r.Name] = r.Reason
		}
	}
	return err
}

func (v *modelView) text(w io.Writer) error {
	if len(v.Unsupported) > 0 {
		fmt.Fprintf(w, "%s cannot be run: %d nodes are not supported\n", v.Model, len(v.Unsupported))
		for _, u := range v.Unsupported {
			fmt.Fprintf(w, "  %s\n", u)
		}
		return nil
	}
	fmt.Fprintf(w, "%s  opset %d, input %v, outputs %v\nsha256 %s\n\noperators:", v.Model, v.Opset, v.Input, v.Outputs, v.Digest)
	for _, op := range sortedKeys(v.Operators) {
		fmt.Fprintf(w, " %s x%d", op, v.Operators[op])
	}
	fmt.Fprintf(w, "\n\n%d edges (%s), %d values per image\n", len(v.Edges), v.EdgeSet, v.Values)
	var rows [][]string
	for i, e := range v.Edges {
		side := "two"
		if e.OneSided {
			side = "one"
		}
		rows = append(rows, []string{fmt.Sprint(i), e.Name, fmt.Sprint(e.Shape), side, e.Reason})
	}
	if err := tableOf(w, "#\tedge\tshape\tsides\twhy", rows); err != nil {
		return err
	}
	fmt.Fprintf(w, "\n%d values are not edges\n", len(v.Others))
	rows = rows[:0]
	for _, name := range sortedKeys(v.Others) {
		rows = append(rows, []string{name, v.Others[name]})
	}
	return tableOf(w, "value\twhy not", rows)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

type sectionView struct {
	Name  string `json:"name"`
	Bytes int    `json:"bytes"`
}

func printSections(w io.Writer, sections []sectionView, total int) error {
	var rows [][]string
	for _, s := range sections {
		rows = append(rows, []string{s.Name, fmt.Sprint(s.Bytes), fmt.Sprintf("%.2f %%", 100*float64(s.Bytes)/float64(total))})
	}
	rows = append(rows, []string{"file", fmt.Sprint(total), ""})
	return tableOf(w, "section\tbytes\tshare", rows)
}

type profileView struct {
	File       string            `json:"file"`
	Digest     string            `json:"digest"`
	Setting    string            `json:"setting"`
	Coder      string            `json:"coder"`
	EdgeSet    string            `json:"edge_set"`
	Seed       uint64            `json:"seed"`
	Model      string            `json:"model"`
	ModelSHA   string            `json:"model_sha256"`
	Data       string            `json:"data"`
	DataSHA    string            `json:"data_sha256"`
	Images     int               `json:"images"`
	Tool       string            `json:"tool"`
	ISA        string            `json:"isa"`
	Preprocess string            `json:"preprocess"`
	Skip       []string          `json:"skip,omitempty"` // edges that stay float32
	Edges      []profileEdgeView `json:"edges"`
	Biases     []string          `json:"biases,omitempty"` // nodes
	SelfTest   *selfTest         `json:"self_test,omitempty"`
	Sections   []sectionView     `json:"sections"`
	Bytes      int               `json:"bytes"`
}

type profileEdgeView struct {
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
	Coder        string `json:"coder"`
	// What graded chose, else nothing.
	Step            float32      `json:"step,omitempty"`
	BitsPerValue    float64      `json:"bits_per_value,omitempty"`
	BitsShare       float64      `json:"bits_share,omitempty"`       // of all codes, 0 to 1
	DistortionShare float64      `json:"distortion_share,omitempty"` // of the sum over edges, 0 to 1
	Curve           []curvePoint `json:"curve,omitempty"`
	TileChannels    int          `json:"tile_channels"`
	TileRows        int          `json:"tile_rows"`
	Tiles           int          `json:"tiles"`
}

// curvePoint is a step of a curve.
type curvePoint struct {
	Step         float32 `json:"step"`
	BitsPerValue float64 `json:"bits_per_value"`
	Distortion   float32 `json:"distortion"`
}

// selfTest compares what the curves predict of the whole quantized network with what was measured.
type selfTest struct {
	Images     int     `json:"images"` // that were measured
	Distortion string  `json:"distortion"`
	Predicted  quality `json:"predicted"`
	Measured   quality `json:"measured"`
	KL         float64 `json:"kl"`
	Agreement  float64 `json:"agreement"` // percent
}

type quality struct {
	Distortion float64 `json:"distortion"`
	StoredBits float64 `json:"stored_bits"`
}

// setEvidence adds what graded decided by.
func (v *profileView) setEvidence(p *profile.Profile) {
	e := p.Evidence
	if e == nil {
		return
	}
	v.SelfTest = &selfTest{
		Images: e.Images, Distortion: e.Distortion, KL: float64(e.MeasuredKL), Agreement: float64(e.MeasuredAgreement),
		Predicted: quality{e.PredictedDistortion(), float64(e.PredictedBits)},
		Measured:  quality{float64(e.MeasuredDistortion), float64(e.MeasuredBits)},
	}
	bits := 0.0
	for _, c := range e.Chosen {
		bits += float64(c.Bits)
	}
	for i, c := range e.Chosen {
		edge, n := &v.Edges[i], float64(p.Edges[i].Elements())
		edge.Step, edge.BitsPerValue = c.Step, float64(c.Bits)/n
		edge.BitsShare = float64(c.Bits) / max(bits, 1)
		edge.DistortionShare = float64(c.Distortion) / max(e.PredictedDistortion(), 1e-300)
		for _, q := range e.Curves[i] {
			edge.Curve = append(edge.Curve, curvePoint{q.Step, float64(q.Bits) / n, q.Distortion})
		}
	}
}

func inspectProfile(path string) (view, error) {
	b, err := file.Read(path)
	if err != nil {
		return nil, err
	}
	p, sections, err := profile.ParseSections(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	v := &profileView{
		File: path, Digest: fmt.Sprintf("%x", p.Digest()), Setting: session.Describe(p.Setting), Coder: p.Coder.String(), EdgeSet: p.EdgeSet,
		Seed: p.Seed, Model: p.Network.Name, ModelSHA: fmt.Sprintf("%x", p.Network.Digest), Data: p.Data.Spec,
		DataSHA: fmt.Sprintf("%x", p.Data.Digest), Images: p.Data.Images, Tool: p.Tool, ISA: p.ISA,
		Preprocess: describePreprocess(p.Preprocess), Bytes: len(b),
	}
	for i := range p.Edges {
		v.Edges = append(v.Edges, viewEdge(&p.Edges[i]))
	}
	for _, s := range sections {
		v.Sections = append(v.Sections, sectionView{s.Name, s.Size})
	}
	v.Skip = p.Skip
	for _, b := range p.Bias {
		v.Biases = append(v.Biases, b.Node)
	}
	v.setEvidence(p)
	return v, nil
}

func viewEdge(e *profile.Edge) profileEdgeView {
	v := profileEdgeView{
		Name: e.Name, Channels: e.Channels, Rows: e.Rows, Cols: e.Cols, ChannelsLast: e.ChannelsLast, OneSided: e.OneSided,
		Signed: !e.Unsigned, Bits: e.Bits, ExtraBits: e.ExtraBits, Scale: e.Scale.String(), Important: []int{},
		TileChannels: e.Tile.Channels, TileRows: e.Tile.Rows, Tiles: e.NumTiles(),
		Escape: e.Escape, RowSums: e.RowSums, Coder: e.Coder.String(),
	}
	for c := range e.Channels {
		if e.IsImportant(c) {
			v.Important = append(v.Important, c)
		}
	}
	return v
}

func (v *profileView) text(w io.Writer) error {
	fmt.Fprintf(w, "%s  profile of %s (sha256 %.12s...)\n", v.File, v.Model, v.ModelSHA)
	fmt.Fprintf(w, "%s, coder %s, edges %s, seed %d\n", v.Setting, v.Coder, v.EdgeSet, v.Seed)
	fmt.Fprintf(w, "calibrated on %d images of %s (sha256 %.12s...) by %s, %s\n", v.Images, v.Data, v.DataSHA, v.Tool, v.ISA)
	fmt.Fprintf(w, "preprocessing: %s\ndigest %s\n\n", v.Preprocess, v.Digest)
	if v.SelfTest != nil {
		return v.graded(w)
	}
	var rows [][]string
	for i, e := range v.Edges {
		codes := "signed"
		if !e.Signed {
			codes = "unsigned"
		}
		rows = append(rows, []string{fmt.Sprint(i), e.Name, fmt.Sprintf("%dx%dx%d", e.Channels, e.Rows, e.Cols), codes,
			fmt.Sprintf("%d+%d", e.Bits, e.ExtraBits), fmt.Sprintf("%d of %d", len(e.Important), e.Channels),
			fmt.Sprintf("%dx%d", e.TileChannels, e.TileRows), fmt.Sprint(e.Tiles)})
	}
	if err := tableOf(w, "#\tedge\tplanes\tcodes\tbits\timportant\ttile\ttiles", rows); err != nil {
		return err
	}
	fmt.Fprintln(w)
	return printSections(w, v.Sections, v.Bytes)
}

// graded shows every edge's curve, what was chosen of it and what that takes, then the self-test.
func (v *profileView) graded(w io.Writer) error {
	var rows [][]string
	for i, e := range v.Edges {
		codes := "signed"
		if !e.Signed {
			codes = "unsigned"
		}
		if e.RowSums {
			codes += ", row sums"
		}
		rows = append(rows, []string{fmt.Sprint(i), e.Name, fmt.Sprintf("%dx%dx%d", e.Channels, e.Rows, e.Cols), codes, e.Coder,
			fmt.Sprintf("%.3g", e.Step), fmt.Sprintf("%.2f", e.BitsPerValue), fmt.Sprintf("%.1f %%", 100*e.BitsShare),
			fmt.Sprintf("%.1f %%", 100*e.DistortionShare), curveText(e.Curve)})
	}
	if err := tableOf(w, "#\tedge\tplanes\tcodes\tcoder\tstep\tbits\tof bits\tof distortion\tdistortion at 4, 3, 2, 1 bits", rows); err != nil {
		return err
	}
	t := v.SelfTest
	fmt.Fprintf(w, "\nself-test on the %d calibration images (distortion: %s)\n", t.Images, t.Distortion)
	err := tableOf(w, "\tdistortion\tstored bits", [][]string{
		{"predicted by the curves", fmt.Sprintf("%.3g", t.Predicted.Distortion), fmt.Sprintf("%.3f", t.Predicted.StoredBits)},
		{"measured, whole network", fmt.Sprintf("%.3g", t.Measured.Distortion), fmt.Sprintf("%.3f", t.Measured.StoredBits)},
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "KL %.3g, agreement %.2f %%; biases in %d nodes; %d edges skipped\n\n", t.KL, t.Agreement, len(v.Biases), len(v.Skip))
	return printSections(w, v.Sections, v.Bytes)
}

// curveText reads the curve at whole bits, between the points that are next to each.
func curveText(curve []curvePoint) string {
	var parts []string
	for _, bits := range []float64{4, 3, 2, 1} {
		text := "-"
		for k := 1; k < len(curve); k++ {
			a, b := curve[k-1], curve[k]
			if a.BitsPerValue >= bits && b.BitsPerValue < bits {
				t := (a.BitsPerValue - bits) / (a.BitsPerValue - b.BitsPerValue)
				text = fmt.Sprintf("%.1e", (1-t)*float64(a.Distortion)+t*float64(b.Distortion))
				break
			}
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "  ")
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

type frameView struct {
	File     string        `json:"file"`
	Profile  string        `json:"profile_digest"`
	Edges    int           `json:"edges"`
	Tiles    int           `json:"tiles"`
	Sections []sectionView `json:"sections"`
	Bytes    int           `json:"bytes"`
	Payload  *payloadView  `json:"payload,omitempty"`
	Base     int           `json:"base_bytes,omitempty"` // of a scalable frame: the part that suffices
	Cut      bool          `json:"cut,omitempty"`        // and that is all there is
}

// payloadView tells how near a modelled payload is to what its models allow.
type payloadView struct {
	StoredBits   float64 `json:"stored_bits"`   // per value, all of the frame
	IdealBytes   float64 `json:"ideal_bytes"`   // of coded tiles, by their models
	CodedBytes   int     `json:"coded_bytes"`   // the same tiles, states without what they waste
	PlainBytes   int     `json:"plain_bytes"`   // tiles that are stored plainly
	Overhead     float64 `json:"overhead"`      // share of the frame that is neither coded nor plain codes
	OverIdeal    float64 `json:"over_ideal"`    // coded / ideal - 1
	WastedStates int     `json:"wasted_states"` // bytes
}

// accountFrame replaces the payload by its parts.
func (a *app) accountFrame(v *frameView, path string) error {
	p, err := a.readProfile(path)
	if err != nil {
		return err
	}
	codec, err := dqa.NewCodec(p)
	if err != nil {
		return err
	}
	b, err := file.Read(v.File)
	if err != nil {
		return err
	}
	d := codec.NewDecoder()
	if err := d.Open(b); err != nil {
		return fmt.Errorf("%s: %w", v.File, err)
	}
	acc, ok, err := d.Account()
	if err != nil || !ok {
		return err
	}
	// A state begins and ends with 16 bits that belong to codes: of its 4 bytes about 1 does.
	wasted := acc.States * 3 / 4
	v.Payload = &payloadView{
		StoredBits: 8 * float64(len(b)) / float64(p.Elements()), IdealBytes: acc.IdealBits / 8,
		CodedBytes: acc.Coded + acc.States - wasted, PlainBytes: acc.Plain, WastedStates: wasted,
	}
	v.Payload.OverIdeal = float64(v.Payload.CodedBytes)/max(v.Payload.IdealBytes, 1) - 1
	v.Payload.Overhead = 1 - float64(v.Payload.CodedBytes+acc.Plain)/float64(len(b))
	var sections []sectionView
	for _, s := range v.Sections {
		if s.Name != "payload" {
			sections = append(sections, s)
			continue
		}
		sections = append(sections, sectionView{"coded", acc.Coded}, sectionView{"coder states", acc.States},
			sectionView{"plain codes", acc.Plain}, sectionView{"tile modes", acc.Modes})
	}
	v.Sections = sections
	return nil
}

func inspectFrame(path string) (view, error) {
	b, err := file.Read(path)
	if err != nil {
		return nil, err
	}
	f, err := frame.Parse(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s := f.Sections
	v := &frameView{File: path, Profile: fmt.Sprintf("%x", f.Profile), Edges: f.Edges, Bytes: len(b), Sections: []sectionView{
		{"header", s.Header}, {"scales", s.Scales}, {"index", s.Index}, {"payload", s.Payload}, {"checksums", s.Checksums},
	}}
	if f.Refinements > 0 {
		v.Base, v.Cut = f.BaseSize, len(f.RefineBlocks) == 0
		v.Sections = slices.Insert(v.Sections, 4, sectionView{"refinements", s.Refinement})
	}
	for _, e := range f.EdgeBlocks {
		v.Tiles += len(e.Tiles)
	}
	return v, nil
}

func (v *frameView) text(w io.Writer) error {
	fmt.Fprintf(w, "%s  frame of %d edges in %d tiles, made with profile %s...\n\n", v.File, v.Edges, v.Tiles, v.Profile[:12])
	if err := printSections(w, v.Sections, v.Bytes); err != nil {
		return err
	}
	switch {
	case v.Cut:
		fmt.Fprintf(w, "\nscalable: only the base part is there\n")
	case v.Base > 0:
		fmt.Fprintf(w, "\nscalable: the first %d bytes, the base part, suffice for coarser values\n", v.Base)
	}
	if v.Payload == nil {
		return nil
	}
	p := v.Payload
	_, err := fmt.Fprintf(w, "\n%.3f stored bits per value. Codes take %d bytes where %.0f are ideal with these models (%+.2f %%);\n"+
		"everything else is %.2f %% of the frame\n", p.StoredBits, p.CodedBytes, p.IdealBytes, 100*p.OverIdeal, 100*p.Overhead)
	return err
}
