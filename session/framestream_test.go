package session_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
)

// someFrames are those of two images, joined, and each alone.
func someFrames(t testing.TB) (all []byte, each [][]byte) {
	t.Helper()
	net, err := session.Open("demo:classify", session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	data, err := net.Data("demo:classify[0:2]")
	if err != nil {
		t.Fatal(err)
	}
	v, err := session.ParseVariant("dqa:energy", session.Variant{Setting: profile.Setting{Bits: 3, ExtraBits: 3, Ratio: .5}})
	if err != nil {
		t.Fatal(err)
	}
	made, err := net.Calibrate(context.Background(), data, v, session.CalibrateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	q, err := net.Bind(made.Profile)
	if err != nil {
		t.Fatal(err)
	}
	err = q.EncodeAll(context.Background(), data, session.EncodeOptions{}, func(e session.Encoded) error {
		each = append(each, e.Frame)
		all = append(all, e.Frame...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all, each
}

func TestFramesFrom(t *testing.T) {
	all, each := someFrames(t)
	frames := session.FramesFrom(bytes.NewReader(all), 1<<20)
	for i, want := range each {
		name, got, err := frames.Next()
		if err != nil || !bytes.Equal(got, want) || name != string(rune('0'+i)) {
			t.Fatalf("frame %d: %q, %d bytes, %v", i, name, len(got), err)
		}
	}
	if _, _, err := frames.Next(); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
	for n := 1; n < len(each[0]); n += 97 {
		if _, _, err := session.FramesFrom(bytes.NewReader(all[:n]), 1<<20).Next(); !errors.Is(err, dqa.ErrTruncated) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
	if _, _, err := session.FramesFrom(bytes.NewReader(all), 100).Next(); !errors.Is(err, file.ErrTooLong) {
		t.Errorf("too long: %v", err)
	}
	if _, _, err := session.FramesFrom(bytes.NewReader(all[1:]), 1<<20).Next(); !errors.Is(err, dqa.ErrMagic) {
		t.Errorf("no frame: %v", err)
	}
}

func FuzzFramesFrom(f *testing.F) {
	all, each := someFrames(f)
	f.Add(all)
	f.Add(each[0][:60])
	f.Fuzz(func(t *testing.T, b []byte) {
		frames, n := session.FramesFrom(bytes.NewReader(b), 1<<20), 0
		for {
			_, frame, err := frames.Next()
			if err != nil {
				break
			}
			if n += len(frame); n > len(b) {
				t.Fatalf("%d bytes of %d", n, len(b))
			}
		}
	})
}
