package bench

import (
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// PlotSVG draws every path of one place: bits per value to the right, and upwards how fast it decodes (a circle) and
// encodes (a cross), as a ratio to copying, on a logarithmic axis.
func (r *Result) PlotSVG(w io.Writer, place string) error {
	p := plot.New()
	p.Title.Text = "Coding activations (" + place + ")"
	p.X.Label.Text = "bits per value"
	p.Y.Label.Text = "speed, ratio to copy()"
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	p.X.Min = 0
	p.Add(plotter.NewGrid())
	var encodes, decodes plotter.XYs
	var names []string
	for _, row := range r.Rows {
		if row.Where == place {
			encodes = append(encodes, plotter.XY{X: row.Bits, Y: row.Encode})
			decodes = append(decodes, plotter.XY{X: row.Bits, Y: row.Decode})
			names = append(names, row.Path)
		}
	}
	if len(names) == 0 {
		return ErrTensors
	}
	for _, s := range []struct {
		name  string
		at    plotter.XYs
		shape draw.GlyphDrawer
	}{{"decoding", decodes, draw.CircleGlyph{}}, {"encoding", encodes, draw.CrossGlyph{}}} {
		points, err := plotter.NewScatter(s.at)
		if err != nil {
			return err
		}
		points.Shape, points.Radius = s.shape, vg.Points(4)
		p.Add(points)
		p.Legend.Add(s.name, points)
	}
	labels, err := plotter.NewLabels(plotter.XYLabels{XYs: decodes, Labels: names})
	if err != nil {
		return err
	}
	labels.Offset = vg.Point{X: vg.Points(6), Y: vg.Points(3)}
	p.Add(labels)
	p.Legend.Top = true
	canvas := vgsvg.New(vg.Points(720), vg.Points(420))
	p.Draw(draw.New(canvas))
	_, err = canvas.WriteTo(w)
	return err
}
