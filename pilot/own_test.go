package pilot

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/dqa-go/dqa/session"
)

// asMetric makes the test binary a metric command: accuracy in percent, as anybody's script would count it.
const asMetric = "DQA_TEST_METRIC"

func TestMain(m *testing.M) {
	if os.Getenv(asMetric) == "" || len(os.Args) < 2 || os.Args[1] != "score" {
		os.Exit(m.Run())
	}
	right, all := 0, 0
	lines := bufio.NewScanner(os.Stdin)
	for lines.Buffer(nil, 1<<20); lines.Scan(); all++ {
		var p struct {
			Label  *int
			Output []float64
		}
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil || p.Label == nil {
			fmt.Fprintln(os.Stderr, "no label:", err)
			os.Exit(3)
		}
		if slices.Index(p.Output, slices.Max(p.Output)) == *p.Label {
			right++
		}
	}
	fmt.Println("a score follows")
	fmt.Println(100 * float64(right) / float64(all))
	os.Exit(0)
}

// A command that counts accuracy says what the built-in metric says, of both networks; its error is near that of the paired difference.
func TestMetricCommand(t *testing.T) {
	t.Setenv(asMetric, "1")
	net := demoNet(t, "demo:classify", session.Options{})
	outcomes := map[string]Outcome{}
	for _, command := range []string{"", os.Args[0] + " score"} {
		r := &run{net: net, opt: Options{Data: "demo:classify[0:900]", Images: 200, MetricCommand: command, Workers: 2}, study: &Study{}}
		if err := r.openParts(); err != nil {
			t.Fatal(err)
		}
		if err := r.prepare(); err != nil {
			t.Fatal(err)
		}
		v, err := session.Grid{Methods: "direct:unsigned", Bits: []int{2}}.Variants(session.Variant{})
		if err != nil {
			t.Fatal(err)
		}
		made, err := r.calibrator.Calibrate(t.Context(), v[0])
		if err != nil {
			t.Fatal(err)
		}
		q, err := net.Bind(made.Profile)
		if err != nil {
			t.Fatal(err)
		}
		m, err := r.compare(t.Context(), "", r.choice, stored(q), false)
		if err != nil {
			t.Fatal(err)
		}
		outcomes[command] = m.Outcome
	}
	want, got := outcomes[""], outcomes[os.Args[0]+" score"]
	near(t, "float32", got.Float, want.Float, 1e-9)
	near(t, "stored", got.Value, want.Value, 1e-9)
	near(t, "loss", got.Loss.Value, want.Loss.Value, 1e-9)
	if want.Loss.Value == 0 || got.SE < want.SE/2.5 || got.SE > 2.5*want.SE || got.Loss.Low >= got.Loss.Value {
		t.Errorf("%+v, %+v", got.Loss, want.Loss)
	}
}

// Whatever a command does wrong is told, with its own last words.
func TestMetricCommandFails(t *testing.T) {
	t.Setenv(asMetric, "1")
	for _, command := range []string{"/nowhere/metric", os.Args[0] + " score", os.Args[0] + " -test.run=^$"} {
		_, err := ownScore(t.Context(), command, []prediction{{Name: "a", Output: values{1, float32(math.NaN())}}}, -1)
		if !errors.Is(err, session.ErrMetricCommand) {
			t.Errorf("%s: %v", command, err)
		}
	}
}

// The jackknife of a mean is its standard error; where no group changes, half an image is left.
func TestJackknife(t *testing.T) {
	losses := make([]float64, 40)
	was, is := make([]float64, ownGroups+1), make([]float64, ownGroups+1)
	for i := range losses {
		losses[i] = float64(i*i%7) * 10
	}
	for without := -1; without < ownGroups; without++ {
		sum, n := 0., 0.
		for i, l := range losses {
			if i%ownGroups != without {
				sum, n = sum+l, n+1
			}
		}
		was[without+1], is[without+1] = 100, 100-sum/n
	}
	groups := make([]float64, ownGroups)
	for i, l := range losses {
		groups[i%ownGroups] += l * ownGroups / float64(len(losses))
	}
	mean, squares := 0., 0.
	for _, g := range groups {
		mean += g / ownGroups
	}
	for _, g := range groups {
		squares += (g - mean) * (g - mean)
	}
	loss, se := jackknife(was, is, len(losses))
	near(t, "loss", loss.Value, mean, 1e-9)
	near(t, "standard error", se, math.Sqrt(squares/(ownGroups-1)/ownGroups), 1e-9)
	near(t, "interval", loss.High-loss.Value, ownT*se, 1e-9)
	if _, se := jackknife(was, was, 40); se != 50./40 {
		t.Error(se)
	}
}

// Of what a command prints the end is kept, however much there is.
func TestEnding(t *testing.T) {
	var e ending
	for range 100 {
		if n, err := e.Write(make([]byte, 5000)); n != 5000 || err != nil {
			t.Fatal(n, err)
		}
	}
	fmt.Fprint(&e, "\n97.5\n")
	if len(e) != ownSaid || lastLine("", string(e)) != "97.5" {
		t.Errorf("%d bytes kept, the last line is %.20q", len(e), lastLine("", string(e)))
	}
}
