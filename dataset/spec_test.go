package dataset

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseSpec(t *testing.T) {
	for text, want := range map[string]spec{
		`dir:photos`:               {scheme: "dir", parts: []string{"photos"}, to: -1},
		`dir:C:/photos`:            {scheme: "dir", parts: []string{"C:/photos"}, to: -1},
		`npy:x.npy,y.npy`:          {scheme: "npy", parts: []string{"x.npy", "y.npy"}, to: -1},
		`npy:x.npy,y.npy[2:7]`:     {scheme: "npy", parts: []string{"x.npy", "y.npy"}, sliced: true, from: 2, to: 7},
		`demo:classify[:10]`:       {scheme: "demo", parts: []string{"classify"}, sliced: true, to: 10},
		`npy:x.npy[1:9:3]`:         {scheme: "npy", parts: []string{"x.npy"}, sliced: true, from: 1, to: 9, step: 3},
		`dir:a[::2]`:               {scheme: "dir", parts: []string{"a"}, sliced: true, to: -1, step: 2},
		`dir:a[3:]`:                {scheme: "dir", parts: []string{"a"}, sliced: true, from: 3, to: -1},
		`dir:a[:]`:                 {scheme: "dir", parts: []string{"a"}, sliced: true, to: -1},
		`dir:a]b`:                  {scheme: "dir", parts: []string{"a]b"}, to: -1},
		`dir:a\,b\[1:2]\\c[0:1]`:   {scheme: "dir", parts: []string{`a,b[1:2]\c`}, sliced: true, to: 1},
		`masks:in\,put,out\,put`:   {scheme: "masks", parts: []string{"in,put", "out,put"}, to: -1},
		`dir:ü ber`:                {scheme: "dir", parts: []string{"ü ber"}, to: -1},
		`dir:a[2147483647:]`:       {scheme: "dir", parts: []string{"a"}, sliced: true, from: 1<<31 - 1, to: -1},
		`x:a,b,c`:                  {scheme: "x", parts: []string{"a", "b", "c"}, to: -1},
		`images:d/l.tsv[0004:005]`: {scheme: "images", parts: []string{"d/l.tsv"}, sliced: true, from: 4, to: 5},
	} {
		got, err := parseSpec(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if d := cmp.Diff(want, got, cmp.AllowUnexported(spec{})); d != "" {
			t.Errorf("%s: %s", text, d)
		}
		roundTrip(t, got)
	}
}

func roundTrip(t *testing.T, s spec) {
	t.Helper()
	again, err := parseSpec(s.String())
	if d := cmp.Diff(s, again, cmp.AllowUnexported(spec{})); err != nil || d != "" {
		t.Errorf("%q does not give itself: %v %s", s.String(), err, d)
	}
}

func TestParseSpecRefuses(t *testing.T) {
	for text, why := range map[string]string{
		``:                   "no scheme",
		`photos`:             "no scheme",
		`:photos`:            "no scheme",
		`dir:`:               "empty",
		`npy:a,`:             "empty",
		`npy:,a`:             "empty",
		`dir:[1:2]`:          "empty",
		`dir:a[1:2`:          "no slice",
		`dir:a[1:2]b`:        `write \[`,
		`dir:a[1]`:           "no colon",
		`dir:a[-1:]`:         "not a number",
		`dir:a[1:2:0]`:       "step of 0",
		`dir:a[1:2:3:4]`:     "not a number", // 3:4
		`dir:a[1:x]`:         "not a number",
		`dir:a[4:3]`:         "ends before",
		`dir:a[:2147483648]`: "not a number",
		`dir:a\b`:            `write \\`,
		`dir:a\`:             `write \\`,
	} {
		_, err := parseSpec(text)
		if !errors.Is(err, ErrSpec) || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v, want one about %q", text, err, why)
		}
	}
}

func FuzzParseSpec(f *testing.F) {
	for _, s := range []string{`dir:a\,b\[1:2]\\c[0:1]`, `npy:x,y[2:]`, `dir:a[`, `a:b\`, `demo:classify[:10]`, `x:]`, `masks:ü,[:]`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseSpec(text)
		if err != nil {
			if !errors.Is(err, ErrSpec) {
				t.Errorf("%q: %v wraps no ErrSpec", text, err)
			}
			return
		}
		roundTrip(t, s)
	})
}
