//go:build !device

package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"
)

// code N PROGRAM ARGS...: the program ends with exit code N.
func checkCode(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	if err != nil || neg || len(args) < 2 {
		ts.Fatalf("usage: code N PROGRAM ARGS...")
	}
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	switch {
	case err == nil && want == 0:
	case !errors.As(err, &exit):
		ts.Fatalf("exit code %d wanted: %v", want, err)
	case exit.ExitCode() != want:
		ts.Fatalf("exit code %d, %d wanted", exit.ExitCode(), want)
	}
}

// join FILE DIR: the frames of the folder one behind the other, in the order of their names.
func joinFrames(ts *testscript.TestScript, _ bool, args []string) {
	files, err := filepath.Glob(filepath.Join(ts.MkAbs(args[1]), "*.dqaf"))
	ts.Check(err)
	var all []byte
	for _, f := range files {
		b, err := os.ReadFile(f)
		ts.Check(err)
		all = append(all, b...)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), all, 0o666))
}
