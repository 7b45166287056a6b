//go:build unix

package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"

	"github.com/creack/pty"
	"github.com/rogpeppe/go-internal/testscript"
)

// pty FILE COMMAND...: runs the command with a terminal for standard output and error and keeps what it shows.
func inTerminal(ts *testscript.TestScript, _ bool, args []string) {
	program, err := exec.LookPath(args[1])
	if err != nil {
		program = args[1]
	}
	for _, dir := range bytes.Split([]byte(ts.Getenv("PATH")), []byte{os.PathListSeparator}) {
		if path := string(dir) + "/" + args[1]; isFile(path) {
			program = path
			break
		}
	}
	cmd := exec.Command(program, args[2:]...)
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = append(os.Environ(), "TERM=xterm", "NO_COLOR="+ts.Getenv("NO_COLOR"))
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 40, Cols: 120})
	ts.Check(err)
	defer tty.Close()
	var shown bytes.Buffer
	_, _ = io.Copy(&shown, tty) // a terminal ends with an input/output error
	_ = cmd.Wait()              // its exit code is not what is asked here
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), bytes.ReplaceAll(shown.Bytes(), []byte("\r"), []byte("\n")), 0o600))
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}
