package kernel

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Instructions that are written as words are what their comments say, by GNU's assembler where there is one
// (binutils-aarch64-linux-gnu).
func TestWordsAreWhatTheirCommentsSay(t *testing.T) {
	assembler := "aarch64-linux-gnu-as"
	if _, err := exec.LookPath(assembler); err != nil {
		t.Skip(assembler, "is not installed")
	}
	header, err := os.ReadFile("neon_arm64.h")
	if err != nil {
		t.Fatal(err)
	}
	macros := regexp.MustCompile(
		`(?m)^#define \w+\([MND, ]+\) WORD \$\((0x[0-9a-f]+)( \| \([MN]\)<<16)?( \| \(N\)<<5)? \| \(D\)\) // (.*)$`)
	operands := regexp.MustCompile(`\b[mnd]\.`)
	found := macros.FindAllStringSubmatch(string(header), -1)
	if want := strings.Count(string(header), "WORD"); len(found) != want || want == 0 {
		t.Fatalf("understood %d of %d words", len(found), want)
	}
	var source strings.Builder
	var want []byte
	const m, n, d = 11, 22, 29
	registers := map[string]string{"m": fmt.Sprint("v", m), "n": fmt.Sprint("v", n), "d": fmt.Sprint("v", d)}
	for _, f := range found {
		word, _ := strconv.ParseUint(f[1], 0, 32)
		switch f[2] {
		case " | (M)<<16":
			word |= m << 16
		case " | (N)<<16":
			word |= n << 16
		}
		if f[3] != "" {
			word |= n << 5
		}
		word |= d
		want = append(want, byte(word), byte(word>>8), byte(word>>16), byte(word>>24))
		source.WriteString(operands.ReplaceAllStringFunc(f[4], func(s string) string { return registers[s[:1]] + "." }) + "\n")
	}
	object := filepath.Join(t.TempDir(), "words.o")
	as := exec.Command(assembler, "-o", object, "-")
	as.Stdin = strings.NewReader(source.String())
	if out, err := as.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	got, err := os.ReadFile(object)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(got, want) {
		t.Errorf("the object does not contain\n%s\nfor\n%s", hex.Dump(want), source.String())
	}
}
