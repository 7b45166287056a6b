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

	"github.com/dqa-go/dqa/frame"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/profile"
	"github.com/spf13/cobra"
)

func (a *app) inspect() *cobra.Command {
	var (
		pre        preprocessFlags
		edges, ref string
		cost       bool
	)
	cmd := &cobra.Command{
		Use:   "inspect FILE",
		Short: "what is in a model, a profile or a frame",
		Long: `inspect tells of a model: operators, edges and why each is one, and what is unsupported (exit code 1 if anything is);
of a profile: what it was made from and how every edge is quantized; of a frame: what its bytes are spent on.`,
		Example: "  dqa inspect resnet32.onnx --edges activations\n  dqa inspect resnet32.onnx --cost\n  dqa inspect resnet32.dqap\n  dqa inspect frames/000000.dqaf",
		Args:    exactArgs("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			view, err := a.lookAt(cmd.Context(), args[0], &pre, edges, ref, cost)
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
	pre, err := resolvePreprocess(path, flags, nil)
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
	if isBuiltin(path) {
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
	pre, err := resolvePreprocess(path, flags, nil)
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
	g, err := loadGraph(path, pre)
	if err != nil {
		return nil, nil, err
	}
	edges, err := g.FindEdges(set)
	if err != nil {
		return nil, nil, err
	}
	_, _, err = a.compile(g, edges)
	return g, edges, err
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
	Edges      []profileEdgeView `json:"edges"`
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
	TileChannels int    `json:"tile_channels"`
	TileRows     int    `json:"tile_rows"`
	Tiles        int    `json:"tiles"`
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
		File: path, Digest: fmt.Sprintf("%x", p.Digest()), Setting: describe(p.Method), Coder: p.Coder.String(), EdgeSet: p.EdgeSet,
		Seed: p.Seed, Model: p.Model.Name, ModelSHA: fmt.Sprintf("%x", p.Model.Digest), Data: p.Data.Spec,
		DataSHA: fmt.Sprintf("%x", p.Data.Digest), Images: p.Data.Images, Tool: p.Tool, ISA: p.ISA,
		Preprocess: describePreprocess(p.Preprocess), Bytes: len(b),
	}
	for i := range p.Edges {
		v.Edges = append(v.Edges, viewEdge(&p.Edges[i]))
	}
	for _, s := range sections {
		v.Sections = append(v.Sections, sectionView{s.Name, s.Size})
	}
	return v, nil
}

func viewEdge(e *profile.Edge) profileEdgeView {
	v := profileEdgeView{
		Name: e.Name, Channels: e.Channels, Rows: e.Rows, Cols: e.Cols, ChannelsLast: e.ChannelsLast, OneSided: e.OneSided,
		Signed: !e.Unsigned, Bits: e.Bits, ExtraBits: e.ExtraBits, Scale: e.Scale.String(), Important: []int{},
		TileChannels: e.Tile.Channels, TileRows: e.Tile.Rows, Tiles: e.NumTiles(),
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
	for _, e := range f.EdgeBlocks {
		v.Tiles += len(e.Tiles)
	}
	return v, nil
}

func (v *frameView) text(w io.Writer) error {
	fmt.Fprintf(w, "%s  frame of %d edges in %d tiles, made with profile %s...\n\n", v.File, v.Edges, v.Tiles, v.Profile[:12])
	return printSections(w, v.Sections, v.Bytes)
}
