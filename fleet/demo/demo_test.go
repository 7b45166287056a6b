package demo_test

import (
	"testing"

	"github.com/dqa-go/dqa/fleet/demo"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestDemo(t *testing.T) {
	r, err := demo.Run(t.Context(), demo.Options{Dir: t.TempDir(), Seed: 1, Say: func(s string) { t.Log(s) }})
	if err != nil {
		t.Fatal(err)
	}
	if r.Sent != 2*(240+160+120) || r.Answered != r.Sent || r.Lost+r.Duplicates != 0 || !r.RolledBack {
		t.Errorf("%+v", r)
	}
}
