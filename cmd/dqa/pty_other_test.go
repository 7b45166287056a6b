//go:build !unix

package main

import "github.com/rogpeppe/go-internal/testscript"

// pty is for systems that have them.
func inTerminal(ts *testscript.TestScript, _ bool, _ []string) { ts.Fatalf("no terminals here") }
