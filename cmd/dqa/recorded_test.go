//go:build amd64 && !amd64.v3

package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/internal/testdata"
)

const recordedFile = "testdata/recorded.txt"

// TestRecordedCommands runs the commands of testdata/recorded.txt and compares exit codes and the SHA-256 of what they
// print and write with what is recorded there: nobody's profiles, frames or results change by accident. After a change
// that is meant to alter them, write the file anew with
//
//	DQA_RECORD=1 go test -run TestRecordedCommands ./cmd/dqa
//
// with DQA_DATA there, and say in the commit what changed and why.
//
// A paragraph of the file is one folder and the commands that run in it, one after the other; [data] in its title: it
// needs DQA_DATA. Kernels are generic, so that any amd64 machine (with FMA, which math.Exp uses) gives the same digests;
// where the compiler itself fuses products and sums (arm64, GOAMD64=v3) the engine's results differ in their last bits.
func TestRecordedCommands(t *testing.T) {
	want, err := os.ReadFile(recordedFile)
	if err != nil {
		t.Fatal(err)
	}
	paragraphs := strings.Split(strings.TrimSpace(string(want)), "\n\n")
	t.Run("all", func(t *testing.T) {
		for i, paragraph := range paragraphs {
			title, _, _ := strings.Cut(strings.TrimPrefix(paragraph, "# "), "\n")
			t.Run(title, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				if strings.Contains(title, "[data]") {
					linkData(t, dir)
				}
				got := replay(t, dir, paragraph)
				if os.Getenv("DQA_RECORD") != "" {
					paragraphs[i] = got
				} else if got != paragraph {
					t.Errorf("recorded:\n%s\nnow:\n%s", paragraph, got)
				}
			})
		}
	})
	if os.Getenv("DQA_RECORD") != "" && !t.Failed() {
		if err := os.WriteFile(recordedFile, []byte(strings.Join(paragraphs, "\n\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// linkData gives the network and the data of DQA_DATA names that profiles may hold on every machine.
func linkData(t *testing.T, dir string) {
	t.Helper()
	preprocess, err := filepath.Abs("../../testdata/preprocess/resnet8_mlperftiny_cifar10.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"resnet8.onnx": testdata.Shared(t, "models", "resnet8_mlperftiny_cifar10.onnx"),
		"calib.bin":    testdata.Shared(t, "datasets", "cifar10", "calib.bin"),
		"resnet8.yaml": preprocess,
	} {
		if path, err = filepath.Abs(path); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
}

// replay runs a paragraph's commands and returns the paragraph as it would be recorded now.
func replay(t *testing.T, dir, paragraph string) string {
	t.Helper()
	var now []string
	files := map[string]string{}
	for line := range strings.Lines(paragraph) {
		line = strings.TrimSuffix(line, "\n")
		command, ok := strings.CutPrefix(line, "$ ")
		switch {
		case ok:
			now = append(append(now, line), runIn(t, dir, strings.Fields(command))...)
			now = append(now, newFiles(t, dir, files)...)
		case strings.HasPrefix(line, "#"):
			now = append(now, line)
		}
	}
	return strings.Join(now, "\n")
}

func runIn(t *testing.T, dir string, args []string) []string {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), asCommand+"=1", "DQA_ISA=generic", "NO_COLOR=1")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	if stderr.Len() > 0 {
		t.Log(stderr.String())
	}
	return []string{
		fmt.Sprintf("exit %d", cmd.ProcessState.ExitCode()),
		fmt.Sprintf("%x stdout", sha256.Sum256(stdout.Bytes())),
		fmt.Sprintf("%x stderr", sha256.Sum256(stderr.Bytes())),
	}
}

// newFiles digests what lies in dir, but for links, and is not yet in known as it is.
func newFiles(t *testing.T, dir string, known map[string]string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if sum := fmt.Sprintf("%x", sha256.Sum256(b)); known[name] != sum {
			known[name] = sum
			list = append(list, sum+" "+filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}
