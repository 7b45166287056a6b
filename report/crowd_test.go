package report

import (
	"bytes"
	"strings"
	"testing"
)

// sweepResult has more settings than a plot can tell apart: r from .1 on, larger ones being larger and better, but for
// every third, which another one beats.
func sweepResult() Result {
	r := sample()
	for i := range 20 {
		row := quantized("dqa", 3, 80+float64(i), .5, .1, 90)
		if i%3 == 2 {
			row.Value = ptr(70.0)
		}
		row.ExtraBits, row.Ratio, row.Ranking = ptr(1), ptr(.1+.01*float64(i)), ptr("mse")
		r.Rows = append(r.Rows, stored(row, ptr("paper"), 3+.05*float64(i)))
	}
	return r
}

func TestCrowdedPlotsShowFronts(t *testing.T) {
	r := sweepResult()
	q, _ := quantityOf(r)
	all := seriesOf(r, q)
	if len(all) != 4 {
		t.Fatalf("%d lines, want two methods with two coders each", len(all))
	}
	for _, s := range all {
		for i := 1; i < len(s.points); i++ {
			if s.points[i].x <= s.points[i-1].x || s.points[i].y <= s.points[i-1].y {
				t.Errorf("%s: point %d is beaten by the one before", s.name, i)
			}
		}
	}
	if n := len(all[2].points); all[2].name != "dqa" || n < 10 || n > 16 {
		t.Errorf("%s has %d points", all[2].name, n)
	}
	var page bytes.Buffer
	if err := WriteHTML(&page, "t", []Result{r}, HTMLOptions{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(page.String(), "all are in the table") {
		t.Error("the caption does not say that settings are left out")
	}
	if strings.Contains(string(samplePage(t)), "all are in the table") {
		t.Error("a plot that shows everything says that settings are left out")
	}
}
