package features

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// packInPieces packs an array by a profile into many small objects.
func packInPieces(dir string, x *matrix, f *Fitted) error {
	k, err := newPacker(x, f.Profile, PackOptions{Source: "x", Workers: 2, Open: func() (Rows, error) {
		return &matrix{shape: x.shape, data: x.data}, nil
	}})
	if err != nil {
		return err
	}
	k.meta.ChunksPerShard = 1
	_, err = k.pack(context.Background(), dir)
	return err
}

// killedStore is the environment variable that makes TestPackKilled the process that is killed.
const killedStore = "DQA_TEST_KILLED_STORE"

// A process that is killed at twenty random moments, and starts again each time, leaves the same store, byte for byte.
func TestPackKilled(t *testing.T) {
	x := newMatrix(5, 1500, 64)
	f := mustFit(t, x, Options{Objective: Objective{MaxError, .02}, CoderName: "fast"})
	if dir := os.Getenv(killedStore); dir != "" {
		if err := packInPieces(dir, x, f); err != nil {
			t.Fatal(err)
		}
		return
	}
	if testing.Short() {
		t.Skip("twenty processes")
	}
	whole := filepath.Join(t.TempDir(), "whole.zarr")
	if err := packInPieces(whole, x, f); err != nil {
		t.Fatal(err)
	}
	want := files(t, whole)
	const seed = 1
	rng := rand.New(rand.NewPCG(seed, 0))
	dir := filepath.Join(t.TempDir(), "killed.zarr")
	kills := 0
	for kills < 20 {
		if killSoon(t, dir, rng) {
			kills++
		}
		if _, err := os.Stat(filepath.Join(dir, "zarr.json")); err == nil { // finished: anew
			compare(t, want, files(t, dir))
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}
	}
	left := len(objects(dir))
	if err := packInPieces(dir, x, f); err != nil {
		t.Fatal(err)
	}
	compare(t, want, files(t, dir))
	t.Logf("killed %d times, seed %d; %d of %d objects were there at the end", kills, seed, left, len(want)-2)
}

// killSoon starts a process that goes on with the store, and kills it when it has written some object, or a little later. It tells
// whether the process was still there.
func killSoon(t *testing.T, dir string, rng *rand.Rand) (killed bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestPackKilled$")
	cmd.Env = append(os.Environ(), killedStore+"="+dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	before := len(objects(dir))
	for len(objects(dir)) <= before {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatal(err)
			}
			return false
		case <-time.After(time.Millisecond):
		}
	}
	time.Sleep(time.Duration(rng.Int64N(int64(10 * time.Millisecond))))
	_ = cmd.Process.Kill()
	return <-ended != nil
}

// objects are the files of a store's objects.
func objects(dir string) []string {
	all, _ := filepath.Glob(filepath.Join(dir, "c", "*", "*"))
	return all
}

func compare(t *testing.T, want, got map[string][]byte) {
	t.Helper()
	for name, b := range want {
		if !bytes.Equal(b, got[name]) {
			t.Errorf("%s differs", name)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d files, %d wanted", len(got), len(want))
	}
}
