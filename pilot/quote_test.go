package pilot

import "testing"

func TestQuote(t *testing.T) {
	for in, want := range map[string]string{
		"npy:x.npy,y.npy": "npy:x.npy,y.npy", "a b": "'a b'", "x[0:3]": "'x[0:3]'", "it's": `'it'\''s'`, "": "''", "$HOME": "'$HOME'",
	} {
		if got := Quote(in); got != want {
			t.Errorf("%q: %s", in, got)
		}
	}
}
