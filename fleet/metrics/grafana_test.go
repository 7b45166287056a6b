package metrics_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/metrics"
)

const dashboard = "../../deploy/grafana/fleet.json"

var (
	metricName = regexp.MustCompile(`dqa_[a-z_]+`)
	labelUse   = regexp.MustCompile(`[{,(]\s*([a-z]+)\s*(?:=~?"|[,)])`)
)

// Every metric and label that the dashboard asks for is there, and every series of a member is on it.
func TestDashboard(t *testing.T) {
	b, err := os.ReadFile(dashboard)
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Panels []struct {
			ID      int
			Title   string
			Type    string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	e := metrics.New(func() []link.Status { return []link.Status{sample()} }, nil)
	_, page := get(t, e.Handler(), "/metrics")
	asked, ids := map[string]bool{}, map[int]bool{}
	for _, p := range d.Panels {
		if ids[p.ID] || p.Type != "row" && len(p.Targets) == 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %q: number %d, %d queries, %+v", p.Title, p.ID, len(p.Targets), p.GridPos)
		}
		ids[p.ID] = true
		for _, q := range p.Targets {
			names := metricName.FindAllString(q.Expr, -1)
			if len(names) == 0 {
				t.Errorf("%q asks for nothing: %s", p.Title, q.Expr)
			}
			for _, name := range names {
				asked[name] = true
				if !strings.Contains(page, "\n"+name+"{") && !strings.Contains(page, "\n"+name+" ") {
					t.Errorf("%q asks for %s, which is not there", p.Title, name)
				}
			}
			for _, l := range labelUse.FindAllStringSubmatch(q.Expr, -1) {
				if !strings.Contains(page, l[1]+`="`) {
					t.Errorf("%q asks for the label %s, which is not there", p.Title, l[1])
				}
			}
		}
	}
	if len(asked) < 15 {
		t.Errorf("only %d metrics are shown", len(asked))
	}
}
