package main

import (
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/dqa-go/dqa/internal/testdata"
)

// A small soak: everything happens to the fleet that the full one does, less often.
func TestSoak(t *testing.T) {
	testdata.Long(t)
	program := filepath.Join(t.TempDir(), "dqa-fleet")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", program, "github.com/dqa-go/dqa/cmd/dqa-fleet").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	opt := options{
		program: program, frames: 900, devices: 3, gateways: 2, kills: 8, cuts: 30, stops: 2, full: true, length: 15 * time.Second, seed: 1,
	}
	r, err := soak(t.Context(), opt, t.Logf)
	if err == nil {
		err = r.failure()
	}
	if err != nil {
		t.Fatalf("%v: %+v", err, r)
	}
	if r.Kills == 0 || r.Cuts == 0 || r.Stops == 0 {
		t.Errorf("nothing happened: %+v", r)
	}
	t.Logf("%+v", r)
}
